//! COMMAND's descriptors: standard output is a pipe of ours, the rest is inherited.
//!
//! Rows: 67.

use std::io::Read;
use std::process::Stdio;

use crate::common::events::end_of;
use crate::common::{Scene, does, stderr};

#[test]
fn standard_input_is_inherited() {
    let scene = Scene::new();
    scene.cmd().args(["f", "--"]).args(does(&["upper"])).write_stdin("from outside").assert().success();
    assert_eq!(scene.text("f"), "FROM OUTSIDE");
}

#[test]
fn standard_input_is_left_to_those_who_come_after() {
    let scene = Scene::new();
    scene.write("in", "one\ntwo\n");
    let mut file = scene.open("in");
    let stdin = file.try_clone().unwrap();
    assert!(scene.process().args(["f", "--"]).args(does(&["line"])).stdin(stdin).status().unwrap().success());
    assert_eq!(scene.text("f"), "one\n");
    let mut rest = String::new();
    file.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "two\n");
}

#[test]
fn a_command_need_not_read_its_input() {
    let scene = Scene::new();
    let mut command = scene.process();
    command.args(["f", "--"]).args(does(&["print new\n"])).stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // The writing end stays open, and what is in it unread.
    let _held = child.stdin.take();
    assert!(end_of(&mut child).success());
    assert_eq!(scene.text("f"), "new\n");
}

/// Row 67.
#[test]
fn ten_mebibytes_on_standard_error_pass_and_block_nothing() {
    let scene = Scene::new();
    let command = does(&["fill-error 10485760 e", "fill 10485760 o", "error end\n"]);
    let output = scene.cmd().args(["f", "--"]).args(command).output().unwrap();
    assert!(output.status.success());
    assert_eq!(output.stderr.len(), 10_485_760 + 4);
    assert_eq!(scene.read("f").len(), 10_485_760);
}

#[test]
fn a_large_output_arrives_whole() {
    let scene = Scene::new();
    let pieces: Vec<String> = (0..64).map(|piece| format!("fill 98765 {}", piece % 8)).collect();
    let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
    let output = scene.cmd().args(["f", "--"]).args(does(&pieces)).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let expected: String = (0..64).map(|piece| (piece % 8).to_string().repeat(98_765)).collect();
    assert!(scene.read("f") == expected.as_bytes());
}
