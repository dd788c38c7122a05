//! What is refused before anything is done: usage errors, and two SOURCEs of one name.
//!
//! Rows: 108.

use super::{found, said, says, with_files};
use crate::common::Scene;

const SHA256: &str = "sha256:11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437";

/// Status 2 and these words, and nothing is done.
#[track_caller]
fn usage(args: &[&str], words: &str) {
    let scene = with_files();
    let output = scene.cmd().args(args).write_stdin("src/a").output().unwrap();
    let text = said(&output);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{args:?}: {text}");
    assert!(text.starts_with("atomic-write: ") && text.contains(words), "{args:?}: {text}");
    assert_eq!(scene.names(), ["d", "src"], "{args:?}");
    assert_eq!(found(&scene), ["a = old a", "b = old b"], "{args:?}");
}

#[test]
fn one_directory_and_some_sources_are_needed() {
    usage(&["-t", "d"], "SOURCE is missing: atomic-write -t DIR SOURCE...");
    usage(&["-t", "d", "--"], "SOURCE is missing: atomic-write -t DIR SOURCE...");
    usage(&["-t", "", "src/a"], "--target-directory: DIR is an empty word");
    usage(&["-t", "d", "-t", "d", "src/a"], "--target-directory is given more than once");
    usage(&["-t", "d", "--target-directory=x", "src/a"], "--target-directory is given more than once");
    usage(&["--files0-from=-"], "--files0-from needs -t DIR");
    usage(&["--files0-from=-", "f"], "--files0-from needs -t DIR");
    let both = "SOURCE operands or come from --files0-from, not both";
    usage(&["-t", "d", "--files0-from=-", "src/a"], both);
    usage(&["-t", "d", "--files0-from=-", "--", "src/a"], both);
}

#[test]
fn what_is_of_one_target_is_excluded() {
    let rest: [(&[&str], &str); 12] = [
        (&["--shell", "cat"], "-t copies files, and --shell runs a command"),
        (&["--from", "x"], "with -t the operands are the SOURCEs, and --from is for a single TARGET"),
        (&["--edit"], "--edit needs a command, and -t copies files"),
        (&["-I", "{}"], "--placeholder needs a command"),
        (&["--tree"], "-t replaces files one by one, and --tree a directory as a whole"),
        (&["--checksum", SHA256], "--checksum is of one content: with -t it needs a single SOURCE operand"),
        (&["--if-match", SHA256], "--if-match is of one content: with -t it needs a single SOURCE operand"),
        (&["--allow-empty"], "--allow-empty is for COMMAND"),
        (&["--create"], "--create is for --edit"),
        (&["--success-status", "1"], "--success-status is of COMMAND"),
        (&["-n", "-C"], "--if-changed compares with an existing TARGET"),
        (&["--lock", "--no-lock"], "--no-lock and --lock or --lock-timeout contradict each other"),
    ];
    for (options, words) in rest {
        usage(&[&["-t", "d", "src/a", "src/b"], options].concat(), words);
        usage(&[options, &["-t", "d", "--", "src/a", "src/b"]].concat(), words);
    }
    usage(&["-t", "d", "--files0-from=-", "--checksum", SHA256], "--checksum is of one content");
}

#[test]
fn a_source_has_a_last_component() {
    usage(&["-t", "d", "src/a", ""], "names: '': the name is empty");
    usage(&["-t", "d", "src/a", "-"], "names: -, standard input, has no name (unchanged)\nhint: ");
    usage(&["-t", "d", "src/a", "src/"], "names: src/: ends in a slash");
    usage(&["-t", "d", "src/a", "."], "names: .: names a directory");
    usage(&["-t", "d", "src/a", "src/.."], "names: src/..: names a directory");
    usage(&["-t", "d", "--", "src/a", "/"], "names: /: ");
}

#[test]
fn two_sources_of_one_name_are_refused_at_once() {
    usage(&["-t", "d", "src/a", "src/a"], "names: src/a and src/a have the same name");
    usage(&["-t", "d", "src/b", "d/a", "src/c", "./src/a"], "names: d/a and ./src/a have the same name");
    // Neither has to exist.
    usage(&["-t", "d", "src/a", "missing/a"], "names: src/a and missing/a have the same name");
    usage(&["-t", "x", "-D", "src/a", "missing/a"], "names: src/a and missing/a have the same name");
}

#[test]
fn many_names_are_compared_all_with_all() {
    let scene = Scene::new();
    scene.mkdir("d");
    let mut names: Vec<String> = (0..400).map(|number| format!("x/{number}")).collect();
    names.push("y/7".to_owned());
    let output = scene.cmd().args(["-t", "d"]).args(names).output().unwrap();
    says(&output, 2, "", "atomic-write: d: names: x/7 and y/7 have the same name (unchanged)\n");
    assert_eq!(found(&scene), [""; 0]);
}
