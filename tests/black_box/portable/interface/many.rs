//! What `-t` is mistaken for, and what it says then.
//!
//! Rows: none.

use super::usage;
use crate::common::{Scene, names_in, stderr};

const COPY: &str = "hint: to copy files into a directory: atomic-write -t DIR SOURCE...\n";

#[test]
fn files_before_a_directory_are_answered_by_both_meanings() {
    for args in [&["src", "directory"][..], &["src", "other", "directory"]] {
        let text = usage(args, "hint: to run a command, put -- before it: ");
        assert!(text.contains(COPY), "{text}");
    }
    // These are no names of files.
    for args in [&["-e", "f", "sort"][..], &["f", "sort", "-u"], &["f", "sort", "--", "x"]] {
        assert!(!usage(args, "unexpected argument").contains(COPY), "{args:?}");
    }
}

#[test]
fn what_needs_a_command_is_refused_by_the_mode_itself() {
    let (placeholder, shell) = ("--placeholder needs a command, and -t copies files", "--shell runs a command");
    usage(&["-t", ".", "-I", "{}", "src"], placeholder);
    usage(&["-t", ".", "-I", "{}", "src", "--", "cp", "src", "{}"], placeholder);
    usage(&["-t", ".", "--shell", "true", "src"], shell);
}

#[test]
fn a_second_directory_is_refused() {
    usage(
        &["-t", ".", "-t", "d", "src"],
        "--target-directory is given more than once, and all SOURCEs go to one DIR\n",
    );
}

/// The status and what is said of `words`.
fn run(scene: &Scene, words: &[&str], stdin: &str) -> (Option<i32>, String) {
    let output = scene.cmd().args(words).write_stdin(stdin).output().unwrap();
    (output.status.code(), stderr(&output))
}

#[test]
fn a_list_of_lines_is_refused_with_the_way_out() {
    let scene = Scene::new();
    scene.mkdir("d");
    scene.write("one", "1");
    let (status, text) = run(&scene, &["-t", "d", "--files0-from=-"], "one\n");
    let said = "atomic-write: d: names: each is ended by a line feed, not by a zero byte (unchanged)\n\
                hint: find -print0 ends names by zero bytes, and tr '\\n' '\\0' makes them of line feeds\n";
    assert_eq!((status, text.as_str()), (Some(2), said));
    assert_eq!(names_in(&scene.path("d")), [""; 0]);
    // What `tr` then makes of it, and a list without a last zero byte.
    for list in ["one\0", "one"] {
        assert_eq!(run(&scene, &["-t", "d", "--files0-from=-"], list), (Some(0), String::new()));
        assert_eq!(scene.text("d/one"), "1");
    }
}

#[test]
fn a_directory_as_source_is_answered_by_the_line_for_trees() {
    let scene = Scene::new();
    for directory in ["d", "new", "old", "d/old", "file"] {
        scene.mkdir(directory);
    }
    scene.write("new/inner", "new");
    scene.write("old/inner", "new");
    scene.write("d/file", "a file");
    for name in ["new", "old"] {
        let (status, text) = run(&scene, &["-t", "d", name], "");
        let hint = format!("hint: a directory is replaced as a whole: atomic-write --tree --from {name} ");
        assert!(status == Some(1) && text.contains(&hint), "{status:?} {text}");
    }
    // A tree does not replace a file.
    let (status, text) = run(&scene, &["-t", "d", "file"], "");
    assert!(status == Some(1) && !text.contains("hint: "), "{status:?} {text}");
}
