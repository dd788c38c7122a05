//! What the program was started with holds, and the shell sees the truth.
//!
//! Rows: 35.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;

use nix::sys::signal::Signal;

use super::{Receiving, STAGINGS};
use crate::common::needs::needs;
use crate::common::{Scene, program, tool};

/// Survives the signal and commits at the end of its input.
fn survives(launcher: &[&str], signal: Signal) {
    for staging in STAGINGS {
        for target in ["f", "new/f"] {
            let scene = Scene::with_old();
            let receiving = Receiving::start(&scene, staging, launcher, &["-D", target]);
            receiving.signal(signal as i32);
            let status = receiving.end_input();
            assert_eq!(status.code(), Some(0), "{staging:?} {signal} {launcher:?}");
            assert_eq!(scene.read(target).len(), 3 << 20);
        }
        // Without --parents, which watches signals in any case.
        let scene = Scene::new();
        let receiving = Receiving::start(&scene, staging, launcher, &["f"]);
        receiving.signal(signal as i32);
        assert_eq!(receiving.end_input().code(), Some(0), "{staging:?} {signal} {launcher:?}");
        assert_eq!(scene.names(), ["f"]);
    }
}

#[test]
fn a_signal_that_was_ignored_stays_ignored() {
    needs!(strace);
    for signal in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM, Signal::SIGPIPE, Signal::SIGUSR1] {
        let ignore = format!("trap '' {}; exec \"$@\"", signal.as_str().trim_start_matches("SIG"));
        survives(&["sh", "-c", &ignore, "sh"], signal);
    }
}

/// The kernel shows them behind the program's name, which may look like what follows it.
#[test]
fn whatever_the_program_is_called() {
    for name in ["aw", "a) R 1 (b", "))))))))))))))))", "a very long name (indeed)"] {
        let scene = Scene::with_old();
        scene.symlink(program(), name);
        let script = "trap '' TERM; exec \"./$1\" f -- sh -c 'kill -TERM $PPID; echo new'";
        let output = scene.other("sh").args(["-c", script, "sh", name]).output().unwrap();
        assert!(output.status.success() && scene.text("f") == "new\n", "{name}: {output:?}");
    }
}

#[test]
fn nohup_is_respected() {
    needs!(strace, nohup);
    // It would write to nohup.out where standard output were a terminal.
    survives(&["sh", "-c", "exec nohup \"$@\" > /dev/null 2>&1", "sh"], Signal::SIGHUP);
}

#[test]
fn a_signal_that_was_blocked_stays_blocked() {
    needs!(strace);
    for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT] {
        let block = format!("--block-signal={}", signal.as_str().trim_start_matches("SIG"));
        survives(&["env", &block], signal);
    }
}

#[test]
fn the_shell_sees_128_and_the_number() {
    for (signal, expected) in [(Signal::SIGTERM, 143), (Signal::SIGINT, 130), (Signal::SIGHUP, 129)] {
        for option in ["--sync=full", "--parents"] {
            let scene = Scene::with_old();
            let script = "sh -c 'echo $$; exec \"$AW\" \"$1\" f' sh \"$1\"; echo $?";
            let mut shell = scene
                .other("sh")
                .args(["-c", script, "sh", option])
                .env("AW", program())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                // It says "Terminated" there.
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut stdin = shell.stdin.take().unwrap();
            let mut stdout = BufReader::new(shell.stdout.take().unwrap());
            let mut process = String::new();
            stdout.read_line(&mut process).unwrap();
            // More than a pipe can hold: it is the program that has read it.
            stdin.write_all(&vec![b'n'; 3 << 20]).unwrap();
            tool("sh", &["-c", &format!("kill -{} {}", signal as i32, process.trim())]);
            let mut seen = String::new();
            stdout.read_to_string(&mut seen).unwrap();
            shell.wait().unwrap();
            assert_eq!(seen, format!("{expected}\n"), "{option}");
            scene.has_only("f", "old");
        }
    }
}
