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

#[test]
fn short_help_fits_on_two_screens() {
    let help = printed(&["-h"]);
    assert!(help.lines().count() <= 60, "{} lines", help.lines().count());
    for line in help.lines() {
        assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
    }
}

#[test]
fn both_helps_name_every_option_and_the_statuses() {
    const OPTIONS: &str = "--from --edit --placeholder --shell --tree --create --append --allow-empty --success-status --non-empty --checksum --validate --no-clobber --if-match \
        --if-changed --backup --suffix --lock --no-lock --lock-timeout --mode --force --no-dereference --parents --allow-in-place \
        --sync --dry-run --report --verbose --quiet --help --version";
    for help in [printed(&["-h"]), printed(&["--help"])] {
        for option in OPTIONS.split_whitespace() {
            assert!(help.contains(option), "{option}:\n{help}");
        }
        for short in "eIanCbSmfPDvqhV".chars() {
            assert!(help.contains(&format!("\n  -{short}")), "-{short}:\n{help}");
        }
        for words in [
            "--from SOURCE TARGET",
            "TARGET -- COMMAND",
            "--edit TARGET -- COMMAND",
            "-I {} TARGET -- COMMAND",
            "--tree --from DIR TARGET",
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
        let positions = ["Content:", "Guards:", "Old file:", "New file:", "Messages:"]
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
