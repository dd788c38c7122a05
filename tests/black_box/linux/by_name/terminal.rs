//! COMMAND has the terminal, in the foreground: what is typed there is first of all for it.
//!
//! Rows: 68, 98.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::common::Scene;
use crate::common::events::Fifo;
use crate::common::needs::needs;
use crate::common::terminal::Terminal;

/// How perl(1) tells how its child ended: a signal's number, or 256 times the status.
const STATUS: &str = r#"perl -e 'system @ARGV; open F, ">status"; print F $?'"#;

/// Tells that it is ready, and waits for a signal. A shell that waits for a child notices one that came just before; one that
/// opens a FIFO does not.
const WAITS: &str = "sleep 100 & echo ready >ready; wait";

/// Types a key while COMMAND runs, which is this script. Returns what is said of the end.
fn typed(scene: &Scene, key: &str, script: &str) -> String {
    let mut ready = Fifo::new(scene, "ready");
    let _go = Fifo::new(scene, "go");
    scene.write("command", format!("echo new >\"$1\"; {script}"));
    let mut terminal = Terminal::run(scene, &format!("ulimit -c 0; exec {STATUS} $AW -I {{}} f -- sh command {{}}"));
    assert_eq!(ready.line(), "ready");
    terminal.types(key);
    terminal.end();
    let status = scene.text("status");
    for name in ["ready", "go", "command", "status"] {
        std::fs::remove_file(scene.path(name)).unwrap();
    }
    status
}

#[test]
fn command_is_in_the_foreground_with_the_terminal() {
    needs!(script);
    let scene = Scene::new();
    let asks = r#"test -t 0 && test -t 1 && test -t 2 && read line && echo "$line" >"$1""#;
    scene.write("command", asks);
    let mut terminal = Terminal::run(&scene, "stty -echo; echo ready; exec $AW -I {} f -- sh command {}");
    terminal.shows("ready");
    terminal.types("typed\n");
    assert_eq!(terminal.end(), 0);
    assert_eq!(scene.text("f"), "typed\n");
}

#[test]
fn an_interrupt_that_command_handles_is_no_failure() {
    needs!(script, perl);
    for (key, signal) in [("\u{3}", "INT"), ("\u{1c}", "QUIT")] {
        let scene = Scene::with_old();
        let script = format!("trap 'kill $!; echo {signal} >>\"$1\"; exit 0' {signal}; {WAITS}; exit 8");
        assert_eq!(typed(&scene, key, &script), "0", "{signal}");
        scene.has_only("f", &format!("new\n{signal}\n"));
    }
}

#[test]
fn an_interrupt_that_command_dies_of_is_ours_too() {
    needs!(script, perl);
    for (key, number) in [("\u{3}", "2"), ("\u{1c}", "3")] {
        let scene = Scene::with_old();
        assert_eq!(typed(&scene, key, "echo ready >ready; read line <go"), number);
        scene.has_only("f", "old");
    }
}

#[test]
fn a_command_that_fails_after_an_interrupt_commits_nothing() {
    needs!(script, perl);
    let scene = Scene::with_old();
    let status = typed(&scene, "\u{3}", &format!("trap 'kill $!; exit 9' INT; {WAITS}"));
    assert!(["2", "2304"].contains(&status.as_str()), "{status}");
    scene.has_only("f", "old");
}

/// What comes after a key that COMMAND has handled is no key.
#[test]
fn a_signal_that_is_sent_after_an_interrupt_ends_it() {
    needs!(script);
    let scene = Scene::with_old();
    let mut ready = Fifo::new(&scene, "ready");
    let traps = "trap 'echo int >ready' INT; trap 'kill $!; exit 0' TERM";
    scene.write("command", format!("{traps}; echo new >\"$1\"; sleep 100 & trap 'kill $! 2>&-' EXIT; echo $PPID >ready; while :; do wait $!; done"));
    let mut terminal = Terminal::run(&scene, "exec $AW -I {} f -- sh command {}");
    let id = ready.line().parse().unwrap();
    for _ in 0..2 {
        terminal.types("\u{3}");
        assert_eq!(ready.line(), "int");
    }
    kill(Pid::from_raw(id), Signal::SIGTERM).unwrap();
    assert_eq!(terminal.end(), 128 + 15);
    for name in ["ready", "command"] {
        std::fs::remove_file(scene.path(name)).unwrap();
    }
    scene.has_only("f", "old");
}
