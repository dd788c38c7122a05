//! How the file gets its name, on systems that lack one way or the other.
//!
//! Rows: 23.

use std::fs;

use crate::common::Scene;
use crate::common::needs::needs;

// Row 23: a rename of one link onto another does nothing.
#[test]
fn a_backup_that_is_a_link_of_target_already_leaves_nothing_behind() {
    needs!(hard_links);
    let scene = Scene::with_old();
    fs::hard_link(scene.path("f"), scene.path("f~")).unwrap();
    scene.cmd().args(["--backup=simple", "f"]).write_stdin("new").assert().success();
    assert_eq!(scene.names(), ["f", "f~"]);
    assert_eq!((scene.text("f").as_str(), scene.text("f~").as_str()), ("new", "old"));
}
