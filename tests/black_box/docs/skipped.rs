//! Tests that lack something are counted, and that is told at the end.

use std::process::Command;

use crate::common::needs::needs;
use crate::common::stdout;

/// Needs strace(1).
const TEST: &str = "linux::stage::an_unnamed_one_can_be_linked";
const TOLD: &str = "skipped: 1 of the tests did nothing, or a part only: 1 needs strace";

/// The last line of the test program that runs `TEST` where there are these programs.
fn last_line(path: &str, option: &str) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", option, TEST]).env("PATH", path).env_remove("ATOMIC_WRITE_TEST_NO_SKIP");
    let output = command.output().unwrap();
    let said = stdout(&output);
    assert!(output.status.success() && said.contains("test result: ok. 1 passed; 0 failed"), "{said}");
    said.lines().next_back().unwrap().to_owned()
}

#[test]
fn a_summary_of_what_was_skipped_is_the_last_line() {
    for option in ["--test-threads=1", "--test-threads=2", "--no-capture"] {
        assert_eq!(last_line("", option), TOLD, "{option}");
    }
}

#[test]
fn nothing_is_told_where_nothing_is_skipped() {
    needs!(strace);
    let path = std::env::var("PATH").unwrap();
    let last = last_line(&path, "--quiet");
    assert!(!last.contains("skipped: "), "{last}");
}

#[test]
fn what_may_not_be_skipped_fails() {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", TEST]).env("PATH", "").env("ATOMIC_WRITE_TEST_NO_SKIP", "1");
    let output = command.output().unwrap();
    assert!(!output.status.success() && stdout(&output).contains("may not be skipped: need strace"), "{output:?}");
}
