//! `--edit`: TARGET's content is COMMAND's input, and must still be TARGET's when it is replaced.
//!
//! Rows: none.

use crate::common::{Scene, stderr};

#[test]
fn a_file_that_may_not_be_read_cannot_be_edited() {
    let scene = Scene::with_old();
    scene.chmod("f", 0o200);
    let output = scene.ordinary().args(["-e", "f", "--", "touch", "ran"]).output().unwrap();
    assert_eq!(output.status.code(), Some(125), "{output:?}");
    assert!(stderr(&output).contains("read: Permission denied"), "{}", stderr(&output));
    scene.chmod("f", 0o600);
    assert_eq!(scene.text("f"), "old");
    assert_eq!(scene.names(), ["f"]);
}
