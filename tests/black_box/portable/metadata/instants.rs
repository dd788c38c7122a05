//! The times of the finished file.
//!
//! Rows: none.

use std::fs::{FileTimes, metadata};
use std::time::{Duration, SystemTime};

use crate::common::Scene;

/// The contract: timestamps are not carried over. `--validate` marks the file with an old one meanwhile.
#[test]
fn timestamps_are_new() {
    let scene = Scene::new();
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for arguments in [&["f"][..], &["--validate", "exit 0", "f"], &["--from", "source", "f"], &["-a", "f"]] {
        for name in ["f", "source"] {
            let file = std::fs::File::create(scene.path(name)).unwrap();
            file.set_times(FileTimes::new().set_accessed(long_ago).set_modified(long_ago)).unwrap();
        }
        let inode = scene.inode("f");
        let now = metadata(scene.write("now", "")).unwrap().modified().unwrap() - Duration::from_secs(1);
        scene.cmd().args(arguments).write_stdin("new").assert().success().stderr("");
        assert_ne!(scene.inode("f"), inode);
        let after = metadata(scene.path("f")).unwrap();
        let (modified, accessed) = (after.modified().unwrap(), after.accessed().unwrap());
        assert!(modified >= now && accessed >= now, "{arguments:?}: {after:?}");
    }
}
