//! A lock that cannot be had, or not in time.
//!
//! Rows: 61.

use std::io::Read;
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{Holder, until_it_waits};
use crate::common::events::{end_of, shell_status};
use crate::common::needs::needs;
use crate::common::strace::Strace;
use crate::common::{Scene, stderr};

#[test]
fn a_lock_that_does_not_come_in_time_is_refused() {
    let scene = Scene::with_old();
    scene.symlink("f", "link");
    scene.write("in", "for others");
    let _holder = Holder::of(&scene.path("f"));
    for (seconds, target) in [("0", "f"), ("0.05", "f"), ("0", "link"), (".01", "f"), ("1e-3", "link")] {
        let output =
            scene.sh(&format!("{{ $AW --lock-timeout {seconds} {target}; status=$?; cat; exit $status; }} <in"));
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        let told = stderr(&output);
        let begin = format!("atomic-write: {target}: lock: another writer holds the lock (waited ");
        assert!(told.starts_with(&begin) && told.ends_with(" s) (unchanged)\n"), "{told}");
        assert_eq!(output.stdout, b"for others");
    }
    scene.cmd().args(["--lock-timeout", "0", "f", "--", "touch", "ran"]).assert().code(123);
    assert_eq!(scene.names(), ["f", "in", "link"]);
    assert_eq!(scene.text("f"), "old");
}

#[test]
fn the_lock_on_what_is_absent_is_its_directorys() {
    let scene = Scene::new();
    scene.mkdir("d");
    let _holder = Holder::of(&scene.path("d"));
    scene.cmd().args(["--lock-timeout", "0", "d/f"]).assert().code(3);
    // Without --lock nobody asks for locks.
    scene.cmd().args(["d/f"]).write_stdin("new").assert().success();
    scene.cmd().args(["--lock-timeout", "0", "d/f"]).write_stdin("newer").assert().success();
    assert_eq!(scene.text("d/f"), "newer");
}

#[test]
fn a_directory_that_may_not_be_read_cannot_be_locked() {
    let scene = Scene::new();
    scene.mkdir("d");
    scene.write("d/f", "old");
    scene.write("in", "for others");
    scene.give_to_user("d/f");
    scene.chmod("d", 0o300);
    let output = scene.ordinary().args(["--lock", "d/new"]).write_stdin("new").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let words = "atomic-write: d/new: lock: no read permission on directory d/, so it cannot be locked (unchanged)\n";
    assert_eq!(stderr(&output), words);
    let assert = scene.ordinary().args(["--lock", "d/new", "--", "touch", "ran"]).assert();
    assert.code(125);
    // Where it is not asked for it is done without.
    scene.ordinary().args(["--append", "d/other"]).write_stdin("new").assert().success().stderr("");
    // A file has its own.
    scene.ordinary().args(["--lock", "d/f"]).write_stdin("new").assert().success();
    scene.chmod("d", 0o700);
    assert_eq!(scene.text("d/f"), "new");
    assert!(!scene.path("d/new").exists() && !scene.path("ran").exists());
}

#[test]
fn a_file_that_may_not_be_read_cannot_be_locked() {
    let scene = Scene::with_old();
    scene.chmod("f", 0o200);
    let output = scene.ordinary().args(["--lock", "f"]).write_stdin("new").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(stderr(&output).contains("f: lock: TARGET cannot be locked: Permission denied (unchanged)"), "{output:?}");
}

/// As on NFS without its lock daemon.
#[test]
fn a_file_system_without_locks_is_told_before_anything_is_read() {
    needs!(strace);
    let scene = Scene::with_old();
    for (target, what) in [("f", "TARGET"), ("new", "its directory")] {
        let strace = Strace::new(&scene, &["--lock", target]).input("new").inject("flock:error=ENOLCK");
        let traced = strace.run();
        assert_eq!(traced.output.status.code(), Some(1), "{traced:?}");
        let words = format!("lock: {what} cannot be locked: No record locks available (unchanged)");
        assert!(stderr(&traced.output).contains(&words), "{traced:?}");
        assert_eq!(traced.calls.input_read(), None);
        assert_eq!(scene.names(), ["f"]);
    }
}

#[test]
fn a_lock_that_fails_is_no_missing_lock() {
    needs!(strace);
    for args in [&["-a", "f"][..], &["-e", "f", "--", "cat"]] {
        let scene = Scene::with_old();
        let traced = Strace::new(&scene, args).input("+").inject("flock:error=EIO").run();
        assert!(stderr(&traced.output).contains("lock: TARGET cannot be locked: "), "{traced:?}");
        scene.has_only("f", "old");
    }
}

#[test]
fn without_locks_an_edit_and_an_append_do_without() {
    needs!(strace);
    for (args, becomes) in [(&["-a", "f"][..], "old+"), (&["-e", "f", "--", "tr", "a-z", "A-Z"], "OLD")] {
        for errno in ["ENOLCK", "EOPNOTSUPP", "ENOSYS", "EPERM"] {
            let scene = Scene::with_old();
            let run = |args: &[&str]| {
                let traced = Strace::new(&scene, args).input("+").inject(format!("flock:error={errno}")).run();
                (traced.output.status.code(), stderr(&traced.output))
            };
            let (status, words) = run(&[&["--lock"], args].concat());
            assert!(matches!(status, Some(1 | 125)) && words.contains("cannot be locked"), "{errno}: {words}");
            assert_eq!(run(args), (Some(0), String::new()), "{errno}");
            scene.has_only("f", becomes);
        }
    }
}

/// Nothing is cleaned up, or, with `--parents`, what it created.
#[test]
fn a_signal_ends_the_waiting() {
    for options in [&["--lock"][..], &["--lock-timeout", "600"], &["--lock", "-D"]] {
        let scene = Scene::new();
        let path = scene.write("f", "old");
        let _holder = Holder::of(&path);
        let mut process = scene.process();
        let mut child = process.args(options).arg("f").stderr(Stdio::piped()).spawn().unwrap();
        until_it_waits(child.id(), scene.inode("f"));
        kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGTERM).unwrap();
        assert_eq!(shell_status(end_of(&mut child)), 143);
        let mut told = String::new();
        child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        assert_eq!(told, "");
        assert_eq!(scene.names(), ["f"]);
    }
}
