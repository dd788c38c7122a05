//! What a run tells its children of its locks counts only as long as that is true.
//!
//! Rows: none.

use std::os::unix::fs::MetadataExt;

use super::Holder;
use crate::common::events::end_of;
use crate::common::{Scene, stderr};

/// What a run with this process id would say that it has locked.
fn told(scene: &Scene, process: u32) -> String {
    let stat = scene.path("f").metadata().unwrap();
    format!("1:0:1 {process}:{:x}:{:x}", stat.dev(), stat.ino())
}

fn append(scene: &Scene, locked: &str) -> (Option<i32>, String) {
    let args = ["-a", "--lock-timeout", "0", "f"];
    let output = scene.cmd().args(args).env("ATOMIC_WRITE_LOCKED", locked).write_stdin("+").output().unwrap();
    (output.status.code(), stderr(&output))
}

#[test]
fn what_a_run_that_has_ended_had_locked_is_waited_for() {
    let scene = Scene::with_old();
    let mut ended = scene.other("true").spawn().unwrap();
    end_of(&mut ended);
    let (ended, alive) = (ended.id(), std::process::id());
    let holder = Holder::of(&scene.path("f"));
    let (status, words) = append(&scene, &told(&scene, alive));
    assert!(status == Some(1) && words.contains("would wait for ever"), "{words}");
    let other = told(&scene, alive) + "0";
    for locked in [&told(&scene, ended), &other, "", "x", ":", "1 2:3", "-1:0:0"] {
        let (status, words) = append(&scene, locked);
        assert!(status == Some(3) && words.contains("another writer holds the lock"), "{locked}: {words}");
    }
    drop(holder);
    assert_eq!(append(&scene, &told(&scene, alive)), (Some(0), String::new()));
    assert_eq!(scene.text("f"), "old+");
}

#[test]
fn who_does_not_know_of_the_outer_run_waits() {
    let scene = Scene::with_old();
    let inner = r#"env -u ATOMIC_WRITE_LOCKED "$AW" --lock-timeout 0 -a f"#;
    let output = scene.sh(&format!("$AW -e f -- sh -c '{inner}'"));
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(stderr(&output).contains("another writer holds the lock"), "{output:?}");
    scene.has_only("f", "old");
}
