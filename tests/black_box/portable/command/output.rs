//! COMMAND's descriptors: standard output is a pipe of ours, the rest is inherited.
//!
//! Rows: none.

use std::process::Stdio;

use crate::common::Scene;
use crate::common::events::end_of;

#[test]
fn standard_input_is_inherited() {
    let scene = Scene::new();
    scene.cmd().args(["f", "--", "tr", "a-z", "A-Z"]).write_stdin("from outside").assert().success();
    assert_eq!(scene.text("f"), "FROM OUTSIDE");
}

#[test]
fn standard_input_is_left_to_those_who_come_after() {
    let scene = Scene::new();
    scene.write("in", "one\ntwo\n");
    let output = scene.sh("{ $AW f -- sh -c 'read line; echo $line'; cat; } < in");
    assert_eq!(scene.text("f"), "one\n");
    assert_eq!(output.stdout, b"two\n");
}

#[test]
fn a_command_need_not_read_its_input() {
    let scene = Scene::new();
    let mut child = scene.process().args(["f", "--", "echo", "new"]).stdin(Stdio::piped()).spawn().unwrap();
    // The writing end stays open, and what is in it unread.
    let _held = child.stdin.take();
    assert!(end_of(&mut child).success());
    assert_eq!(scene.text("f"), "new\n");
}
