//! Waiting for the lock, and what is looked at again once it is had.
//!
//! Rows: 59, 60.

use std::fs;
use std::process::{Child, Stdio};

use super::{Holder, is_locked, until_it_waits};
use crate::common::Scene;
use crate::common::events::{Fifo, end_of};
use crate::common::needs::needs;
use crate::common::strace::Strace;

/// Waits for the lock on `held`.
fn waiting(scene: &Scene, args: &[&str], held: &str) -> Child {
    let child = scene.process().args(args).stderr(Stdio::null()).spawn().unwrap();
    until_it_waits(child.id(), scene.inode(held));
    child
}

/// Has the lock at last, and does what it was to do.
fn is_done(mut child: Child, holder: Holder) {
    drop(holder);
    assert!(end_of(&mut child).success());
}

fn edit(target: &str) -> [&str; 6] {
    ["--lock", "--edit", target, "--", "sed", "s/$/ edited/"]
}

const APPEND: [&str; 6] = ["--append", "--lock", "d/f", "--", "echo", "new"];

#[test]
fn the_lock_is_waited_for_and_the_content_read_after_it() {
    for options in [&["--lock"][..], &["--lock-timeout", "600.5"], &["--lock", "-D"]] {
        let scene = Scene::new();
        let path = scene.write("f", "old\n");
        let holder = Holder::of(&path);
        let child = waiting(&scene, &[options, &["-e", "f", "--", "sed", "s/$/ edited/"]].concat(), "f");
        scene.write("f", "changed\n");
        is_done(child, holder);
        scene.has_only("f", "changed edited\n");
    }
}

#[test]
fn a_link_waits_for_the_file_behind_it() {
    let scene = Scene::new();
    scene.mkdir("d");
    let path = scene.write("d/file", "old\n");
    scene.symlinks(&[("d/file", "hop"), ("hop", "link")]);
    let holder = Holder::of(&path);
    let child = waiting(&scene, &edit("link"), "d/file");
    is_done(child, holder);
    assert_eq!(scene.text("d/file"), "old edited\n");
}

/// The lock that was waited for is on a file that has lost the name.
#[test]
fn a_target_replaced_during_the_wait_is_waited_for_again() {
    let scene = Scene::new();
    let path = scene.write("f", "old\n");
    let first = Holder::of(&path);
    let child = waiting(&scene, &edit("f"), "f");
    let new = scene.write("g", "new\n");
    let second = Holder::of(&new);
    fs::rename(new, &path).unwrap();
    drop(first);
    until_it_waits(child.id(), scene.inode("f"));
    is_done(child, second);
    assert_eq!(scene.text("f"), "new edited\n");
}

#[test]
fn a_target_that_vanishes_during_the_wait_is_created_locked() {
    let scene = Scene::new();
    scene.mkdir("d");
    let path = scene.write("d/f", "old\n");
    let first = Holder::of(&path);
    let child = waiting(&scene, &APPEND, "d/f");
    let second = Holder::of(&scene.path("d"));
    fs::remove_file(&path).unwrap();
    drop(first);
    until_it_waits(child.id(), scene.inode("d"));
    is_done(child, second);
    assert_eq!(scene.text("d/f"), "new\n");
}

#[test]
fn a_target_that_appears_during_the_wait_is_locked_itself() {
    let scene = Scene::new();
    scene.mkdir("d");
    let first = Holder::of(&scene.path("d"));
    let child = waiting(&scene, &APPEND, "d");
    let path = scene.write("d/f", "other\n");
    let second = Holder::of(&path);
    drop(first);
    until_it_waits(child.id(), scene.inode("d/f"));
    // The directory is free for others.
    assert!(!is_locked(&scene.path("d")));
    is_done(child, second);
    assert_eq!(scene.text("d/f"), "other\nnew\n");
}

#[test]
fn what_became_unsuitable_while_it_was_waited_for_is_refused() {
    let scene = Scene::new();
    let path = scene.write("f", "old\n");
    let holder = Holder::of(&path);
    let mut child = waiting(&scene, &["--lock", "f", "--", "touch", "ran"], "f");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    drop(holder);
    assert_eq!(end_of(&mut child).code(), Some(125));
    assert_eq!(scene.names(), ["f"]);
}

#[test]
fn the_lock_spans_the_command_and_ends_with_us() {
    for before in [true, false] {
        let scene = Scene::new();
        if before {
            scene.write("f", "old");
        }
        let locked = if before { scene.path("f") } else { scene.root().to_owned() };
        let (mut ready, mut go) = (Fifo::new(&scene, "ready"), Fifo::new(&scene, "go"));
        let script = "echo ready >ready; read line <go; echo new";
        let mut child = scene.process().args(["--lock", "f", "--", "sh", "-c", script]).spawn().unwrap();
        ready.line();
        assert!(is_locked(&locked));
        go.send();
        assert!(end_of(&mut child).success());
        assert!(!is_locked(&locked) && !is_locked(&scene.path("f")));
    }
}

/// Row 60: what outlives us does not keep the lock.
#[test]
fn neither_command_nor_validator_keeps_the_lock() {
    for before in [true, false] {
        let scene = Scene::new();
        if before {
            scene.write("f", "old");
        }
        let mut go = Fifo::new(&scene, "go");
        let lives_on = "{ read line <go; } >&- 2>&- & echo new";
        let args = ["--lock", "--validate", lives_on, "f", "--", "sh", "-c", lives_on];
        let mut process = scene.process();
        let mut child = process.args(args).stderr(Stdio::null()).spawn().unwrap();
        assert!(end_of(&mut child).success());
        assert!(!is_locked(&scene.path("f")) && !is_locked(scene.root()));
        scene.cmd().args(["--lock-timeout", "0", "f"]).write_stdin("newer").assert().success();
        go.send();
        go.send();
    }
}

/// Whoever opens the new TARGET before we are done with the directory waits as well.
#[test]
fn the_new_target_is_locked_before_it_has_its_name() {
    needs!(strace);
    for before in [true, false] {
        let scene = Scene::new();
        let run = || {
            let _ = fs::remove_file(scene.path("f"));
            if before {
                scene.write("f", "old");
            }
            Strace::new(&scene, &["--lock", "f"]).input("new")
        };
        let calls = run().run().calls;
        let named = calls.0.iter().rposition(|call| call.name.starts_with(if before { "rename" } else { "link" }));
        let stop = format!("{}:when={}", calls.0[named.unwrap()].name, calls.when(named.unwrap()));
        let stopped = run().stopped_after(&stop);
        assert_eq!(scene.text("f"), "new");
        assert!(is_locked(&scene.path("f")));
        assert!(stopped.resume().output.status.success());
        assert!(!is_locked(&scene.path("f")));
    }
}
