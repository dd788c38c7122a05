//! TARGET can be executed the instant that it appears, as nobody holds it open for writing.
//!
//! Rows: none.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::common::Scene;
use crate::common::needs::needs;

pub const SCRIPT: &str = "#!/bin/sh\nexit 7\n";

pub const EXECUTABLE: [&str; 3] = ["-m", "755", "f"];

// What the row was seen with: a loop that executes TARGET while it is replaced.
#[test]
fn a_loop_that_executes_target_meets_no_busy_file() {
    needs!(shell, permissions);
    let scene = Scene::new();
    // Not written by the test, as another test's child could hold that descriptor for an instant.
    scene.cmd().args(EXECUTABLE).write_stdin(SCRIPT).assert().success();
    let target = scene.path("f");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let runner = scope.spawn(|| {
            let run = || Command::new(&target).stdin(Stdio::null()).status().map(|status| status.code());
            while !done.load(Ordering::Relaxed) {
                assert_eq!(run().map_err(|error| error.kind()), Ok(Some(7)));
            }
        });
        for _ in 0..200 {
            let mut child = scene.process().arg("f").stdin(Stdio::piped()).spawn().unwrap();
            child.stdin.take().unwrap().write_all(SCRIPT.as_bytes()).unwrap();
            assert!(child.wait().unwrap().success());
        }
        done.store(true, Ordering::Relaxed);
        runner.join().unwrap();
    });
    assert_eq!(fs::read_to_string(&target).unwrap(), SCRIPT);
}
