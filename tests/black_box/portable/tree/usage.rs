//! What `--tree` needs, and what it excludes.
//!
//! Rows: 100.

use super::{done, fails, tree, with_tree};
use crate::common::needs::needs;

const SHA256: &str = "sha256:11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437";

#[track_caller]
fn usage(args: &[&str], says: &str) {
    let scene = with_tree();
    let output = scene.cmd().args(args).write_stdin("x").output().unwrap();
    fails(&scene, &output, 2, says);
}

#[test]
fn a_tree_comes_from_a_directory_or_a_command_that_makes_it() {
    let says = "--tree needs a directory: --from SOURCE, or -I {} with a command that makes it";
    usage(&["--tree", "d"], says);
    usage(&["--tree", "--from", "-", "d"], says);
    usage(&["--tree", "d", "--", "true"], says);
    usage(&["--tree", "--edit", "d", "--", "true"], says);
    usage(&["--tree", "--edit", "d"], "");
    usage(&["--tree", "-I", "{}", "d"], "--placeholder needs a command");
    usage(&["--tree", "-I", "{}", "d", "--", "true"], "no argument of COMMAND contains {}");
    usage(&["--tree", "-I", "{}", "--from", "src", "d", "--", "true", "{}"], "not from both");
}

#[test]
fn what_is_of_files_is_excluded() {
    let of_a_command =
        |options: &[&'static str]| [&["--tree", "-I", "{}"], options, &["d", "--", "true", "{}"]].concat();
    let of_a_source = |options: &[&'static str]| [&["--tree", "--from", "src"], options, &["d"]].concat();
    for (options, says) in [
        (&["--append"][..], "--append"),
        (&["--checksum", SHA256], "--checksum is of a file"),
        (&["--if-match", SHA256], "--if-match is of a file"),
        (&["--allow-in-place"], "--allow-in-place overwrites a file"),
    ] {
        usage(&of_a_command(options), says);
        usage(&of_a_source(options), says);
    }
}

#[test]
fn target_may_end_in_slashes() {
    needs!(exchange);
    for target in ["d/", "d///", "./d/", "d/."] {
        let scene = with_tree();
        done(&scene, &[target], &super::NEW);
        assert_eq!((tree(&scene, "d"), scene.names()), (vec!["f = new".to_owned()], vec!["d".to_owned()]), "{target}");
    }
}

#[test]
fn a_new_target_may_end_in_slashes() {
    for target in ["new/", "new//"] {
        let scene = with_tree();
        done(&scene, &[target], &super::NEW);
        assert_eq!(
            (tree(&scene, "new"), scene.names()),
            (vec!["f = new".to_owned()], vec!["d".to_owned(), "new".to_owned()])
        );
    }
}

#[test]
fn without_the_option_a_directory_is_refused() {
    let scene = with_tree();
    let output = scene.cmd().arg("d").write_stdin("new").output().unwrap();
    fails(&scene, &output, 1, "d: replace: is a directory (unchanged)\n");
}
