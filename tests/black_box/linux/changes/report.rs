//! `--report`: one word on standard output, for those who reload only what changed.
//!
//! Rows: none.

use std::fs::File;

use crate::common::needs::needs;
use crate::common::{Mounted, Scene, stderr};

#[test]
fn what_is_overwritten_in_place_is_replaced() {
    needs!(root);
    let scene = Scene::new();
    let (from, onto) = (scene.write("from", "a"), scene.write("f", "b"));
    let _bound = Mounted::bind(&from, &onto);
    let args = ["--report", "-q", "--allow-in-place", "f"];
    scene.cmd().args(args).write_stdin("new").assert().success().stdout("replaced\n");
}

/// TARGET is replaced all the same, and the status tells of TARGET.
#[test]
fn a_word_that_cannot_be_written_is_a_warning() {
    let scene = Scene::new();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let (reader, pipe) = std::io::pipe().unwrap();
    drop(reader);
    for stdout in [std::process::Stdio::from(full), pipe.into()] {
        let output = scene
            .process()
            .args(["--report", "f"])
            .stdout(stdout)
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap()
            .wait_with_output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(stderr(&output).contains("warning: the word for --report could not be written: "), "{output:?}");
        assert!(scene.path("f").is_file());
    }
}
