//! `--progress`: a line on a terminal, which is gone at the end.
//!
//! Rows: none.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use super::source_in_two_pieces;
use crate::common::Scene;
use crate::common::events::{Fifo, end_of};
use crate::common::needs::needs;
use crate::common::terminal::Terminal;

/// Blanks over the line, and back to its beginning.
const ERASE: &str = " \r";

#[test]
fn bytes_are_shown_and_gone_before_anything_else_is_said() {
    needs!(script);
    let scene = Scene::with_old();
    fs::hard_link(scene.path("f"), scene.path("g")).unwrap();
    let mut go = Fifo::new(&scene, "go");
    let mut terminal = Terminal::run(&scene, "$AW --progress f -- sh -c 'printf 12345; read line <go'; echo end");
    terminal.shows("5 B, ");
    go.send();
    let (status, rest) = terminal.end_and_rest();
    let last = rest.rsplit(ERASE).next().unwrap();
    assert!(last.starts_with("atomic-write: f: warning: ") && last.ends_with("\r\nend\r\n"), "{rest:?}");
    assert_eq!((status, scene.text("f").as_str()), (0, "12345"));
}

#[test]
fn an_interrupt_leaves_a_clean_line() {
    needs!(script);
    let scene = Scene::with_old();
    let mut go = Fifo::new(&scene, "go");
    let mut terminal = Terminal::run(&scene, "trap : INT; $AW --progress f <go; echo status $?");
    go.send();
    terminal.shows("3 B, ");
    terminal.types("\u{3}");
    let (_, rest) = terminal.end_and_rest();
    assert_eq!(rest.rsplit(ERASE).next().unwrap(), "status 130\r\n", "{rest:?}");
    assert_eq!(scene.text("f"), "old");
}

#[test]
fn what_is_asked_for_meanwhile_has_a_line_of_its_own() {
    needs!(script);
    let scene = Scene::new();
    let mut go = Fifo::new(&scene, "go");
    let line = "$AW --progress f -- sh -c 'printf 12345; read line <go; kill -USR1 $PPID; read line <go'";
    let mut terminal = Terminal::run(&scene, line);
    terminal.shows("5 B, ");
    go.send();
    terminal.shows(&format!("{ERASE}atomic-write: f: 5 bytes, "));
    // And it is drawn again.
    terminal.shows("5 B, ");
    go.send();
    assert_eq!(terminal.end(), 0);
}

/// Runs `--progress` where one call takes as long as the test.
fn stuck(scene: &Scene, injection: &str, args: &str) -> Terminal {
    Terminal::run(scene, &format!("strace -f -o /dev/null -e inject={injection} $AW --progress {args}"))
}

#[test]
fn of_a_source_of_known_size_the_percentage_is_shown() {
    needs!(script, strace);
    let scene = Scene::new();
    source_in_two_pieces(&scene);
    // From the second byte on, as of a file from its beginning the blocks may be shared, which takes no time.
    let strace = "strace -f -o /dev/null -e inject=copy_file_range:delay_enter=60s:when=2";
    let line = format!("{{ head -c 1 >/dev/null; {strace} $AW --progress f; }} <source");
    let mut terminal = Terminal::run(&scene, &line);
    terminal.shows(" 49% 511.99 MiB of 1023.99 MiB, ");
}

#[test]
fn a_slow_sync_and_a_slow_commit_are_shown() {
    needs!(script, strace);
    for (call, phase) in
        [("fsync:delay_enter=60s:when=1", "\rsyncing 3 B, "), ("renameat:delay_enter=60s:when=1", "\rswapping, ")]
    {
        let scene = Scene::with_old();
        scene.write("source", "new");
        let mut terminal = stuck(&scene, call, "--from source f");
        terminal.shows(phase);
    }
}

#[test]
fn a_command_that_writes_by_name_shows_the_time() {
    needs!(script);
    let scene = Scene::new();
    let mut go = Fifo::new(&scene, "go");
    let line = "$AW --progress -I {} f -- sh -c 'read line <go; echo new >\"$1\"' sh {}";
    let mut terminal = Terminal::run(&scene, line);
    terminal.shows("\rthe command runs, ");
    go.send();
    assert_eq!(terminal.end(), 0);
    assert_eq!(scene.text("f"), "new\n");
}

#[test]
fn short_work_shows_nothing_in_a_file() {
    let scene = Scene::new();
    scene.cmd().args(["--progress", "f"]).write_stdin("new").assert().success().stderr("").stdout("");
    scene.has_only("f", "new");
}

#[test]
fn without_the_option_there_is_no_thread_to_show_anything() {
    for (args, threads) in [(&["f"][..], 1), (&["--progress", "--quiet", "f"], 1), (&["--progress", "f"], 2)] {
        let scene = Scene::new();
        let mut ready = Fifo::new(&scene, "ready");
        let mut command = scene.process();
        command.args(args).args(["--", "sh", "-c", "echo ready >ready; cat"]);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        assert_eq!(ready.line(), "ready");
        let count = fs::read_dir(format!("/proc/{}/task", child.id())).unwrap().count();
        assert_eq!(count, threads, "{args:?}");
        child.stdin.take().unwrap().write_all(b"new").unwrap();
        assert_eq!(end_of(&mut child).code(), Some(0));
    }
}
