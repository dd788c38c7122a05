//! COMMAND's descriptors: standard output is a pipe of ours, the rest is inherited.
//!
//! Rows: 67.

use std::process::Stdio;

use crate::common::events::end_of;
use crate::common::{Scene, stderr};

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

/// Row 67.
#[test]
fn ten_mebibytes_on_standard_error_pass_and_block_nothing() {
    let scene = Scene::new();
    let script = "head -c 10485760 /dev/zero >&2; head -c 10485760 /dev/zero; echo end >&2";
    let output = scene.cmd().args(["f", "--", "sh", "-c", script]).output().unwrap();
    assert!(output.status.success());
    assert_eq!(output.stderr.len(), 10_485_760 + 4);
    assert_eq!(scene.read("f").len(), 10_485_760);
}

#[test]
fn a_large_output_arrives_whole() {
    let scene = Scene::new();
    let script =
        "i=0; while [ $i -lt 64 ]; do head -c 98765 /dev/zero | tr '\\0' \"\\\\$((i % 8))\"; i=$((i + 1)); done";
    let expected = scene.other("sh").args(["-c", script]).output().unwrap();
    let output = scene.cmd().args(["f", "--", "sh", "-c", script]).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(scene.read("f").len(), 64 * 98_765);
    assert!(scene.read("f") == expected.stdout);
}
