//! Syncs that fail, that would take long, or that are known to mean nothing.
//!
//! Rows: 10, 14, 109.

use super::{args, content, sources, with_unwritten};
use crate::common::needs::needs;
use crate::common::strace::{Calls, Strace, Traced};
use crate::common::{Disk, Scene, names_in, stderr};

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
fn a_sync_of_the_file_system_that_fails_is_made_file_by_file() {
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
    let traced = run(&disk, &["--report"], 12, 0, &["syncfs:error=EIO", "fsync:error=EIO:when=1"]);
    assert_eq!(traced.output.status.code(), Some(1), "{traced:?}");
    let text = stderr(&traced.output);
    // Which of them is the first is the threads' affair, and each may meet its own first.
    let failed = text.matches(": sync: staging file in d: Input/output error (unchanged)\n").count();
    assert!((1..=12).contains(&failed), "{text}");
    assert!(failed == 12 || text.contains(&format!("12 files: {failed} failed, {} created\n", 12 - failed)), "{text}");
    assert_eq!(names_in(&disk.path("d")).len(), 12 - failed);
    let reported = String::from_utf8_lossy(&traced.output.stdout).lines().count();
    assert_eq!(reported, 12 - failed);
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
    needs!(strace);
    let scene = Scene::new();
    let files = sources(&scene, 3);
    let recorded = Strace::new(&scene, &args(&[], &files)).run().calls;
    let last = recorded.0.iter().rposition(|call| call.name == "fsync" && call.args.ends_with("/d>")).unwrap();
    let threads = recorded.0[..last].iter().filter(|call| call.name == "fsync").count();
    assert!(threads >= 3, "{recorded:#?}");
    // Each thread counts for itself, and the directory is synced by the first one.
    for when in 1..=4 {
        let scene = Scene::new();
        let files = sources(&scene, 1);
        let traced =
            Strace::new(&scene, &args(&["--report"], &files)).inject(format!("fsync:error=EIO:when={when}")).run();
        let text = stderr(&traced.output);
        match when {
            1 => assert_eq!(traced.output.status.code(), Some(1), "{traced:?}"),
            2 => {
                let line =
                    "atomic-write: d: sync directory: Input/output error (replaced, may not survive a power cut)\n";
                assert_eq!((traced.output.status.code(), text.as_str()), (Some(4), line), "{traced:?}");
                assert_eq!(String::from_utf8_lossy(&traced.output.stdout), "created 0\n");
                assert_eq!(scene.text("d/0"), content(0));
            }
            _ => assert_eq!(traced.output.status.code(), Some(0), "{traced:?}"),
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
