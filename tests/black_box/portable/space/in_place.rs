//! `--allow-in-place` overwrites only what cannot be renamed over, and only when a complete copy is safe.
//!
//! Rows: none.

use crate::common::Scene;

#[test]
fn where_a_rename_is_possible_it_is_a_rename() {
    let scene = Scene::with_old();
    let before = scene.inode("f");
    scene.cmd().args(["--allow-in-place", "f"]).write_stdin("new").assert().success().stderr("");
    assert_ne!(scene.inode("f"), before);
    assert_eq!(scene.text("f"), "new");
}
