//! TARGET can be executed the instant that it appears, as nobody holds it open for writing.
//!
//! Rows: 30.

use std::process::{Command, Stdio};

use crate::common::needs::needs;
use crate::common::strace::{Strace, plain_calls};
use crate::common::{NO_PROC, Scene};
use crate::portable::commit::executed::{EXECUTABLE, SCRIPT};

/// Runs it, and executes TARGET while it stands at the call that named it.
fn executed(scene: &Scene, strace: Strace<'_>, named_by: &str) {
    let stopped = strace.input(SCRIPT).stopped_after(named_by);
    let status = Command::new(scene.path("f")).stdin(Stdio::null()).status();
    let run = stopped.resume();
    assert_eq!(status.map(|status| status.code()).map_err(|error| error.kind()), Ok(Some(7)), "{run:?}");
    assert_eq!(run.output.status.code(), Some(0), "{run:?}");
}

#[test]
fn a_replaced_target_can_be_executed_at_once() {
    needs!(strace);
    let scene = Scene::with_old();
    executed(&scene, Strace::new(&scene, &EXECUTABLE), "renameat:when=1");
    let scene = Scene::with_old();
    executed(&scene, Strace::new(&scene, &EXECUTABLE).without_unnamed("EINVAL"), "renameat:when=1");
}

#[test]
fn a_new_target_can_be_executed_at_once() {
    needs!(strace);
    let scene = Scene::new();
    executed(&scene, Strace::new(&scene, &EXECUTABLE), "linkat:when=2");
    let scene = Scene::new();
    executed(&scene, Strace::new(&scene, &EXECUTABLE).without_unnamed("EINVAL"), "renameat2:when=1");
}

#[test]
fn a_copied_target_can_be_executed_at_once() {
    needs!(strace);
    let scene = Scene::new();
    let outer = Scene::new();
    let source = outer.write("source", SCRIPT);
    outer.chmod("source", 0o755);
    executed(&scene, Strace::new(&scene, &["--from", source.to_str().unwrap(), "f"]), "linkat:when=2");
}

#[test]
fn without_proc_too() {
    needs!(root, strace, mount_namespaces);
    let old = Scene::with_old();
    executed(&old, Strace::new(&old, &EXECUTABLE).by(&NO_PROC), "renameat:when=1");
    // It gets a name first, by which the writer is exchanged for a reader.
    let new = Scene::new();
    executed(&new, Strace::new(&new, &EXECUTABLE).by(&NO_PROC), "renameat2:when=1");
}

// The last sync goes through the descriptor that wrote, and only then is that closed.
#[test]
fn the_writer_is_closed_between_the_sync_and_the_first_name() {
    needs!(strace);
    let calls = plain_calls();
    let writer = calls.one("pwrite64", &["new"]).descriptor();
    let closed = calls.0.iter().rposition(|call| call.name == "close" && call.descriptor() == writer).unwrap();
    assert!(calls.at("fsync", &["#"]) < closed);
    assert!(closed < calls.at("linkat", &[".aw-"]));
}
