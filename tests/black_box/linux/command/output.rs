//! COMMAND's descriptors: standard output is a pipe of ours, the rest is inherited.
//!
//! Rows: 69.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use crate::common::events::{Fifo, end_of};
use crate::common::{Scene, stderr};

/// The end of the output is not the end of the command.
#[test]
fn a_command_that_closes_its_output_early_still_decides() {
    for (end, content) in [("exit 0", "new\n"), ("exit 7", "old"), ("kill -9 $$", "old")] {
        let scene = Scene::with_old();
        let (mut ready, mut go) = (Fifo::new(&scene, "ready"), Fifo::new(&scene, "go"));
        let script = format!("echo new; exec >&-; echo closed >ready; read line <go; {end}");
        let mut child = scene.process().args(["f", "--", "sh", "-c", &script]).stderr(Stdio::null()).spawn().unwrap();
        ready.line();
        assert_eq!(scene.text("f"), "old");
        go.send();
        assert_eq!(end_of(&mut child).success(), end == "exit 0");
        assert_eq!(scene.text("f"), content);
        assert_eq!(scene.names(), ["f", "go", "ready"]);
    }
}

/// Row 69: what a child in the background writes belongs to the output, and nothing writes after the commit.
#[test]
fn a_child_in_the_background_is_waited_for_and_that_is_told() {
    let scene = Scene::with_old();
    let mut go = Fifo::new(&scene, "go");
    let script = "{ read line <go; echo late; head -c 1000000 /dev/zero; } & echo early";
    let mut child = scene.process().args(["f", "--", "sh", "-c", script]).stderr(Stdio::piped()).spawn().unwrap();
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    let mut told = String::new();
    errors.read_line(&mut told).unwrap();
    assert_eq!(told, "atomic-write: f: waiting: command 'sh' has exited, but its output is still open\n");
    assert_eq!(scene.text("f"), "old");
    go.send();
    assert!(end_of(&mut child).success());
    assert_eq!(scene.read("f").len(), "early\nlate\n".len() + 1_000_000);
    // Once is enough.
    let mut rest = String::new();
    errors.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}

/// Row 69: the verdict of a command that failed is not delayed by who still holds the pipe.
#[test]
fn a_failure_is_known_at_once_whoever_holds_the_output() {
    for (end, status) in [("exit 3", Some(3)), ("kill -9 $$", Some(137))] {
        let scene = Scene::with_old();
        let mut go = Fifo::new(&scene, "go");
        let script = format!("{{ read line <go; }} 2>/dev/null & echo part; {end}");
        let mut child = scene.process().args(["f", "--", "sh", "-c", &script]).stderr(Stdio::null()).spawn().unwrap();
        assert_eq!(end_of(&mut child).code(), status);
        go.send();
        assert_eq!(scene.text("f"), "old");
    }
}

/// The staging file is never the command's standard output: it could be written after the commit.
#[test]
fn a_commands_output_is_a_pipe() {
    let scene = Scene::new();
    scene.cmd().args(["f", "--", "sh", "-c", "readlink /proc/$$/fd/1"]).assert().success();
    let link = scene.text("f");
    assert!(link.starts_with("pipe:["), "{link}");
}

/// `-I {}` was forgotten.
#[test]
fn braces_in_a_silent_command_are_told_of() {
    let scene = Scene::with_old();
    let output = scene.cmd().args(["f", "--", "sh", "-c", ":", "sh", "-o{}"]).output().unwrap();
    let hint = "hint: with -I {} it would find the path of the new content in place of {}\n";
    assert!(output.status.code() == Some(123) && stderr(&output).ends_with(hint), "{output:?}");
}
