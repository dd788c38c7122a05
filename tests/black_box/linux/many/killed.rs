//! Signals, and kills at any instant.
//!
//! Rows: 35, 36, 110.

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{args, content, sources, until_fifo_is_open};
use crate::common::events::{Fifo, end_of};
use crate::common::needs::needs;
use crate::common::strace::{Call, Strace};
use crate::common::{Scene, names_in};

fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().try_into().unwrap())
}

/// Waits for the source that is a FIFO, after a group of 256 and two files of the next one.
fn waiting(scene: &Scene, files: &mut Vec<String>) -> (Fifo, Child) {
    let fifo = Fifo::new(scene, "src/fifo");
    files.insert(258, "src/fifo".to_owned());
    let mut command = scene.process();
    command.args(args(&["--report"], files)).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    until_fifo_is_open(&child);
    (fifo, child)
}

#[test]
fn a_signal_keeps_finished_groups_and_nothing_of_the_next() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let scene = Scene::new();
        let mut files = sources(&scene, 300);
        scene.write("d/257", "old");
        let (_fifo, child) = waiting(&scene, &mut files);
        kill(pid(&child), signal).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.signal(), Some(signal as i32));
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(text, "atomic-write: d: 301 files: 256 created, 45 not reached\n");
        assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 256);
        assert!((0..256).all(|number| scene.text(format!("d/{number}")) == content(number)));
        assert_eq!((names_in(&scene.path("d")).len(), scene.text("d/257").as_str()), (257, "old"));
    }
}

/// Also in the first group, and a file that has failed is not one that was not reached.
#[test]
fn a_signal_in_the_first_group_counts_as_well() {
    let scene = Scene::new();
    let files = sources(&scene, 3);
    let fifo = Fifo::new(&scene, "src/fifo");
    let mut command = scene.process();
    command.args(args(&[], &files[..1])).args(["src/none", "src/fifo"]).args(&files[1..]);
    let child = command.stderr(Stdio::piped()).spawn().unwrap();
    until_fifo_is_open(&child);
    kill(pid(&child), Signal::SIGTERM).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.signal(), text.lines().count()), (Some(15), 2), "{text}");
    assert!(
        text.starts_with("atomic-write: d/none: ") && text.ends_with(": 5 files: 1 failed, 4 not reached\n"),
        "{text}"
    );
    drop(fifo);
}

#[test]
fn a_kill_while_it_stages_leaves_nothing() {
    let scene = Scene::new();
    let mut files = sources(&scene, 300);
    scene.write("d/257", "old");
    let (_fifo, mut child) = waiting(&scene, &mut files);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!((names_in(&scene.path("d")).len(), scene.text("d/257").as_str()), (257, "old"));
}

#[test]
fn a_source_that_lets_wait_is_staged_in_the_end() {
    let scene = Scene::new();
    let mut files = sources(&scene, 300);
    let (mut fifo, mut child) = waiting(&scene, &mut files);
    fifo.send();
    drop(fifo);
    assert_eq!(end_of(&mut child).code(), Some(0));
    assert_eq!((names_in(&scene.path("d")).len(), scene.text("d/fifo").as_str()), (301, "go\n"));
}

const CHANGES: [&str; 7] = ["linkat", "renameat", "renameat2", "fsync", "syncfs", "fchmod", "openat"];

/// Two files that exist and two that do not.
fn four() -> (Scene, Vec<String>) {
    let scene = Scene::new();
    let files = sources(&scene, 4);
    scene.write("d/0", "old");
    scene.write("d/3", "old");
    (scene, files)
}

fn recorded() -> Vec<(Call, usize)> {
    let (scene, files) = four();
    let calls = Strace::new(&scene, &args(&["--sync", "full"], &files)).run().calls;
    let is_change = |call: &Call| CHANGES.contains(&call.name.as_str()) && call.args.contains("/d");
    let at = (0..calls.0.len()).filter(|&at| is_change(&calls.0[at]));
    at.map(|at| (calls.0[at].clone(), calls.when(at))).collect()
}

/// How many of the four are new. Each is old or new.
fn count_new(scene: &Scene) -> usize {
    let is_new = |number: usize| {
        let path = scene.path(format!("d/{number}"));
        let found = std::fs::read_to_string(path).ok();
        let old = [0, 3].contains(&number).then(|| "old".to_owned());
        assert!(found == old || found == Some(content(number)), "{number}: {found:?}");
        found == Some(content(number))
    };
    (0..4).filter(|&number| is_new(number)).count()
}

#[test]
fn a_kill_at_any_instant_leaves_each_old_or_new() {
    needs!(strace);
    let calls = recorded();
    assert!(calls.len() > 12, "{calls:#?}");
    let mut seen = std::collections::BTreeSet::new();
    for (call, when) in calls {
        // Each thread that syncs counts for itself.
        if call.name == "fsync" && !call.args.ends_with("/d>") {
            continue;
        }
        let (scene, files) = four();
        let injection = format!("{}:signal=KILL:when={when}", call.name);
        Strace::new(&scene, &args(&[], &files)).inject(injection).run();
        seen.insert(count_new(&scene));
        let left: Vec<_> =
            names_in(&scene.path("d")).into_iter().filter(|name| name.parse::<usize>().is_err()).collect();
        assert!(left.len() <= 1 && left.iter().all(|name| name.starts_with(".aw-")), "{call:?}: {left:?}");
    }
    assert!(seen.contains(&0) && seen.contains(&4), "{seen:?}");
}

/// Of a group all or nothing: while its files get their names, signals wait.
#[test]
fn a_signal_at_any_instant_leaves_all_or_nothing_of_a_group() {
    needs!(strace);
    let mut seen = std::collections::BTreeSet::new();
    for (call, when) in recorded() {
        if call.name == "fsync" && !call.args.ends_with("/d>") {
            continue;
        }
        let (scene, files) = four();
        let injection = format!("{}:signal=TERM:when={when}", call.name);
        let output = Strace::new(&scene, &args(&[], &files)).inject(injection).run().output;
        let count = count_new(&scene);
        seen.insert(count);
        assert!(count == 0 || count == 4, "{call:?}: {count}");
        assert!(names_in(&scene.path("d")).iter().all(|name| name.parse::<usize>().is_ok()), "{call:?}");
        // What is done is told as done.
        let expected = if count == 4 { (Some(0), None) } else { (None, Some(15)) };
        assert_eq!((output.status.code(), output.status.signal()), expected, "{call:?}: {output:?}");
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [0, 4]);
}
