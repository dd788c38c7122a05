//! `--help` and `--version`.
//!
//! Rows: none.

use crate::common::Scene;

#[test]
fn help_that_cannot_be_written_is_a_failure() {
    let scene = Scene::new();
    for option in ["-h", "--help", "-V"] {
        let output = scene.sh(&format!("$AW {option} >/dev/full"));
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
        assert_eq!(crate::common::stderr(&output), "atomic-write: standard output: No space left on device\n");
    }
}
