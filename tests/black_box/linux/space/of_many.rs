//! `-t`: what is synced where files are synced one by one, and what a full disk or a failing call does to the others.
//!
//! Rows: none.

use crate::common::needs::needs;
use crate::common::strace::{Strace, Traced};
use crate::common::{Disk, Scene, calm_meminfo, stderr};

/// Sources of these lengths, with a letter for a name; and `d`.
fn write_sources(scene: &Scene, lengths: &[usize]) -> Vec<String> {
    scene.mkdir("d");
    scene.mkdir("s");
    let name = |number: usize| format!("s/{}", char::from(b'a' + u8::try_from(number).unwrap()));
    let names: Vec<String> = (0..lengths.len()).map(name).collect();
    for (name, length) in names.iter().zip(lengths) {
        scene.write(name, vec![b'n'; *length]);
    }
    names
}

fn words<'a>(options: &[&'a str], names: &'a [String]) -> Vec<&'a str> {
    options.iter().copied().chain(["-t", "d"]).chain(names.iter().map(String::as_str)).collect()
}

fn run(scene: &Scene, options: &[&str], names: &[String], injections: &[&str]) -> Traced {
    let strace = Strace::new(scene, &words(options, names));
    injections.iter().fold(strace, |strace, what| strace.inject(*what)).run()
}

/// Older versions of btrfs may lose the sync of a file that has no name.
#[test]
fn few_files_on_btrfs_are_synced_again_with_their_names() {
    needs!(root, strace, "mkfs.btrfs");
    let btrfs = Disk::new("btrfs", 128, "");
    let names = write_sources(&btrfs, &[10; 3]);
    btrfs.write("d/a", "old");
    let directory = format!("<{}>", btrfs.path("d").display());
    for (how, again) in [("full", true), ("file", true), ("none", false)] {
        let Traced { output, calls } = run(&btrfs, &["--sync", how], &names, &[]);
        assert!(output.status.success(), "{output:?}");
        let is_name = |name: &str| matches!(name, "linkat" | "renameat");
        let named = calls.0.iter().position(|call| is_name(&call.name) && call.succeeded()).unwrap();
        let after = calls.0[named..].iter().filter(|call| call.name == "fsync" && !call.args.contains(&directory));
        assert_eq!(after.count(), if again { 3 } else { 0 }, "--sync {how}: {calls:#?}");
    }
}

/// Exit 4.
#[test]
fn a_failure_of_that_second_sync_is_told_of_its_file() {
    needs!(root, strace, "mkfs.btrfs");
    let btrfs = Disk::new("btrfs", 128, "");
    let names = write_sources(&btrfs, &[10; 2]);
    // One thread syncs all: twice, then twice again.
    let injections = ["clone3:error=EAGAIN", "fsync:error=EIO:when=4"];
    let Traced { output, .. } = run(&btrfs, &["--report"], &names, &injections);
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let said = "atomic-write: d/b: sync: Input/output error (replaced, may not survive a power cut)\n";
    assert_eq!(stderr(&output).replace("I/O error", "Input/output error"), said);
    assert_eq!(output.stdout, b"created a\ncreated b\n");
    assert_eq!(btrfs.text("d/b"), btrfs.text("s/b"));
}

/// What did not fit is tried once more, and what was impossible is not told again.
#[test]
fn a_file_is_told_once_though_its_group_did_not_fit() {
    needs!(root, "mkfs.ext4");
    let disk = Disk::new("ext4", 4, "");
    let outer = Scene::new();
    let names: Vec<String> = write_sources(&outer, &[1 << 20, 8 << 20, 10])
        .iter()
        .map(|name| outer.path(name).to_str().unwrap().to_owned())
        .collect();
    disk.mkdir("d");
    disk.mkdir("d/c");
    let output = disk.cmd().args(words(&["--report"], &names)).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = stderr(&output);
    let lines: Vec<&str> = said.lines().filter(|line| !line.starts_with("hint: ")).collect();
    assert!(matches!(lines[..], [b, c, _] if b.contains(" d/b: ") && c.contains(" d/c: ")), "{said}");
    assert!(lines[2].ends_with("d: 3 files: 2 failed, 1 created"), "{said}");
    assert_eq!(output.stdout, b"created a\n");
    assert_eq!(disk.names(), ["d"]);
    drop(disk);
}

#[test]
fn a_file_that_cannot_be_closed_stops_no_other() {
    needs!(strace);
    let scene = Scene::new();
    let names = write_sources(&scene, &[10; 2]);
    let options = ["--sync=none", "--report"];
    let calls = run(&scene, &options, &names, &[]).calls;
    // The writer is the first that is closed of a file without a name.
    let injection = calls.inject("close", &["#"], "error=EIO");
    std::fs::remove_file(scene.path("d/a")).unwrap();
    std::fs::remove_file(scene.path("d/b")).unwrap();
    let Traced { output, .. } = run(&scene, &options, &names, &[&injection]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(stderr(&output).contains(" d/a: close: "), "{output:?}");
    assert_eq!(output.stdout, b"created b\n");
}

/// An unchanged file behind a link, perhaps on another file system, is not synced with the others.
#[test]
fn an_unchanged_file_behind_a_link_is_synced_by_itself() {
    needs!(root, strace);
    let scene = Scene::new();
    let names = write_sources(&scene, &[10; 9]);
    scene.mkdir("elsewhere");
    scene.write("elsewhere/a", scene.read("s/a"));
    scene.symlink("../elsewhere/a", "d/a");
    // The others are synced with their file system, unless the machine has much to write.
    scene.write("calm", calm_meminfo());
    let words = words(&["--if-changed", "--sync=file"], &names);
    let script = "mount --bind calm /proc/meminfo && exec \"$@\"";
    let run = Strace::new(&scene, &words).by(&["unshare", "-m", "sh", "-c", script, "sh"]).run();
    assert!(run.output.status.success(), "{:?}", run.output);
    assert!(run.calls.has("fsync", &["elsewhere/a>"]), "{:#?}", run.calls);
}

/// A filter may refuse it, and then groups are small.
#[test]
fn an_unknown_limit_of_open_files_is_no_error() {
    needs!(strace);
    let scene = Scene::new();
    let names = write_sources(&scene, &[10; 2]);
    let output = run(&scene, &[], &names, &["prlimit64:error=EPERM"]).output;
    assert!(output.status.success(), "{output:?}");
    assert_eq!(std::fs::read_dir(scene.path("d")).unwrap().count(), 2);
}
