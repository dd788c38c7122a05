//! Syncs that fail, that would take long, or that are known to mean nothing.
//!
//! Rows: 10, 14, 17, 109.

use super::{args, content, sources, with_unwritten};
use crate::common::needs::needs;
use crate::common::strace::{Calls, Strace, Traced};
use crate::common::{Disk, Scene, names_in, stderr, stdout};

/// A run in which nothing else is to be written, with these injections.
fn run(scene: &Scene, options: &[&str], count: usize, kilobytes: u64, injections: &[&str]) -> Traced {
    let files = sources(scene, count);
    let launcher = with_unwritten(scene, kilobytes);
    let args = args(options, &files);
    let mut strace = Strace::new(scene, &args).by(&launcher.each_ref().map(String::as_str));
    for &injection in injections {
        strace = strace.inject(injection);
    }
    strace.run()
}

fn all_new(scene: &Scene, count: usize) {
    assert!((0..count).all(|number| scene.text(format!("d/{number}")) == content(number)));
    assert_eq!(names_in(&scene.path("d")).len(), count);
}

/// How often each file is synced by itself.
fn of_files(calls: &Calls) -> usize {
    calls.0.iter().filter(|call| call.name == "fsync" && !call.args.ends_with("/d>")).count()
}

#[test]
fn a_sync_of_all_that_fails_is_made_file_by_file() {
    needs!(root, strace, mount_namespaces);
    let disk = Disk::new("ext4", 32, "");
    let traced = run(&disk, &[], 12, 0, &["syncfs:error=EIO"]);
    assert_eq!((traced.output.status.code(), stderr(&traced.output).as_str()), (Some(0), ""));
    assert_eq!((of_files(&traced.calls), traced.calls.all("syncfs", &[]).count()), (12, 1));
    all_new(&disk, 12);
}

/// It may have been about another program's file: each tells about itself.
#[test]
fn only_the_file_that_cannot_be_synced_fails() {
    needs!(root, strace, mount_namespaces);
    let disk = Disk::new("ext4", 32, "");
    // One thread syncs all.
    let injections = ["syncfs:error=EIO", "clone3:error=EAGAIN", "clone:error=EAGAIN", "fsync:error=EIO:when=3"];
    let traced = run(&disk, &["--report"], 12, 0, &injections);
    let text = stderr(&traced.output);
    assert_eq!(traced.output.status.code(), Some(1), "{text}");
    assert!(text.starts_with("atomic-write: d/2: sync: staging file in d: "), "{text}");
    assert!(text.ends_with(" (unchanged)\natomic-write: d: 12 files: 1 failed, 11 created\n"), "{text}");
    assert_eq!((names_in(&disk.path("d")).len(), disk.path("d/2").exists()), (11, false));
    assert_eq!(stdout(&traced.output).lines().count(), 11);
}

#[test]
fn what_others_have_left_is_not_waited_for() {
    needs!(root, strace, mount_namespaces);
    let disk = Disk::new("ext4", 32, "");
    let traced = run(&disk, &[], 40, 8 << 20, &[]);
    assert_eq!((traced.output.status.code(), stderr(&traced.output).as_str()), (Some(0), ""));
    assert!(!traced.calls.has("syncfs", &[]) && of_files(&traced.calls) == 40, "{:#?}", traced.calls);
    // By several threads at a time.
    assert!(traced.calls.0.iter().filter(|call| ["clone", "clone3"].contains(&call.name.as_str())).count() >= 2);
    all_new(&disk, 40);
}

#[test]
fn a_directory_that_cannot_be_synced_is_told_once() {
    needs!(strace, prlimit);
    for count in [1, 20] {
        let scene = Scene::new();
        let files = sources(&scene, count);
        let args = args(&["--report", "--sync", "full"], &files);
        // One file at a time, so that the calls can be counted.
        let strace = || Strace::new(&scene, &args).by(&["prlimit", "--nofile=66"]);
        let recorded = strace().run().calls;
        let last = recorded.0.iter().rposition(|call| call.is("fsync", &["/d>"])).unwrap();
        for number in 0..count {
            std::fs::remove_file(scene.path(format!("d/{number}"))).unwrap();
        }
        let traced = strace().inject(format!("fsync:error=EIO:when={}", recorded.when(last))).run();
        let text = stderr(&traced.output);
        assert_eq!(traced.output.status.code(), Some(4), "{text}");
        assert!(text.starts_with("atomic-write: d: sync directory: "), "{text}");
        assert!(text.ends_with(" (replaced, may not survive a power cut)\n") && text.lines().count() == 1, "{text}");
        assert_eq!(stdout(&traced.output).lines().count(), count);
        all_new(&scene, count);
    }
}

/// What had no name may not have been synced.
#[test]
fn on_btrfs_each_of_few_files_is_synced_again() {
    needs!(root, strace, "mkfs.btrfs");
    let disk = Disk::new("btrfs", 128, "");
    for (how, again) in [("full", true), ("file", true), ("none", false)] {
        let scene = Scene::on(disk.root());
        let files = sources(&scene, 3);
        scene.write("d/1", "old");
        let calls = Strace::new(&scene, &args(&["--sync", how], &files)).run().calls;
        for name in ["linkat", "renameat", "linkat"].iter().zip(["\"0\"", "\"1\"", "\"2\""]) {
            let named = calls.at(name.0, &[name.1]);
            let next = calls.0[named + 1..].iter().find(|call| ["fsync", "linkat"].contains(&call.name.as_str()));
            let synced = next.is_some_and(|call| call.name == "fsync" && !call.args.ends_with("/d>"));
            assert_eq!(synced, again, "--sync {how} {name:?} {calls:#?}");
        }
    }
}

/// A sync of the whole is only relied on where it is known to do it.
#[test]
fn on_an_unknown_file_system_each_file_is_synced() {
    needs!(root, strace, changed_answers, mount_namespaces);
    let scene = Scene::new();
    let files = sources(&scene, 12);
    let launcher = with_unwritten(&scene, 0);
    let args = args(&[], &files);
    // `FUSE_SUPER_MAGIC`.
    let bytes = 0x6573_5546_usize.to_be();
    let strace = Strace::new(&scene, &args).by(&launcher.each_ref().map(String::as_str));
    let traced = strace.inject(format!("fstatfs:poke_exit=@arg2={bytes:016x}")).run();
    assert_eq!((traced.output.status.code(), stderr(&traced.output).as_str()), (Some(0), ""));
    assert!(of_files(&traced.calls) >= 12, "{:#?}", traced.calls);
    let first_name = traced.calls.at("linkat", &["\"0\""]);
    assert!(!traced.calls.0[..first_name].iter().any(|call| call.name == "syncfs"), "{:#?}", traced.calls);
}
