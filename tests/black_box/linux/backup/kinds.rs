//! What stands in the place of a backup, and what a backup is: the old file itself.
//!
//! Rows: 23.

use std::fs::hard_link;

use crate::common::needs::needs;
use crate::common::strace::Strace;
use crate::common::{Disk, Mounted, Scene, as_user, stderr, tool};

/// A refusal to exchange, as by a file system that does not know how.
pub(super) const NO_EXCHANGE: &str = "renameat2:error=EINVAL";

/// Row 23: renaming one link of a file onto another does nothing.
#[test]
fn a_backup_that_is_another_name_of_target_becomes_the_backup() {
    needs!(strace);
    for injection in [None, Some(NO_EXCHANGE)] {
        let scene = Scene::with_old();
        hard_link(scene.path("f"), scene.path("f~")).unwrap();
        let inode = scene.inode("f");
        let run = Strace::new(&scene, &["-b", "f"]).input("new");
        let traced = injection.into_iter().fold(run, Strace::inject).run();
        assert_eq!(traced.output.status.code(), Some(0), "{traced:?}");
        assert_eq!(scene.names(), ["f", "f~"]);
        assert_eq!((scene.text("f").as_str(), scene.text("f~").as_str()), ("new", "old"));
        assert_eq!(scene.inode("f~"), inode);
    }
}

/// Promise 6: what can be told beforehand is told before the command runs.
#[test]
fn a_backup_that_cannot_give_way_is_refused_before_command_runs() {
    needs!(root, chattr, "mkfs.ext4");
    let scene = Disk::new("ext4", 8, "");
    scene.write("f", "old");
    let backup = scene.write("f~", "older");
    let inodes = (scene.inode("f"), scene.inode("f~"));
    let refused = |mut command: assert_cmd::Command, says: &str| {
        let output = command.args(["-b", "f", "--", "sh", "-c", "echo ran >&2; echo new"]).output().unwrap();
        assert_eq!(stderr(&output), format!("atomic-write: f: backup: f~ {says} (unchanged)\n"));
        assert_eq!(output.status.code(), Some(125));
    };
    for (attribute, says) in [("i", "is immutable"), ("a", "is append-only")] {
        tool("chattr", &[&format!("+{attribute}"), backup.to_str().unwrap()]);
        refused(scene.cmd(), says);
        tool("chattr", &[&format!("-{attribute}"), backup.to_str().unwrap()]);
    }
    let bound = Mounted::bind(&scene.path("f"), &backup);
    refused(scene.cmd(), "is a mount point");
    drop(bound);
    scene.chmod("", 0o1777);
    scene.give_to_user("f");
    refused(scene.through(as_user()), "is another user's, in a sticky directory");
    assert_eq!(
        (scene.names(), scene.inode("f"), scene.inode("f~")),
        (vec!["f".into(), "f~".into()], inodes.0, inodes.1)
    );
    assert_eq!((scene.text("f").as_str(), scene.text("f~").as_str()), ("old", "older"));
}
