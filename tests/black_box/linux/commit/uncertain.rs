//! A network file system can report the failure of what it did. The inode under the name tells.
//!
//! The program is stopped before its call, the test does what the server did, and the call itself is refused.
//!
//! Rows: 25.

use std::ffi::OsString;
use std::fs;

use rustix::fs::{AtFlags, CWD, linkat};

use crate::common::needs::needs;
use crate::common::strace::{Stopped, Strace, look, plain_calls};
use crate::common::{Scene, stderr};

/// The short name that is there now.
fn short_name(scene: &Scene) -> OsString {
    scene.names().into_iter().find(|name| name.starts_with(".aw-")).unwrap().into()
}

/// Stopped when it has looked at TARGET for the last time; the rename that follows will be refused.
fn before_rename(scene: &Scene) -> Stopped {
    let looked = plain_calls().stop_last(look(), &["\"f\""]);
    Strace::new(scene, &["f"]).input("new").inject("renameat:error=EIO").stopped_after(&looked)
}

#[test]
fn a_rename_that_happened_is_done_whatever_was_reported() {
    needs!(strace);
    let scene = Scene::with_old();
    let stopped = before_rename(&scene);
    fs::rename(scene.path(short_name(&scene)), scene.path("f")).unwrap();
    let run = stopped.resume();
    assert_eq!(run.output.status.code(), Some(0), "{run:?}");
    run.calls.in_order(&[("renameat", &[]), ("fsync", &[])]);
    scene.has_only("f", "new");
}

#[test]
fn a_rename_that_did_not_happen_is_a_failure() {
    needs!(strace);
    let scene = Scene::with_old();
    let run = Strace::new(&scene, &["f"]).input("new").inject("renameat:error=EIO").run();
    assert_eq!(run.output.status.code(), Some(1), "{run:?}");
    assert_eq!(stderr(&run.output), "atomic-write: f: rename: I/O error (unchanged)\n");
    scene.has_only("f", "old");
}

// Another writer's file under TARGET's name is not ours.
#[test]
fn a_rename_that_another_writer_made_is_still_a_failure() {
    needs!(strace);
    let scene = Scene::with_old();
    let stopped = before_rename(&scene);
    scene.write("theirs", "theirs");
    fs::rename(scene.path("theirs"), scene.path("f")).unwrap();
    let run = stopped.resume();
    assert_eq!(run.output.status.code(), Some(1), "{run:?}");
    scene.has_only("f", "theirs");
}

/// Gives the staged file of a stopped run a name, as the server did.
fn link(scene: &Scene, stopped: &Stopped, name: &str) {
    let calls = stopped.calls();
    let descriptor = calls.one("pwrite64", &[]).descriptor();
    let staged = format!("/proc/{}/fd/{descriptor}", stopped.id());
    linkat(CWD, staged, CWD, scene.path(name), AtFlags::SYMLINK_FOLLOW).unwrap();
}

#[test]
fn a_link_that_happened_is_done_whatever_was_reported() {
    needs!(strace);
    // EEXIST is what a repeated request hears.
    for errno in ["EIO", "EEXIST"] {
        let scene = Scene::new();
        let stopped = Strace::new(&scene, &["f"])
            .input("new")
            .inject(format!("linkat:error={errno}:when=2"))
            .stopped_after("fsync:when=1");
        link(&scene, &stopped, "f");
        let run = stopped.resume();
        assert_eq!(run.output.status.code(), Some(0), "{errno}: {run:?}");
        scene.has_only("f", "new");
    }
}

#[test]
fn a_link_that_did_not_happen_is_a_failure() {
    needs!(strace);
    for scene in [Scene::with_old(), Scene::new()] {
        let before = scene.names();
        let run = Strace::new(&scene, &["f"]).input("new").inject("linkat:error=EIO:when=2").run();
        assert_eq!(run.output.status.code(), Some(1), "{run:?}");
        assert_eq!(stderr(&run.output), "atomic-write: f: link: I/O error (unchanged)\n");
        assert_eq!(scene.names(), before);
    }
}

// With a name from the start, a new TARGET.
#[test]
fn a_rename_over_nothing_that_happened_is_done_whatever_was_reported() {
    needs!(strace);
    for errno in ["EIO", "ENOENT"] {
        let scene = Scene::new();
        let stopped = Strace::new(&scene, &["f"])
            .input("new")
            .without_unnamed("EOPNOTSUPP")
            .inject(format!("renameat2:error={errno}"))
            .stopped_after("fsync:when=1");
        fs::rename(scene.path(short_name(&scene)), scene.path("f")).unwrap();
        let run = stopped.resume();
        assert_eq!(run.output.status.code(), Some(0), "{errno}: {run:?}");
        scene.has_only("f", "new");
    }
}
