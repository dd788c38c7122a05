//! What a small write costs, counted: system calls and instructions, so that start-up cannot rot. Never a time.
//!
//! A ceiling is what the program needs and some room. Who needs more raises it in the change that needs it.

use std::path::{Path, PathBuf};

use crate::common::{Scene, has_tool, program, skip};

/// Of the program's own system calls: without the dynamic loader's, which are the system's.
const OWN_CALLS: usize = 72;
/// Of all system calls of a static release build.
const STATIC_CALLS: usize = 80;
/// Of instructions, in thousands, the loader's among them.
const RELEASE_INSTRUCTIONS: u64 = 380;
const STATIC_INSTRUCTIONS: u64 = 150;

/// The release build, where it is there to be measured, as in CI.
const RELEASE: &str = "ATOMIC_WRITE_RELEASE";
/// The same, linked statically.
const STATIC: &str = "ATOMIC_WRITE_STATIC";

#[test]
fn a_small_write_makes_few_system_calls() {
    if !has_tool("strace") {
        return;
    }
    let calls = calls(program());
    // Ours begin where the program looks which descriptors are open.
    let first = calls.iter().position(|call| call.starts_with("fcntl(0, F_GETFD)")).unwrap();
    at_most(&calls[first..], OWN_CALLS);
}

#[test]
fn a_static_release_build_makes_few_system_calls_in_all() {
    let Some(program) = given(STATIC) else { return };
    if has_tool("strace") {
        at_most(&calls(&program), STATIC_CALLS);
    }
}

#[test]
fn a_small_write_by_a_release_build_executes_few_instructions() {
    for (variable, thousands) in [(RELEASE, RELEASE_INSTRUCTIONS), (STATIC, STATIC_INSTRUCTIONS)] {
        let Some(program) = given(variable) else { continue };
        if has_tool("valgrind") {
            let count = instructions(&program);
            assert!(count <= thousands * 1_000, "{variable}: {count} instructions, at most {thousands},000 expected");
        }
    }
}

/// A program that is named in the environment; says so if it is not.
fn given(variable: &str) -> Option<PathBuf> {
    let named = std::env::var_os(variable).map(PathBuf::from);
    if named.is_none() {
        skip(&format!("{variable} names no program"));
    }
    named
}

fn at_most(calls: &[String], most: usize) {
    assert!(calls.len() <= most, "{} calls, at most {most} expected:\n{}", calls.len(), calls.join("\n"));
}

/// The system calls of a small write onto an existing file, from after the execve to the exit.
fn calls(program: &Path) -> Vec<String> {
    let scene = Scene::new();
    small_write(&scene, "strace", &["-o", "calls"], program);
    let text = scene.text("calls");
    // A debug build makes sure before each close that the descriptor is open.
    let checks = |line: &str| line.contains("F_GETFD") && line.contains("FD_CLOEXEC");
    let counts = |line: &&str| !line.starts_with("execve(") && !line.starts_with("+++") && !checks(line);
    text.lines().filter(counts).map(str::to_owned).collect()
}

/// Counted by callgrind.
fn instructions(program: &Path) -> u64 {
    let args = ["--tool=callgrind", "--callgrind-out-file=/dev/null", "--log-file=log"];
    let scene = Scene::new();
    small_write(&scene, "valgrind", &args, program);
    let log = scene.text("log");
    let collected = log.lines().find_map(|line| line.split_once("Collected : ")).unwrap();
    collected.1.trim().parse().unwrap()
}

/// `printf new | TOOL program f`, where `f` exists.
fn small_write(scene: &Scene, tool: &str, args: &[&str], program: &Path) {
    scene.write("f", "old");
    let mut command = scene.other(tool);
    command.args(args).arg(program).arg("f");
    assert_cmd::Command::from_std(command).write_stdin("new").assert().success();
    assert_eq!(scene.text("f"), "new");
}
