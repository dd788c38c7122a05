//! The times of the finished file.
//!
//! Rows: none.

use std::os::unix::fs::MetadataExt;

use crate::common::Scene;

/// The contract: timestamps are not carried over. `--validate` marks the file with an old one meanwhile.
#[test]
fn timestamps_are_new() {
    let scene = Scene::new();
    for arguments in [&["f"][..], &["--validate", "true", "f"], &["--from", "source", "f"], &["-a", "f"]] {
        scene.sh("rm -f f; echo old >f; echo new >source; touch -d 2001-01-01 f source");
        let before = std::fs::metadata(scene.path("f")).unwrap();
        scene.write("now", "");
        let now = std::fs::metadata(scene.path("now")).unwrap();
        scene.cmd().args(arguments).write_stdin("new").assert().success().stderr("");
        let after = std::fs::metadata(scene.path("f")).unwrap();
        assert_ne!(before.ino(), after.ino());
        assert!(after.mtime() >= now.mtime() && after.atime() >= now.mtime(), "{arguments:?}: {after:?}");
    }
}
