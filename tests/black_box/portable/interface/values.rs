//! Values of options, and what is no option at all.
//!
//! Rows: none.

use super::usage;
use crate::common::Scene;

#[test]
fn a_mode_is_octal_and_has_at_most_four_digits_worth() {
    for bad in ["", "8", "0o644", "10000", "u+x", "-1", "+644", " 644", "0x1ff", "777777777777"] {
        usage(&[&format!("--mode={bad}"), "f"], "an octal number from 0 to 7777 is expected");
    }
    for (mode, bits) in [("0644", 0o644), ("600", 0o600), ("0", 0), ("00000755", 0o755), ("4711", 0o4711)] {
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
