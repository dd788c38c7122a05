//! A signal while input arrives, at its end, and during the commit.
//!
//! Rows: 31, 35, 36.

use std::os::unix::process::ExitStatusExt;

use nix::sys::signal::Signal;

use super::{Receiving, STAGINGS, Staging};
use crate::common::events::{end_of, until};
use crate::common::needs::needs;
use crate::common::strace::{Calls, Strace, look, plain_calls};
use crate::common::{Scene, stderr};

/// Those that the contract names, others that would end us, and a real-time one.
const ENDING: [i32; 8] = [
    Signal::SIGTERM as i32,
    Signal::SIGINT as i32,
    Signal::SIGHUP as i32,
    Signal::SIGQUIT as i32,
    Signal::SIGPIPE as i32,
    Signal::SIGUSR2 as i32,
    Signal::SIGALRM as i32,
    40,
];

// Row 35.
#[test]
fn while_input_arrives_it_ends_the_run_and_leaves_nothing() {
    needs!(strace);
    for staging in STAGINGS {
        for number in ENDING {
            let scene = Scene::with_old();
            let inode = scene.inode("f");
            let receiving = Receiving::start(&scene, staging, &[], &["f"]);
            assert_eq!(scene.names().len(), if staging == Staging::Named { 2 } else { 1 });
            receiving.signal(number);
            let status = receiving.ends();
            assert_eq!(status.signal(), Some(number), "{staging:?} {number}: {status:?}");
            assert_eq!((scene.text("f").as_str(), scene.inode("f")), ("old", inode), "{staging:?} {number}");
            assert_eq!(scene.names(), ["f"], "{staging:?} {number}");
        }
    }
}

// Row 35, and --parents.
#[test]
fn the_directories_that_were_created_go_as_well() {
    needs!(strace);
    for staging in STAGINGS {
        for number in ENDING {
            let scene = Scene::new();
            scene.mkdir("a");
            let receiving = Receiving::start(&scene, staging, &[], &["-D", "a/b/c/f"]);
            assert!(scene.path("a/b/c").is_dir());
            receiving.signal(number);
            let status = receiving.ends();
            assert_eq!(status.signal(), Some(number), "{staging:?} {number}: {status:?}");
            assert!(scene.path("a").is_dir() && !scene.path("a/b").exists(), "{staging:?} {number}");
        }
    }
}

// Zeros are hashed for it and nothing is read, so nothing waits either.
#[test]
fn a_signal_ends_the_hashing_of_a_huge_hole() {
    let scene = Scene::new();
    let source = std::fs::File::create(scene.path("source")).unwrap();
    source.set_len(1 << 40).unwrap();
    let checksum = format!("sha256:{}", "0".repeat(64));
    let mut writer = scene.process();
    writer.args(["--parents", "--checksum", &checksum, "--from", "source", "d/f"]);
    let mut writer = writer.spawn().unwrap();
    // Signals are watched before it exists.
    until("the directory", || scene.path("d").is_dir());
    let pid = rustix::process::Pid::from_child(&writer);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(end_of(&mut writer).signal(), Some(Signal::SIGTERM as i32));
    assert_eq!(scene.names(), ["source"]);
}

/// The calls of a run that replaces `f`.
fn recorded(named: bool) -> Calls {
    let scene = Scene::with_old();
    strace(&scene, named).run().calls
}

fn strace(scene: &Scene, named: bool) -> Strace<'_> {
    let strace = Strace::new(scene, &["f"]).input("new");
    if named { strace.without_links() } else { strace }
}

// Row 36: the end of the input is there, and the signal as well.
#[test]
fn a_signal_with_the_end_of_the_input_behind_it_commits_nothing() {
    needs!(strace);
    for named in [false, true] {
        let calls = recorded(named);
        let reads: Vec<usize> =
            (0..calls.0.len()).filter(|&at| calls.0[at].name == "read" && calls.0[at].descriptor() == "0").collect();
        assert!(reads.len() >= 2, "some input, and its end: {calls:?}");
        for read in reads {
            for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGPIPE] {
                let scene = Scene::with_old();
                let stopped = strace(&scene, named).stopped_after(&format!("read:when={}", calls.when(read)));
                stopped.signal(signal);
                let run = stopped.resume();
                assert_eq!(run.output.status.signal(), Some(signal as i32), "{run:?}");
                assert_eq!(stderr(&run.output), "");
                scene.has_only("f", "old");
            }
        }
    }
}

// Row 31: from the naming to the exit they wait, and the verdict is the true one.
#[test]
fn during_the_commit_it_waits_for_the_verdict() {
    needs!(strace);
    let calls = plain_calls();
    let last = calls.0.iter().rposition(|call| call.name == "fsync").unwrap();
    let committing = [
        calls.stop("linkat", &[".aw-"]),
        calls.stop(look(), &["\"f\""]),
        calls.stop("renameat", &[]),
        format!("fsync:when={}", calls.when(last)),
        calls.stop("exit_group", &[]),
    ];
    for call in &committing {
        for signal in ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGPIPE", "SIGUSR1", "SIGXCPU", "SIGFPE", "64"] {
            let scene = Scene::with_old();
            let injection = call.replacen(':', &format!(":signal={signal}:"), 1);
            let run = strace(&scene, false).inject(injection).run();
            assert_eq!(run.output.status.code(), Some(0), "{signal} at {call}: {run:?}");
            scene.has_only("f", "new");
        }
    }
}

// Row 31.
#[test]
fn after_the_rename_a_failure_says_replaced_whatever_signal_came() {
    needs!(strace);
    let calls = plain_calls();
    let last = calls.0.iter().rposition(|call| call.name == "fsync").unwrap();
    let scene = Scene::with_old();
    let run = strace(&scene, false)
        .inject("renameat:signal=TERM")
        .inject(format!("fsync:error=EIO:when={}", calls.when(last)))
        .run();
    assert_eq!(run.output.status.code(), Some(4), "{run:?}");
    assert!(stderr(&run.output).ends_with("(replaced, may not survive a power cut)\n"));
    assert_eq!(scene.text("f"), "new");
}
