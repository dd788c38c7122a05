//! `--help` and `--version`.
//!
//! Rows: none.

use crate::common::{Scene, stderr, stdout};

/// What the program prints, with success and nothing on standard error.
fn printed(args: &[&str]) -> String {
    let scene = Scene::new();
    let output = scene.cmd().args(args).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!((stderr(&output).as_str(), scene.names().len()), ("", 0));
    stdout(&output)
}

/// A line for each option, so that the whole can be skimmed.
#[test]
fn short_help_is_a_line_for_each_option() {
    let help = printed(&["-h"]);
    assert!(help.lines().count() <= 72, "{} lines", help.lines().count());
    let mut lines = help.lines().skip_while(|line| *line != "Content:").take_while(|line| !line.starts_with("A pipe"));
    let is_option = |line: &str| line.trim_start().starts_with('-');
    let other = |line: &&str| !line.is_empty() && line.starts_with(' ') && !is_option(line);
    // The values of --sync.
    assert_eq!(lines.clone().filter(other).count(), 1, "{help}");
    assert!(lines.all(|line| !is_option(line) || line.trim_start().contains("  ")), "{help}");
}

#[test]
fn no_line_of_help_is_wider_than_a_terminal() {
    for help in [printed(&["-h"]), printed(&["--help"])] {
        for line in help.lines() {
            assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
        }
    }
}

#[test]
fn both_helps_explain_the_values_of_sync_at_the_option() {
    for help in [printed(&["-h"]), printed(&["--help"])] {
        let option = help.split("--sync <WHAT>").nth(1).unwrap();
        let option = option.split("\n\nMessages").next().unwrap();
        for value in ["full: ", "file: ", "none: "] {
            assert!(option.contains(value), "{value}: {option}");
        }
    }
}

#[test]
fn both_helps_name_every_option_and_the_statuses() {
    const OPTIONS: &str = "--from --target-directory --files0-from --edit --create --shell --placeholder --tree --append --allow-empty --non-empty --checksum --validate --no-clobber --if-match \
        --if-changed --success-status --backup --suffix --lock --no-lock --lock-timeout --mode --owner --group --preserve-timestamps --force --no-dereference --parents --allow-in-place --in-place \
        --sync --dry-run --progress --report --verbose --quiet --help --version";
    for help in [printed(&["-h"]), printed(&["--help"])] {
        for option in OPTIONS.split_whitespace() {
            assert!(help.contains(option), "{option}:\n{help}");
        }
        for short in "teIanCbSmfPDvqhV".chars() {
            assert!(help.contains(&format!("\n  -{short}")), "-{short}:\n{help}");
        }
        for words in [
            "--from SOURCE TARGET",
            "TARGET -- COMMAND",
            "--edit TARGET -- COMMAND",
            "-I {} TARGET -- COMMAND",
            "--tree --from DIR TARGET",
            "-t DIR SOURCE...",
            "xit status",
            "125",
        ] {
            assert!(help.contains(words), "{words}:\n{help}");
        }
    }
}

#[test]
fn options_are_grouped_by_what_they_are_for() {
    for help in [printed(&["-h"]), printed(&["--help"])] {
        let positions = ["Content:", "Guards:", "Backup and lock:", "New file:", "Messages:"]
            .map(|heading| help.find(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("{heading}:\n{help}")));
        assert!(positions.is_sorted(), "{help}");
    }
}

#[test]
fn version_is_one_line() {
    let expected = format!("atomic-write {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!([printed(&["-V"]), printed(&["--version"])], [expected.clone(), expected]);
}

#[test]
fn help_wins_over_the_work_and_after_dashes_is_a_name() {
    assert!(printed(&["f", "--help"]).contains("Usage:"));
    let scene = Scene::new();
    scene.cmd().args(["--", "--version"]).write_stdin("new").assert().success().stdout("");
    assert_eq!(scene.text("--version"), "new");
}
