//! Others that lock: flock(1), and who waits long for them.
//!
//! Rows: none.

use std::fs::File;
use std::process::Stdio;

use super::Holder;
use crate::common::Scene;
use crate::common::events::{Fifo, end_of};
use crate::common::needs::needs;

#[test]
fn flock_excludes_the_program_and_is_excluded_by_it() {
    needs!(flock);
    let scene = Scene::with_old();
    let (mut ready, mut go) = (Fifo::new(&scene, "ready"), Fifo::new(&scene, "go"));
    let script = "echo ready >ready; read line <go; echo new";
    let mut child = scene.other("flock").args(["f", "sh", "-c", script]).stdout(Stdio::null()).spawn().unwrap();
    ready.line();
    for options in [&["--lock-timeout", "0"][..], &["-a", "--lock-timeout", "0"]] {
        scene.cmd().args(options).arg("f").write_stdin("new").assert().code(3);
    }
    go.send();
    assert!(end_of(&mut child).success());
    let mut child = scene.process().args(["-e", "f", "--", "sh", "-c", script]).spawn().unwrap();
    ready.line();
    let try_flock = || scene.other("flock").args(["-n", "f", "true"]).status().unwrap().code();
    assert_eq!(try_flock(), Some(1));
    go.send();
    assert!(end_of(&mut child).success());
    assert_eq!((try_flock(), scene.text("f").as_str()), (Some(0), "new\n"));
}

#[test]
fn a_long_wait_is_told_once() {
    for options in [&["-a"][..], &["--lock"], &["--lock-timeout", "600"], &["-q", "-e"]] {
        let scene = Scene::with_old();
        let mut told = Fifo::new(&scene, "told");
        let holder = Holder::of(&scene.path("f"));
        let command: &[&str] = if options.contains(&"-e") { &["--", "cat"] } else { &[] };
        let stderr = File::options().write(true).open(scene.path("told")).unwrap();
        let mut child = scene.process().args(options).arg("f").args(command).stderr(stderr).spawn().unwrap();
        assert_eq!(told.line(), "atomic-write: f: waiting: another writer holds the lock");
        drop(holder);
        assert!(end_of(&mut child).success());
        // Nothing more was said: the next line is ours.
        told.send();
        assert_eq!(told.line(), "go");
    }
}
