//! Values of options, and what is no option at all.
//!
//! Rows: 47.

use super::usage;
use crate::common::needs::needs;
use crate::common::system::argument;
use crate::common::{Scene, stderr};

#[test]
fn a_mode_is_octal_or_changes_it_as_chmod_does() {
    for bad in ["", "8", "0o644", "10000", "u+q", "u=644", "+8", " 644", "0x1ff", "777777777777"] {
        usage(
            &[&format!("--mode={bad}"), "f"],
            "an octal number from 0 to 7777, or changes such as u=rw,go=r or +x, are expected",
        );
    }
    needs!(permissions);
    for (mode, bits) in
        [("0644", 0o644), ("600", 0o600), ("0", 0), ("00000755", 0o755), ("4711", 0o4711), ("u=rw,go=", 0o600)]
    {
        let scene = Scene::new();
        scene.cmd().args(["-m", mode, "f"]).write_stdin("new").assert().success().stderr("");
        assert_eq!(scene.mode("f"), bits);
    }
}

#[test]
fn lock_timeout_is_a_number_of_seconds() {
    for bad in ["", "-1", "soon", "inf", "NaN", "1s"] {
        usage(&[&format!("--lock-timeout={bad}"), "f"], "");
    }
    for good in ["0", "0.5", "10"] {
        let scene = Scene::new();
        scene.cmd().args(["--lock-timeout", good, "f"]).write_stdin("new").assert().success().stderr("");
    }
}

#[test]
fn a_digest_is_algorithm_colon_digits() {
    let short = format!("sha256:{}", "0".repeat(63));
    let not_hex = format!("sha256:{}", "g".repeat(64));
    let wrong_length = format!("sha512:{}", "0".repeat(64));
    for bad in ["", "sha256", "sha256:", ":00", "md5:d41d8cd98f00b204e9800998ecf8427e", &short, &not_hex, &wrong_length]
    {
        for option in ["--checksum", "--if-match"] {
            usage(&[option, bad, "f"], option);
        }
    }
}

#[test]
fn sync_takes_one_of_three_words() {
    usage(&["--sync", "some", "f"], "full, file, none");
    for good in ["full", "file", "none"] {
        let scene = Scene::new();
        scene.cmd().args(["--sync", good, "f"]).write_stdin("new").assert().success().stderr("");
    }
}

#[test]
fn an_unknown_option_is_an_error() {
    usage(&["--bogus", "f"], "--bogus");
    usage(&["-Z", "f"], "-Z");
    assert!(usage(&["--parent", "f"], "--parent").contains("--parents"));
    usage(&["--force=yes", "f"], "--force");
    usage(&["f", "--from"], "--from");
}

/// Row 47: whatever it was that was typed, a terminal has nothing to obey.
#[test]
fn what_was_typed_wrongly_is_printed_safely() {
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
        let Some(args) = args.iter().map(|arg| argument(arg)).collect::<Option<Vec<_>>>() else { continue };
        let output = scene.cmd().args(args).output().unwrap();
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
    let Some(word) = argument(b"\xff") else { return };
    for option in ["-m", "--sync", "--checksum", "--lock-timeout"] {
        let scene = Scene::new();
        scene.cmd().arg(option).arg(&word).arg("f").assert().code(2).stdout("");
        assert_eq!(scene.names().len(), 0);
    }
}

/// Of the words that `--sync` knows, one is the usual one.
#[test]
fn another_word_for_sync_is_a_usage_error() {
    for word in ["", "all", "Full", "data"] {
        let scene = Scene::with_old();
        scene.cmd().arg(format!("--sync={word}")).arg("f").write_stdin("new").assert().code(2);
        assert_eq!(scene.text("f"), "old");
    }
}
