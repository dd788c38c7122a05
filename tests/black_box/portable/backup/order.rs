//! Backup and replacement become durable together, by one sync of the directory after both.
//!
//! Rows: none.

use crate::common::Scene;

/// Of the words that `--sync` knows, one is the usual one.
#[test]
fn another_word_for_sync_is_a_usage_error() {
    for word in ["", "all", "Full", "data"] {
        let scene = Scene::with_old();
        scene.cmd().arg(format!("--sync={word}")).arg("f").write_stdin("new").assert().code(2);
        assert_eq!(scene.text("f"), "old");
    }
}
