//! What is said of a run in which a sync or a removal fails: what was replaced is not called failed, nor what was left alone
//! replaced.
//!
//! Rows: 10, 74, 107.

use std::fs;
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{args, sources, until_open};
use crate::common::events::{Fifo, end_of};
use crate::common::needs::needs;
use crate::common::strace::{Call, Strace, Traced};
use crate::common::{Scene, names_in, stderr, stdout};

fn unchanged(scene: &Scene) -> Vec<String> {
    let files = sources(scene, 2);
    scene.cmd().args(args(&[], &files)).assert().success();
    files
}

/// A run with an injection into the last sync of the directory, or of the first file; one file at a time, so that the calls can be
/// counted.
fn with_failed_sync(scene: &Scene, args: &[&str], is_of_directory: bool, error: &str) -> Traced {
    let run = || Strace::new(scene, args).by(&["prlimit", "--nofile=66"]);
    let recorded = run().run().calls;
    let is_it = |call: &Call| call.name == "fsync" && call.args.ends_with("/d>") == is_of_directory;
    let positions: Vec<usize> = (0..recorded.0.len()).filter(|at| is_it(&recorded.0[*at])).collect();
    let at = if is_of_directory { positions.last() } else { positions.first() };
    run().inject(format!("fsync:error={error}:when={}", recorded.when(*at.unwrap()))).run()
}

#[test]
fn a_failed_sync_of_what_was_left_alone_is_a_failure() {
    needs!(strace, prlimit);
    for (is_of_directory, start) in [(false, "atomic-write: d/0: sync: "), (true, "atomic-write: d: sync directory: ")]
    {
        let scene = Scene::new();
        let files = unchanged(&scene);
        let traced = with_failed_sync(&scene, &args(&["-C"], &files), is_of_directory, "EIO");
        let text = stderr(&traced.output);
        let line = text.lines().next().unwrap();
        assert_eq!(traced.output.status.code(), Some(1), "{text}");
        assert!(line.starts_with(start) && line.ends_with(" (unchanged)") && !line.contains("staging"), "{text}");
    }
}

/// What others have written is not waited for, whatever the directory is on.
#[test]
fn a_directory_without_syncs_is_left_if_nothing_changed() {
    needs!(strace, prlimit);
    let scene = Scene::new();
    let files = unchanged(&scene);
    for (options, syncs_all) in [(&["-C"][..], false), (&[], true)] {
        let traced = with_failed_sync(&scene, &args(options, &files), true, "EINVAL");
        assert_eq!((traced.output.status.code(), stderr(&traced.output).as_str()), (Some(0), ""), "{options:?}");
        assert_eq!(traced.calls.has("syncfs", &[]), syncs_all, "{options:?} {:#?}", traced.calls);
    }
}

#[test]
fn what_was_replaced_behind_a_link_is_reported_though_not_synced() {
    needs!(strace);
    let scene = Scene::new();
    let files = sources(&scene, 2);
    scene.mkdir("far");
    scene.write("far/f", "old");
    scene.symlink("../far/f", "d/0");
    let run = || Strace::new(&scene, &args(&["--report"], &files));
    let calls = run().run().calls;
    let directory = calls.inject("fsync", &["/far>"], "error=EIO");
    fs::remove_file(scene.path("d/1")).unwrap();
    let traced = run().inject(directory).run();
    let text = stderr(&traced.output);
    assert_eq!((traced.output.status.code(), stdout(&traced.output).as_str()), (Some(4), "replaced 0\ncreated 1\n"));
    assert!(text.starts_with("atomic-write: d/0: sync directory: "), "{text}");
    assert!(text.ends_with(" (replaced, may not survive a power cut)\n") && text.lines().count() == 1, "{text}");
    assert_eq!(scene.text("far/f"), super::content(0));
}

#[test]
fn a_created_directory_that_cannot_be_removed_is_told() {
    needs!(strace);
    for (options, source, status) in [(&[][..], "missing", 1), (&["--dry-run"], "src/0", 0), (&["-q"], "missing", 1)] {
        let scene = Scene::new();
        sources(&scene, 1);
        let args = [&["-D", "-t", "made/deep"], options, &[source]].concat();
        let traced = Strace::new(&scene, &args).inject("unlinkat:error=EIO").inject("rmdir:error=EIO").run();
        let text = stderr(&traced.output);
        assert_eq!(traced.output.status.code(), Some(status), "{text}");
        assert!(text.contains("made/deep is left behind: "), "{options:?}: {text}");
    }
}

/// The other's roll-back finds it empty.
#[test]
fn a_directory_that_another_run_has_removed_is_created_again() {
    needs!(unnamed_files);
    let scene = Scene::new();
    sources(&scene, 1);
    let (_others, mut fifo) = (Fifo::new(&scene, "src/others"), Fifo::new(&scene, "src/fifo"));
    let start = |source: &str| {
        let args = ["-q", "-D", "-t", "made/deep", "src/0", source];
        let child = scene.process().args(args).stderr(Stdio::null()).spawn().unwrap();
        until_open(&child, source);
        child
    };
    let (mut other, mut child) = (start("src/others"), start("src/fifo"));
    kill(Pid::from_raw(other.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
    end_of(&mut other);
    assert_eq!(scene.names(), ["d", "src"]);
    fifo.send();
    drop(fifo);
    assert_eq!(end_of(&mut child).code(), Some(0));
    assert_eq!(
        (names_in(&scene.path("made/deep")), scene.text("made/deep/fifo").as_str()),
        (vec!["0".to_owned(), "fifo".to_owned()], "go\n")
    );
}

/// However much there is to be said.
#[test]
fn the_count_is_the_last_line() {
    needs!(strace, prlimit);
    let scene = Scene::new();
    let mut files = sources(&scene, 3);
    files.insert(0, "src/missing".to_owned());
    let traced = with_failed_sync(&scene, &args(&["--report"], &files), true, "EIO");
    let text = stderr(&traced.output);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((traced.output.status.code(), lines.len()), (Some(4), 3), "{text}");
    assert!(lines[0].starts_with("atomic-write: d/missing: open: "), "{text}");
    assert!(lines[1].starts_with("atomic-write: d: sync directory: "), "{text}");
    assert!(lines[2].starts_with("atomic-write: d: 4 files: 1 failed, "), "{text}");
    assert!(stdout(&traced.output).starts_with("replaced 0\nreplaced 1\n"), "{traced:?}");
}

/// Each line has one meaning, whatever the files are called.
#[test]
fn names_that_look_alike_are_reported_otherwise() {
    needs!(bash);
    let scene = Scene::new();
    scene.mkdir("src");
    let names = ["x\n", r"$'x\n'", "$", "'x", "a $'b'"];
    let sources: Vec<String> = names.iter().map(|name| format!("src/{name}")).collect();
    for source in &sources {
        scene.write(source, "new");
    }
    let output = scene.cmd().args(["-t", ".", "--report"]).args(&sources).output().unwrap();
    let shown = [r"$'x\n'", r"$'$\'x\\n\''", "$", "'x", "a $'b'"];
    let lines: Vec<String> = shown.iter().map(|name| format!("created {name}\n")).collect();
    assert_eq!((stdout(&output), stderr(&output).as_str()), (lines.concat(), ""));
    // The shell reads what begins with $' as the name.
    let output = scene.other("bash").args(["-c", &format!("cmp {} {}", shown[1], shown[0])]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}
