//! How far it is: to who asks, and with `--progress`.
//!
//! Rows: 107.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{args, sources, until_fifo_is_open};
use crate::common::events::{Fifo, end_of};
use crate::common::needs::needs;
use crate::common::strace::Strace;
use crate::common::terminal::Terminal;
use crate::common::{Scene, stderr};

#[test]
fn who_asks_is_told_how_many_files_are_done() {
    let scene = Scene::new();
    let mut files = sources(&scene, 300);
    let mut fifo = Fifo::new(&scene, "src/fifo");
    files.push("src/fifo".to_owned());
    let mut child = scene.process().args(args(&[], &files)).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    until_fifo_is_open(&child);
    kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGUSR1).unwrap();
    let line = lines.next().unwrap().unwrap();
    assert!(line.contains(": 256 of 301 files, "), "{line}");
    fifo.send();
    drop(fifo);
    assert_eq!(end_of(&mut child).code(), Some(0));
    assert_eq!(lines.count(), 0);
}

#[test]
fn on_a_terminal_files_and_their_share_are_shown() {
    needs!(script, strace);
    let scene = Scene::new();
    sources(&scene, 4);
    let strace = "strace -f -o /dev/null -e inject=fsync:delay_enter=60s:when=1";
    let mut terminal = Terminal::run(&scene, &format!("{strace} $AW --progress -t d src/0"));
    terminal.shows("  0% 0 of 1 files, ");
}

#[test]
fn short_work_shows_nothing() {
    let scene = Scene::new();
    let files = sources(&scene, 20);
    scene.cmd().args(args(&["--progress"], &files)).assert().success().stderr("").stdout("");
}

/// Even if the last one is slow.
#[test]
fn a_file_that_failed_is_told_of_at_once() {
    let scene = Scene::new();
    let mut files = sources(&scene, 3);
    let mut fifo = Fifo::new(&scene, "src/fifo");
    files.insert(1, "src/missing".to_owned());
    files.push("src/fifo".to_owned());
    let mut child = scene.process().args(args(&[], &files)).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().starts_with("atomic-write: d/missing: open: "));
    until_fifo_is_open(&child);
    fifo.send();
    drop(fifo);
    assert_eq!((end_of(&mut child).code(), lines.count()), (Some(1), 1));
}

#[test]
fn output_that_cannot_be_written_is_a_warning() {
    needs!(strace);
    let scene = Scene::new();
    let files = sources(&scene, 3);
    let output = scene.sh("\"$AW\" -t d --report src/0 src/1 src/2 >/dev/full");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let expected = "atomic-write: d: warning: the lines for --report could not be written: No space left on device\n";
    assert_eq!(stderr(&output), expected);
    // Closed, it is an error before anything is done.
    let output = scene.sh("\"$AW\" -t d --report src/0 >&-");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stderr(&output), "atomic-write: d: report: standard output is closed (unchanged)\n");
    let traced = Strace::new(&scene, &args(&["-v"], &files)).inject("write:error=EPIPE").run();
    assert_eq!(traced.output.status.code(), Some(0), "{traced:?}");
}
