//! `--preserve-timestamps`: when the times are set, and where they cannot be.
//!
//! Rows: none.

use super::strace;
use crate::common::needs::needs;
use crate::common::{Scene, stderr};

fn scene() -> Scene {
    let scene = Scene::with_old();
    scene.write("source", "new");
    scene
}

const WORDS: [&str; 4] = ["--preserve-timestamps", "--from", "source", "f"];

#[test]
fn they_are_set_before_the_sync_and_the_new_owner() {
    needs!(root, strace);
    let scene = scene();
    let calls = strace(&scene, &[&["--owner=1", "--group=2", "-m", "755"], &WORDS[..]].concat()).run().calls;
    calls.in_order(&[
        ("fchown", &[", -1, 2"]),
        ("fchmod", &["0755"]),
        ("utimensat", &[]),
        ("fchown", &[", 1, -1"]),
        ("fsync", &[]),
        ("renameat", &[]),
    ]);
}

#[test]
fn times_that_cannot_be_set_leave_the_old_file() {
    needs!(strace);
    for errno in ["EPERM", "EIO", "ENOSYS"] {
        let scene = scene();
        let inode = scene.inode("f");
        let run = strace(&scene, &WORDS).inject(format!("utimensat:error={errno}")).run();
        let text = stderr(&run.output);
        assert_eq!(run.output.status.code(), Some(1), "{text}");
        assert!(text.starts_with("atomic-write: f: preserve timestamps: "), "{text}");
        assert_eq!((scene.inode("f"), scene.names()), (inode, vec!["f".to_owned(), "source".to_owned()]));
    }
}

#[test]
fn anothers_file_in_place_is_refused_before_anything_is_read() {
    needs!(root);
    let scene = scene();
    scene.give_to_user("");
    scene.give_to_user("source");
    scene.give("f", 12, 13);
    scene.chmod("f", 0o666);
    let says = "atomic-write: f: replace: cannot set the times of another user's file (unchanged)\n";
    scene.ordinary().arg("--in-place").args(WORDS).assert().code(1).stderr(says);
    assert_eq!(scene.text("f"), "old");
}
