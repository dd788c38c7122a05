//! SIGUSR1: one line about how far it is, and the run goes on.
//!
//! Rows: none.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStderr, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::source_in_two_pieces;
use crate::common::events::{Fifo, end_of, until};
use crate::common::needs::needs;
use crate::common::strace::Strace;
use crate::common::{Scene, program, stderr};

/// A run that can be asked.
struct Asked {
    child: Child,
    stderr: BufReader<ChildStderr>,
}

impl Asked {
    fn start(mut command: Command) -> Asked {
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Asked { child, stderr }
    }

    /// Returns when it waits for input, and a signal no longer kills it.
    fn listens(&self) {
        let status = format!("/proc/{}/status", self.child.id());
        let blocked = |line: &str| u64::from_str_radix(line.strip_prefix("SigBlk:")?.trim(), 16).ok();
        until("it listens", || fs::read_to_string(&status).unwrap().lines().find_map(blocked).unwrap() >> 9 & 1 == 1);
    }

    fn ask(&self) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), Signal::SIGUSR1).unwrap();
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.stderr.read_line(&mut line).unwrap();
        line
    }

    /// Asks until the answer begins with this.
    fn answers(&mut self, expected: &str) -> String {
        let mut line = String::new();
        until(expected, || {
            self.ask();
            line = self.answer();
            line.starts_with(expected)
        });
        line
    }

    /// Waits for its success, and returns what else it has said.
    fn succeeds(mut self) -> String {
        drop(self.child.stdin.take());
        assert_eq!(end_of(&mut self.child).code(), Some(0));
        std::io::read_to_string(self.stderr).unwrap()
    }
}

#[test]
fn a_run_that_waits_for_a_lock_or_for_a_fifo_tells() {
    let scene = Scene::with_old();
    let held = fs::File::open(scene.path("f")).unwrap();
    rustix::fs::flock(&held, rustix::fs::FlockOperation::NonBlockingLockExclusive).unwrap();
    let mut command = scene.process();
    command.args(["--append", "f"]);
    let mut run = Asked::start(command);
    run.listens();
    run.answers("atomic-write: f: 0 bytes, ");
    drop(held);
    run.succeeds();

    let _fifo = Fifo::new(&scene, "source");
    let mut command = scene.process();
    command.args(["--from", "source", "g"]);
    let mut run = Asked::start(command);
    run.listens();
    run.answers("atomic-write: g: 0 bytes, ");
    kill(Pid::from_raw(run.child.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
    end_of(&mut run.child);
}

#[test]
fn a_run_that_waits_for_its_pipe_tells_what_it_has() {
    for args in [&["f"][..], &["-D", "f"], &["--from", "-", "f"], &["--progress", "f"]] {
        let scene = Scene::new();
        let mut command = scene.process();
        command.args(args);
        let mut run = Asked::start(command);
        run.listens();
        assert!(run.answers("atomic-write: f: 0 bytes, ").ends_with(" s, 0 B/s\n"), "{args:?}");
        run.child.stdin.as_ref().unwrap().write_all(b"hello").unwrap();
        run.answers("atomic-write: f: 5 bytes, ");
        assert_eq!(run.succeeds(), "", "{args:?}");
        scene.has_only("f", "hello");
    }
}

#[test]
fn many_signals_do_no_harm() {
    for args in [&["f"][..], &["f", "--", "cat"]] {
        let scene = Scene::new();
        let mut command = scene.process();
        command.args(args);
        let run = Asked::start(command);
        run.listens();
        let bytes: Vec<u8> = (0..4096).flat_map(|at: u32| [at.to_le_bytes()[0]; 1024]).collect();
        for part in bytes.chunks(10_000) {
            run.child.stdin.as_ref().unwrap().write_all(part).unwrap();
            run.ask();
        }
        let said = run.succeeds();
        assert!(said.lines().count() > 0 && said.lines().all(|line| line.starts_with("atomic-write: f: ")), "{said}");
        assert!(scene.read("f") == bytes, "{args:?}");
    }
}

#[test]
fn it_is_told_while_command_prints_nothing() {
    for (args, expected) in [
        (&["f", "--", "sh", "-c", "SCRIPT"][..], "atomic-write: f: 0 bytes, "),
        (&["-I", "{}", "f", "--", "sh", "-c", "SCRIPT", "sh", "{}"], "atomic-write: f: the command runs, "),
        (&["--tree", "-I", "{}", "f", "--", "sh", "-c", "SCRIPT", "sh", "{}"], "atomic-write: f: the command runs, "),
    ] {
        let scene = Scene::new();
        let (mut ready, mut go) = (Fifo::new(&scene, "ready"), Fifo::new(&scene, "go"));
        let script = "echo ready >ready; read line <go; if test $# = 0; then echo new; elif test -d \"$1\"; \
                      then echo new >\"$1/new\"; else echo new >\"$1\"; fi";
        let mut command = scene.process();
        command.args(args.iter().map(|&word| if word == "SCRIPT" { script } else { word }));
        let mut run = Asked::start(command);
        assert_eq!(ready.line(), "ready");
        run.answers(expected);
        go.send();
        assert_eq!(run.succeeds(), "");
        assert!(scene.path("f").exists());
    }
}

#[test]
fn a_long_copy_tells_of_how_much() {
    needs!(strace);
    let scene = Scene::new();
    source_in_two_pieces(&scene);
    let run = Strace::new(&scene, &["--from", "source", "f"])
        .inject("ioctl:error=EOPNOTSUPP")
        .inject("copy_file_range:signal=USR1:when=1")
        .run();
    assert_eq!(run.output.status.code(), Some(0), "{run:?}");
    let told = stderr(&run.output);
    assert!(told.starts_with("atomic-write: f: 536870912 bytes (512.00 MiB) of 1073741824, 50%, "), "{told}");
    assert!(told.ends_with(" s left\n"), "{told}");
}

#[test]
fn who_started_it_to_ignore_the_signal_gets_no_answer() {
    for option in ["--ignore-signal=USR1", "--block-signal=USR1"] {
        let scene = Scene::new();
        let mut command = scene.other("env");
        command.arg(option).arg(program()).args(["f", "--", "sh", "-c", "echo ready >ready; cat"]);
        let mut ready = Fifo::new(&scene, "ready");
        let run = Asked::start(command);
        assert_eq!(ready.line(), "ready");
        run.ask();
        run.child.stdin.as_ref().unwrap().write_all(b"new").unwrap();
        assert_eq!(run.succeeds(), "", "{option}");
        assert_eq!(scene.text("f"), "new");
    }
}
