//! What a small write costs, counted: system calls and instructions, so that start-up cannot rot. Never a time.
//!
//! A ceiling is what the program needs and some room. Who needs more raises it in the change that needs it.
//!
//! Counted is what is the same on every machine. The instructions of the dynamic loader and of the C library's start are
//! not: they depend on the processor, on the environment and on what is mapped where.
//!
//! Rows: none.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::common::needs::needs;
use crate::common::{Scene, program, skip};

/// Of the program's own system calls: without the dynamic loader's, which are the system's.
const OWN_CALLS: usize = 71;

/// Of all system calls of a static release build.
const STATIC_CALLS: usize = 79;

/// Of the instructions in a release build's own code: with the Rust library's, without the C library's.
const OWN_INSTRUCTIONS: u64 = 16_000;

/// The release build, where it is there to be measured, as in CI.
const RELEASE: &str = "ATOMIC_WRITE_RELEASE";

/// The same, linked statically.
const STATIC: &str = "ATOMIC_WRITE_STATIC";

#[test]
fn a_small_write_makes_few_system_calls() {
    needs!(strace, own_program);
    let calls = calls(program());
    // Ours begin where the program looks which descriptors are open.
    let first = calls.iter().position(|call| call.starts_with("fcntl(0, F_GETFD)")).unwrap();
    at_most(&calls[first..], OWN_CALLS);
}

#[test]
fn a_static_release_build_makes_few_system_calls_in_all() {
    needs!(strace);
    let Some(program) = given(STATIC) else { return };
    at_most(&calls(&program), STATIC_CALLS);
}

/// A static glibc crashes where it has to load what nsswitch.conf names.
#[test]
fn a_static_release_build_looks_for_names_in_files() {
    let Some(program) = given(STATIC) else { return };
    let scene = Scene::new();
    let mut command = scene.other(program);
    let output = command.args(["--owner=no-such-user", "f"]).stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[test]
fn a_small_write_by_a_release_build_executes_few_instructions() {
    needs!(valgrind);
    let Some(program) = given(RELEASE) else { return };
    let count = own_instructions(&program);
    assert!(count > 1_000, "{count} instructions cannot be all");
    assert!(count <= OWN_INSTRUCTIONS, "{count} instructions, at most {OWN_INSTRUCTIONS} expected");
}

#[test]
fn a_release_build_loads_no_library_but_that_of_c() {
    needs!(strace);
    let Some(program) = given(RELEASE) else { return };
    let calls = calls(&program);
    let loaded = calls.iter().filter(|call| call.starts_with("openat(") && call.contains(".so."));
    let loaded: Vec<_> = loaded.filter(|call| !call.contains("ld.so.") && call.contains(") = 3")).collect();
    assert!(matches!(loaded[..], [only] if only.contains("/libc.so.")), "{loaded:?}");
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
    assert!(calls.len() > 20, "{} calls cannot be all", calls.len());
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

/// Counted by callgrind, of the code in the program's own file.
fn own_instructions(program: &Path) -> u64 {
    let args = ["--tool=callgrind", "--callgrind-out-file=profile", "--log-file=log"];
    let plain = ["--compress-strings=no", "--compress-pos=no", "--dump-line=no"];
    let scene = Scene::new();
    small_write(&scene, "valgrind", &[args, plain].concat(), program);
    let program = program.canonicalize().unwrap();
    // After `calls=` comes a line of what was called, which stands under its own name as well.
    let (mut own, mut called, mut sum) = (false, false, 0);
    for line in scene.text("profile").lines() {
        if let Some(object) = line.strip_prefix("ob=") {
            own = Path::new(object) == program;
        } else if line.starts_with("calls=") {
            called = true;
        } else if line.starts_with(|first: char| first.is_ascii_digit()) && !std::mem::take(&mut called) && own {
            sum += line.split(' ').next_back().unwrap().parse::<u64>().unwrap();
        }
    }
    sum
}

/// `printf new | TOOL program f`, where `f` exists and the input is there: whoever waits for it makes some calls more.
fn small_write(scene: &Scene, tool: &str, args: &[&str], program: &Path) {
    scene.write("f", "old");
    let mut command = scene.other(tool);
    // The loader would look there first.
    command.env_remove("LD_LIBRARY_PATH").args(args).arg(program).arg("f");
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(b"new").unwrap();
    drop(writer);
    assert!(command.stdin(reader).stderr(Stdio::null()).status().unwrap().success());
    assert_eq!(scene.text("f"), "new");
}
