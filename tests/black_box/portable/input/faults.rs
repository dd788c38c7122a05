//! Read errors are errors, not the end of the input.
//!
//! Rows: 4.

use std::fs::File;
use std::process::Stdio;

use crate::common::{Scene, skip, stderr};

/// Runs the program on an existing `f` with this standard input; it must fail, with these words.
pub fn fails(args: &[&str], stdin: impl Into<Stdio>, words: &str) {
    let scene = Scene::with_old();
    let inode = scene.inode("f");
    let output = scene.process().args(args).stdin(stdin).output().unwrap();
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains(words) && text.contains("(unchanged)"), "{text}");
    assert_eq!((scene.text("f").as_str(), scene.inode("f"), scene.names().len()), ("old", inode, 1));
}

#[test]
fn a_directory_as_standard_input() {
    for args in [&["f"][..], &["f", "--from", "-"]] {
        let Ok(directory) = File::open("/") else {
            return skip("a directory cannot be opened");
        };
        fails(args, directory, "f: read: standard input: ");
    }
}

#[test]
fn a_standard_input_that_is_open_for_writing_only() {
    let (_reader, writer) = std::io::pipe().unwrap();
    fails(&["f"], writer, "f: read: standard input: ");
    let file = tempfile::NamedTempFile::new().unwrap();
    fails(&["f"], File::create(file.path()).unwrap(), "f: read: standard input: ");
}
