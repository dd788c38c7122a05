//! Slips of the keyboard: what is advised is one line that begins with `hint:`, and it works.
//!
//! Rows: none.

use super::usage;
use crate::common::{Scene, stderr};

/// The line that is advised.
#[track_caller]
fn advised(words: &[&str]) -> String {
    let text = usage(words, "unexpected argument");
    let hint = text.lines().find_map(|line| line.strip_prefix("hint: to run a command, put -- before it: "));
    hint.unwrap_or_else(|| panic!("{text}")).to_owned()
}

#[test]
fn a_forgotten_separator_is_put_where_it_belongs() {
    for (words, line) in [
        (&["f", "sort"][..], "atomic-write f -- sort"),
        (&["-e", "f", "sort"], "atomic-write -e f -- sort"),
        // Options of the command that are ours as well, or are not, or lack their value.
        (&["f", "grep", "-v", "x"], "atomic-write f -- grep -v x"),
        (&["-e", "f", "sort", "-r"], "atomic-write -e f -- sort -r"),
        (&["-e", "f", "sort", "-k2"], "atomic-write -e f -- sort -k2"),
        (&["f", "-e", "sed", "-n", "p"], "atomic-write f -e -- sed -n p"),
        (&["f", "tool", "--mode=x", "--from"], "atomic-write f -- tool --mode=x --from"),
        // A value that is called like TARGET or the command.
        (&["--suffix", "f", "f", "sort"], "atomic-write --suffix f f -- sort"),
        (&["--suffix", "sort", "f", "sort"], "atomic-write --suffix sort f -- sort"),
    ] {
        assert_eq!(advised(words), line, "{words:?}");
    }
}

#[test]
fn the_advised_line_is_quoted_for_the_shell() {
    let line = advised(&["-e", "a b", "awk", "{print $1}", "it's", "", "*"]);
    assert_eq!(line, r"atomic-write -e 'a b' -- awk '{print $1}' 'it'\''s' '' '*'");
    assert_eq!(advised(&["f", "printf", "a\nb"]), r"atomic-write f -- printf $'a\nb'");
}

#[test]
fn a_misspelt_option_is_answered_by_the_one_that_was_meant() {
    let text = usage(&["--edti", "f"], "unexpected argument '--edti'\nhint: did you mean '--edit'?\n");
    assert!(!text.contains("tip:"), "{text}");
    usage(&["--sync=ful", "f"], "(choose from full, file, none)\nhint: did you mean 'full'?\n");
    for words in
        [&["-Z", "f"][..], &["--zzz", "f"], &["f", "-5"], &["--sync=x", "f"], &["--mode=x", "f"], &["--lock=1", "f"]]
    {
        let output = Scene::new().cmd().args(words).output().unwrap();
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(!text.contains("tip:") && !text.contains("hint:"), "{text}");
    }
}

#[test]
fn with_many_files_a_second_operand_is_no_slip() {
    for options in ["-t", "-ft", "-vt"] {
        let text = usage(&[options, "d", "s/a", "s/b", "--bogus"], "unexpected argument '--bogus'\n");
        assert!(!text.contains("hint:"), "{text}");
    }
}

#[test]
fn a_suffix_of_backups_is_told_its_option() {
    usage(&["--backup=.b k", "f"], "simple, never)\nhint: to set the suffix of backups: --suffix='.b k'\n");
    assert!(!usage(&["--backup=bak", "f"], "invalid CONTROL 'bak'").contains("hint:"));
}

/// The synopsis is for who has given nothing; it would hide what is wrong with something.
#[test]
fn an_error_is_its_message_and_where_to_read_more() {
    for words in [&["--zzz", "f"][..], &["f", "-m"], &["--sync=x", "f"], &["--edit", "f"], &["-t"], &["f", "--mode=9"]]
    {
        let text = usage(words, "\n\nFor more information, try '--help'.\n");
        assert_eq!(text.lines().count(), 3, "{text}");
    }
    assert!(usage(&[], "TARGET is missing\n\nUsage: ").ends_with("\n\nFor more information, try '--help'.\n"));
}

#[test]
fn what_is_misspelt_is_shown_escaped() {
    usage(&["--edit\u{1b}[m", "f"], r"unexpected argument '$'--edit\x1b[m''");
}
