//! Calls that a run depended on once: refused each, and all newer ones at once.
//!
//! Rows: 81.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output, Stdio};

use nix::libc;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::common::events::{Fifo, end_of};
use crate::common::filter::Filter;
use crate::common::{Scene, as_user, is_root, program, stderr};

/// How a kernel answers to a call that it does not know, and how old filters do.
const ERRNOS: [i32; 2] = [libc::ENOSYS, libc::EPERM];

/// The program in the scene, under the filter.
fn under(filter: &Filter, scene: &Scene, args: &[&str]) -> Command {
    let words = filter.words();
    let mut command = scene.other(&words[0]);
    command.arg(&words[1]).arg(program()).args(args);
    command
}

fn run(filter: &Filter, scene: &Scene, args: &[&str]) -> Output {
    under(filter, scene, args).output().unwrap()
}

/// `errno` for each of the calls that make or use a descriptor of a process.
fn without_pidfds(errno: i32) -> Filter {
    let by_descriptor = (0, u64::from(u32::MAX), 3);
    Filter::new().refuse_all([libc::SYS_pidfd_open, libc::SYS_pidfd_send_signal], errno).refuse_where(
        libc::SYS_waitid,
        by_descriptor,
        errno,
    )
}

/// The calls that exist since Linux 5.1: the numbers are the same on all architectures.
fn newer_than_4_18(errno: i32) -> Filter {
    Filter::new().refuse_all(libc::SYS_pidfd_send_signal..512, errno)
}

/// Without what else has come since Linux 3.10.
fn newer_than_3_10(errno: i32) -> Filter {
    let calls = [libc::SYS_statx, libc::SYS_renameat2, libc::SYS_copy_file_range, libc::SYS_getrandom];
    newer_than_4_18(errno).refuse_all(calls, errno)
}

#[test]
fn the_filter_answers_as_it_is_told_and_to_nobody_else() {
    let scene = Scene::new();
    let filter = Filter::new().refuse(libc::SYS_mkdirat, libc::EXDEV);
    // Newer processors have no such call.
    #[cfg(target_arch = "x86_64")]
    let filter = filter.refuse(libc::SYS_mkdir, libc::EXDEV);
    let words = filter.words();
    let output = scene.other(&words[0]).arg(&words[1]).args(["mkdir", "d"]).output().unwrap();
    assert!(stderr(&output).contains("Invalid cross-device link"), "{output:?}");
    scene.mkdir("d");
    // Only where the argument has the bit.
    let filter = Filter::new().refuse_where(libc::SYS_openat, (2, 0o100, 0o100), libc::EXDEV);
    let words = filter.words();
    let script = "exec 3<d && echo opened && : >f";
    let output = scene.other(&words[0]).arg(&words[1]).args(["sh", "-c", script]).output().unwrap();
    assert_eq!(output.stdout, b"opened\n");
    assert!(stderr(&output).contains("cross-device"), "{output:?}");
    assert_eq!(scene.names(), ["d"]);
}

#[test]
fn a_command_runs_once_and_its_status_is_passed_on_without_pidfds() {
    for errno in ERRNOS {
        for (status, code) in [(0, 0), (7, 7), (121, 125)] {
            let scene = Scene::with_old();
            let script = format!("echo ran >>ran; echo new; exit {status}");
            let output = run(&without_pidfds(errno), &scene, &["f", "--", "sh", "-c", &script]);
            assert_eq!(output.status.code(), Some(code), "{errno}: {output:?}");
            assert_eq!(scene.text("ran"), "ran\n", "{errno}: {output:?}");
            assert_eq!(scene.text("f"), if status == 0 { "new\n" } else { "old" });
            assert_eq!(scene.names(), ["f", "ran"]);
        }
    }
}

#[test]
fn a_command_that_a_signal_killed_is_told_without_pidfds() {
    for errno in ERRNOS {
        let scene = Scene::with_old();
        let output = run(&without_pidfds(errno), &scene, &["f", "--", "sh", "-c", "kill -9 $$"]);
        assert_eq!(output.status.code(), Some(137), "{errno}: {output:?}");
        assert!(stderr(&output).contains("was killed by signal 9"), "{errno}: {output:?}");
        assert_eq!(scene.text("f"), "old");
    }
}

#[test]
fn a_command_that_cannot_be_run_is_told_without_pidfds() {
    for errno in ERRNOS {
        for (command, code) in [("./f", 126), ("./absent", 127)] {
            let scene = Scene::with_old();
            let output = run(&without_pidfds(errno), &scene, &["f", "--", command]);
            assert_eq!(output.status.code(), Some(code), "{errno}: {output:?}");
            assert_eq!(scene.text("f"), "old");
        }
    }
}

#[test]
fn edit_works_without_pidfds() {
    for errno in ERRNOS {
        let scene = Scene::new();
        scene.write("f", "old\n");
        let script = "echo ran >>ran; tr a-z A-Z";
        let output = run(&without_pidfds(errno), &scene, &["--edit", "f", "--", "sh", "-c", script]);
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{errno}: {output:?}");
        assert_eq!((scene.text("f").as_str(), scene.text("ran").as_str()), ("OLD\n", "ran\n"));
    }
}

#[test]
fn a_validator_decides_without_pidfds() {
    for errno in ERRNOS {
        for (verdict, code) in [(0, 0), (1, 123)] {
            let scene = Scene::with_old();
            let validator = format!("echo ran >>ran; test \"$(cat \"$1\")\" = new && exit {verdict}");
            let args = ["--validate", &validator, "f", "--", "echo", "new"];
            let output = run(&without_pidfds(errno), &scene, &args);
            assert_eq!(output.status.code(), Some(code), "{errno}: {output:?}");
            assert_eq!(scene.text("f"), if code == 0 { "new\n" } else { "old" });
            assert_eq!(scene.text("ran"), "ran\n");
        }
    }
}

#[test]
fn a_signal_is_passed_on_waited_for_and_died_of_without_pidfds() {
    // Sleeps in the shell, so that the trap runs at once.
    let script =
        "sleep 100 >&- 2>&- & trap 'echo term >>log; kill -9 $!; exit 0' TERM; echo new; echo ready >ready; wait";
    let forms: [&[&str]; 2] = [&["f", "--", "sh", "-c", script], &["--validate", script, "f"]];
    for errno in ERRNOS {
        for args in forms {
            let scene = Scene::with_old();
            let mut ready = Fifo::new(&scene, "ready");
            let mut child = under(&without_pidfds(errno), &scene, args).stderr(Stdio::null()).spawn().unwrap();
            assert_eq!(ready.line(), "ready", "{errno} {args:?}");
            kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGTERM).unwrap();
            assert_eq!(end_of(&mut child).signal(), Some(libc::SIGTERM), "{errno} {args:?}");
            // It is there already: the command's end came before ours.
            assert_eq!((scene.text("log").as_str(), scene.text("f").as_str()), ("term\n", "old"));
        }
    }
}

#[test]
fn a_failure_of_ours_ends_the_command_without_pidfds() {
    for errno in ERRNOS {
        let scene = Scene::with_old();
        // A shell's output goes by another call.
        let filter = without_pidfds(errno).refuse(libc::SYS_pwrite64, libc::EIO);
        let script =
            "echo $$ >pid; sleep 100 >&- 2>&- & trap 'echo term >>log; kill -9 $!; exit 0' TERM; echo new; wait";
        let output = run(&filter, &scene, &["f", "--", "sh", "-c", script]);
        assert_eq!(output.status.code(), Some(125), "{errno}: {output:?}");
        assert!(stderr(&output).contains("write: staging file in .: I/O error (unchanged)"), "{output:?}");
        assert_eq!((scene.text("log").as_str(), scene.text("f").as_str()), ("term\n", "old"));
        assert!(!fs::exists(format!("/proc/{}", scene.text("pid").trim())).unwrap());
    }
}

#[test]
fn an_existing_file_is_replaced_without_faccessat2() {
    for errno in ERRNOS {
        let filter = Filter::new().refuse(libc::SYS_faccessat2, errno);
        let scene = Scene::with_old();
        let output = run(&filter, &scene, &["f", "--", "echo", "new"]);
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{errno}: {output:?}");
        assert_eq!(scene.text("f"), "new\n");
    }
}

/// By way of a descriptor, as he may be unable to reach the program's path.
fn ordinary(filter: &Filter, scene: &Scene, args: &[&str]) -> Output {
    if is_root() {
        scene.give_to_user("");
    }
    let words = filter.words();
    let words: Vec<&str> = words.iter().map(String::as_str).chain(as_user().iter().copied()).collect();
    scene.through(&words).args(args).write_stdin("new").output().unwrap()
}

#[test]
fn a_file_that_the_caller_may_not_write_is_refused_without_faccessat2() {
    for errno in ERRNOS {
        let filter = Filter::new().refuse(libc::SYS_faccessat2, errno);
        for all in [filter.clone(), newer_than_4_18(errno), newer_than_3_10(errno)] {
            let scene = Scene::with_old();
            scene.chmod("f", 0o444);
            scene.give_to_user("f");
            let output = ordinary(&all, &scene, &["f"]);
            assert_eq!(output.status.code(), Some(1), "{errno}: {output:?}");
            assert!(
                stderr(&output).contains("f: replace: no write permission on the file (unchanged)\nhint: --force"),
                "{output:?}"
            );
            assert_eq!(scene.text("f"), "old");
            let output = ordinary(&all, &scene, &["--force", "f"]);
            assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{errno}: {output:?}");
            assert_eq!((scene.text("f").as_str(), scene.mode("f")), ("new", 0o444));
        }
    }
}

/// The calls that came one by one come all at once as well.
#[test]
fn every_form_works_without_any_newer_call() {
    let forms: [(&[&str], &str); 6] = [
        (&["f"], "new\n"),
        (&["--from", "source", "f"], "new\n"),
        (&["f", "--", "cat", "source"], "new\n"),
        (&["--edit", "--lock", "--backup=numbered", "f", "--", "sed", "s/old/new/"], "new\n"),
        (&["--append", "--backup=simple", "f"], "old\nnew\n"),
        (&["--parents", "--no-clobber", "--validate", "test -s \"$1\"", "a/b/c"], "old\n"),
    ];
    for errno in ERRNOS {
        for filter in [newer_than_4_18(errno), newer_than_3_10(errno)] {
            for (args, content) in forms {
                let scene = Scene::new();
                scene.write("f", "old\n");
                let source = scene.write("source", "new\n");
                let input = fs::File::open(source).unwrap();
                let output = under(&filter, &scene, args).stdin(input).output().unwrap();
                assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{errno} {args:?}");
                assert_eq!(scene.text("f"), content, "{errno} {args:?}");
                if args.contains(&"a/b/c") {
                    assert_eq!(scene.text("a/b/c"), "new\n", "{errno}");
                }
                assert!(!scene.names().iter().any(|name| name.starts_with(".aw-")), "{errno} {args:?}");
            }
        }
    }
}

/// Some filters refuse clone3(2) with EPERM, which glibc's posix_spawn(3) takes for the last word.
#[test]
fn a_command_starts_with_no_signal_blocked_without_clone3() {
    for errno in ERRNOS {
        let scene = Scene::new();
        let filter = Filter::new().refuse(libc::SYS_clone3, errno);
        let output = run(&filter, &scene, &["f", "--", "grep", "SigBlk", "/proc/self/status"]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(scene.text("f"), "SigBlk:\t0000000000000000\n", "errno {errno}");
    }
}
