//! Values of options, and what is no option at all.
//!
//! Rows: 47.

use crate::common::{Scene, stderr};

/// Row 47: whatever it was that was typed, a terminal has nothing to obey.
#[test]
fn what_was_typed_wrongly_is_printed_safely() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let wrong: [&[&[u8]]; 8] = [
        &[b"f", b"--bad\x1b[31m\n\x07"],
        &[b"f", b"-\x1b"],
        &[b"-m", b"\x1b[31m\n", b"f"],
        &[b"--sync", b"\x1b[31m\n", b"f"],
        &[b"--checksum", b"\x1b[31m\n", b"f"],
        &[b"f", b"\x1b[31m\n"],
        &[b"-b", b"--backup=\x1b[31m\n", b"f"],
        &[b"f", b"--bad\xff\xc2\x9b"],
    ];
    for args in wrong {
        let scene = Scene::new();
        let output = scene.cmd().args(args.iter().map(|arg| OsStr::from_bytes(arg))).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let text = stderr(&output);
        assert!(!text.chars().any(|letter| letter.is_control() && letter != '\n'), "{text:?}");
        for line in text.lines().take(1) {
            assert!(line.contains("\\x1b") || line.contains("--bad"), "{text:?}");
            assert!(!line.ends_with("[31m"), "a newline came through: {text:?}");
        }
    }
}

#[test]
fn a_word_that_is_not_utf8_is_an_error() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    for option in ["-m", "--sync", "--checksum", "--lock-timeout"] {
        let scene = Scene::new();
        scene.cmd().arg(option).arg(OsStr::from_bytes(b"\xff")).arg("f").assert().code(2).stdout("");
        assert_eq!(scene.names().len(), 0);
    }
}
