//! `--parents`.
//!
//! Rows: 74.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::common::needs::needs;
use crate::common::strace::Strace;
use crate::common::{Scene, is_root, names_in, stderr, write_until_read};
use crate::portable::names::fails;

#[test]
fn what_cannot_be_created_is_told_and_the_rest_taken_back() {
    let scene = Scene::new();
    scene.write("file", "old");
    fails(&scene, &["-D", "file/a/f"], "Not a directory");
    let long = format!("a/b/{}/f", "n".repeat(256));
    fails(&scene, &["-D", &long], "create directory: a/b/");
    if !is_root() {
        scene.mkdir("locked");
        scene.chmod("locked", 0o555);
        fails(&scene, &["-D", "locked/a/f"], "create directory: locked/a: Permission denied");
    }
    assert!(!scene.path("a").exists());
}

#[test]
fn a_signal_takes_them_back_too() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let scene = Scene::new();
        let mut child = scene.process().args(["-D", "a/b/f"]).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        write_until_read(&mut stdin);
        assert!(scene.path("a/b").is_dir());
        kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(signal as i32));
        assert_eq!(scene.names().len(), 0);
    }
}

/// The entries of what is new are on the disk: each in its holder, down from the first directory that existed.
#[test]
fn each_created_directory_and_the_first_existing_one_are_synced() {
    needs!(strace);
    let scene = Scene::new();
    let traced = Strace::new(&scene, &["-D", "a/b/f"]).input("new").run();
    assert!(traced.output.status.success(), "{traced:?}");
    let root = format!("{}>", scene.root().file_name().unwrap().to_str().unwrap());
    traced.calls.in_order(&[
        ("mkdirat", &["\"a\""]),
        ("fsync", &[&root]),
        ("mkdirat", &["\"b\""]),
        ("fsync", &["/a>"]),
        ("linkat", &["\"f\""]),
        ("fsync", &["/a/b>"]),
    ]);
}

#[test]
fn what_existed_is_not_synced_again() {
    needs!(strace);
    let scene = Scene::new();
    scene.mkdir("a");
    let traced = Strace::new(&scene, &["-D", "a/f"]).input("new").run();
    assert_eq!(traced.calls.all("fsync", &[]).filter(|call| call.args.ends_with("/a>")).count(), 1);
    assert!(!traced.calls.has("mkdirat", &[]));
}

#[test]
fn a_directory_that_vanishes_before_it_is_entered_is_created_again() {
    needs!(strace);
    let scene = Scene::new();
    let stopped = Strace::new(&scene, &["-D", "a/b/f"]).input("new").stopped_after("mkdirat:when=1");
    fs::remove_dir(scene.path("a")).unwrap();
    assert!(stopped.resume().output.status.success());
    assert_eq!(scene.text("a/b/f"), "new");
}

/// Another writer was quicker: what it made is used, and is not ours to remove.
#[test]
fn a_directory_that_appears_meanwhile_is_used_and_not_removed() {
    needs!(strace);
    let scene = Scene::new();
    let command_line = ["-D", "a/b/f", "--", "false"];
    let before = Strace::new(&scene, &command_line).run().calls;
    let not_there = before.when(before.at("openat", &["\"a\""]));
    let stopped = Strace::new(&scene, &command_line).stopped_after(&format!("openat:when={not_there}"));
    scene.mkdir("a");
    let traced = stopped.resume();
    assert_eq!(traced.output.status.code(), Some(1));
    assert!(traced.calls.has("mkdirat", &["\"a\""]), "{traced:?}");
    assert_eq!((scene.names(), names_in(&scene.path("a")).len()), (vec!["a".to_owned()], 0));
}

/// It would not come back however often it is tried.
#[test]
fn a_working_directory_that_is_gone_is_told_as_it_is() {
    let scene = Scene::new();
    for (args, target) in
        [("x/f", "x/f"), ("-t x /etc/passwd", "x"), ("./x/y/f", "./x/y/f"), ("-t ./x /etc/passwd", "./x")]
    {
        let output = scene.sh(&format!("mkdir gone; cd gone; rmdir ../gone; \"$AW\" -D {args} </dev/null"));
        let words = "create directory: working directory: No such file or directory (unchanged)\n";
        let expected = format!("atomic-write: {target}: {words}");
        assert_eq!((output.status.code(), stderr(&output)), (Some(1), expected), "{args}");
    }
}
