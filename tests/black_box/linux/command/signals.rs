//! Signals while COMMAND runs: who gets them, who is waited for, and what comes of it.
//!
//! Rows: 68.

use std::fs;
use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ExitStatus, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::common::events::{Fifo, end_of, until};
use crate::common::needs::needs;
use crate::common::{Scene, program, tool};

/// A command that sleeps in the shell, so that its traps run at once, and ends its sleep in the end. By SIGKILL: another
/// signal may find the shell's own handler still in place, in a child that has not begun to sleep.
const SLEEP: &str = "sleep 100 >&- 2>&- & trap 'kill -9 $!' EXIT; echo ready >ready; ";

/// The program, with a shell script as COMMAND on an existing `f`.
struct Run {
    scene: Scene,
    ready: Fifo,
    child: Child,
}

impl Run {
    fn start(options: &[&str], script: &str) -> Run {
        let scene = Scene::with_old();
        let ready = Fifo::new(&scene, "ready");
        let mut process = scene.process();
        process.args(options).args(["f", "--", "sh", "-c", script]);
        // Not in the group that a terminal's signals would reach.
        let child = process.process_group(0).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut run = Run { scene, ready, child };
        assert_eq!(run.ready.line(), "ready");
        run
    }

    fn signal(&self, signal: Signal) {
        send(self.child.id(), signal);
    }

    /// The end, with `f` as it was and nothing left.
    fn end(&mut self) -> ExitStatus {
        let status = end_of(&mut self.child);
        assert_eq!(self.scene.text("f"), "old");
        let names: Vec<String> = self.scene.names().into_iter().filter(|name| name != "log").collect();
        assert_eq!(names, ["f", "ready"]);
        status
    }
}

fn send(id: u32, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(id).unwrap()), signal).unwrap();
}

/// Whether the process is still to be seen, as a zombie too.
pub(super) fn exists(id: &str) -> bool {
    fs::exists(format!("/proc/{}", id.trim())).unwrap()
}

#[test]
fn a_sent_signal_is_passed_on_waited_for_and_died_of() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGQUIT, Signal::SIGUSR2, Signal::SIGALRM] {
        let name = &signal.as_str()[3..];
        // Exiting with 0 makes it no success.
        let script = format!("ulimit -c 0; echo new; trap 'echo {name} >>log; exit 0' {name}; {SLEEP} wait");
        let mut run = Run::start(&[], &script);
        run.signal(signal);
        assert_eq!(run.end().signal(), Some(signal as i32), "{name}");
        // It is there already: the command's end came before ours.
        assert_eq!(run.scene.text("log"), format!("{name}\n"));
    }
}

#[test]
fn a_command_that_dies_of_the_signal_leaves_no_process() {
    let script = format!("echo $$ >log; trap 'kill -9 $!; trap - EXIT TERM; kill $$' TERM; {SLEEP} wait");
    let mut run = Run::start(&[], &script);
    run.signal(Signal::SIGTERM);
    assert_eq!(run.end().signal(), Some(15));
    assert!(!exists(&run.scene.text("log")));
}

/// Without limit, and later signals reach it too.
#[test]
fn a_command_that_ignores_sigterm_is_waited_for_and_gets_later_signals() {
    let traps = "trap 'echo term >ready' TERM; trap 'echo hup >ready' HUP; trap 'echo int >>log; exit 0' INT";
    let mut run = Run::start(&[], &format!("{traps}; echo new; {SLEEP} while :; do wait $!; done"));
    for (signal, told) in [(Signal::SIGTERM, "term"), (Signal::SIGHUP, "hup"), (Signal::SIGTERM, "term")] {
        run.signal(signal);
        assert_eq!(run.ready.line(), told);
        assert!(run.child.try_wait().unwrap().is_none());
    }
    run.signal(Signal::SIGINT);
    // Of the first, which decided.
    assert_eq!(run.end().signal(), Some(15));
    assert_eq!(run.scene.text("log"), "int\n");
}

#[test]
fn the_output_of_a_command_that_is_ended_does_not_block_it() {
    let script = format!("trap 'head -c 3000000 /dev/zero; echo written >>log; exit 0' TERM; {SLEEP} wait");
    let mut run = Run::start(&[], &script);
    run.signal(Signal::SIGTERM);
    assert_eq!(run.end().signal(), Some(15));
    assert_eq!(run.scene.text("log"), "written\n");
}

#[test]
fn a_signal_ends_the_wait_for_a_child_holding_the_output() {
    let scene = Scene::with_old();
    let (mut ready, mut go) = (Fifo::new(&scene, "ready"), Fifo::new(&scene, "go"));
    let script = "{ while [ -d /proc/$$ ]; do sleep 0.01; done; echo ready >ready; read line <go; } 2>&- & echo new";
    let mut child = scene.process().args(["f", "--", "sh", "-c", script]).stderr(Stdio::null()).spawn().unwrap();
    // The command is gone, waited for by us.
    ready.line();
    send(child.id(), Signal::SIGTERM);
    let status = end_of(&mut child);
    go.send();
    assert_eq!(status.signal(), Some(15), "{status:?}");
    assert_eq!(scene.text("f"), "old");
}

#[test]
fn an_ignored_signal_ends_nothing() {
    let scene = Scene::new();
    let (mut ready, mut go) = (Fifo::new(&scene, "ready"), Fifo::new(&scene, "go"));
    let mut child = scene
        .other("env")
        .arg("--ignore-signal=HUP")
        .arg(program())
        .args(["f", "--", "sh", "-c", "echo new; echo ready >ready; read line <go"])
        .spawn()
        .unwrap();
    ready.line();
    send(child.id(), Signal::SIGHUP);
    go.send();
    assert!(end_of(&mut child).success());
    assert_eq!(scene.text("f"), "new\n");
}

#[test]
fn a_validator_gets_the_signal_and_is_waited_for() {
    let script = format!("trap 'echo term >>log; exit 0' TERM; {SLEEP} wait");
    let scene = Scene::with_old();
    let mut ready = Fifo::new(&scene, "ready");
    let mut child = scene.process().args(["--validate", &script, "f"]).stderr(Stdio::null()).spawn().unwrap();
    ready.line();
    send(child.id(), Signal::SIGTERM);
    assert_eq!(end_of(&mut child).signal(), Some(15));
    assert_eq!(scene.text("log"), "term\n");
    assert_eq!(scene.text("f"), "old");
}

/// What fails while the command runs ends the command first.
#[test]
fn a_failure_of_ours_leaves_no_command_behind() {
    let scene = Scene::with_old();
    // Whatever it does about it takes its time. It may be ended before it sleeps, and must leave no sleeper.
    let command = "trap 'head -c 100000 /dev/zero; echo $$ >log; exit 0' TERM; trap 'kill -9 $! 2>&-' EXIT; head -c 1000000 /dev/zero; sleep 100 >&- 2>&- & wait";
    // Not into a pipe, which a command left behind would keep open.
    let script = format!("ulimit -f 16; exec $AW f 2>errors -- sh -c \"{}\"", command.replace('$', "\\$"));
    assert_eq!(scene.sh(&script).status.code(), Some(125));
    let words = scene.text("errors");
    assert!(words.contains("write: staging file in .: File too large (unchanged)"), "{words}");
    assert!(!exists(&scene.text("log")));
    assert_eq!(scene.text("f"), "old");
    assert_eq!(scene.names(), ["errors", "f", "log"]);
}

/// A terminal of its own, in which `words` run; what is written to the child is typed.
fn terminal(scene: &Scene, words: &str) -> Child {
    let mut script = scene.other("script");
    script.args(["-qec", words, "/dev/null"]).env("SHELL", "/bin/sh").env("AW", program());
    script.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap()
}

/// The same where `words` run a script in the file `command`, which has got as far as to say that it is ready.
fn in_terminal(words: &str, command: &str) -> (Scene, Fifo, Child) {
    let scene = Scene::with_old();
    let mut ready = Fifo::new(&scene, "ready");
    scene.write("command", command);
    let child = terminal(&scene, words);
    ready.line();
    (scene, ready, child)
}

fn has_pending(id: &str, signal: Signal) -> bool {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let pending = |line: &str| u64::from_str_radix(line.rsplit('\t').next().unwrap(), 16).unwrap();
    let bits = status.lines().filter(|line| line.starts_with("ShdPnd:") || line.starts_with("SigPnd:"));
    bits.map(pending).any(|bits| bits & (1 << (signal as i32 - 1)) != 0)
}

fn is_asleep(id: &str) -> bool {
    fs::read_to_string(format!("/proc/{id}/stat")).unwrap().rsplit(')').next().unwrap().starts_with(" S")
}

/// Typed `^C` reaches the whole foreground group; a command that has left it is not sent it again by us.
#[test]
fn what_the_terminal_sends_is_not_passed_on() {
    needs!(script, setsid);
    for (key, signal) in [(3_u8, Signal::SIGINT), (28, Signal::SIGQUIT)] {
        let scene = Scene::with_old();
        let (mut ready, mut go) = (Fifo::new(&scene, "ready"), Fifo::new(&scene, "go"));
        let traps = "trap 'echo passed >>log' INT QUIT";
        scene.write("command", format!("echo new; {traps}; echo $PPID >ready; read line <go; echo end >>log"));
        // The witness is in the group, and tells when the signal is there.
        let witness = "env --default-signal sh -c 'trap \"echo witness >ready; exit\" INT QUIT; echo ready >ready; while :; do sleep 0.01; done' &";
        let words = format!("ulimit -c 0; {witness} trap : INT QUIT; $AW f -- setsid sh command; echo $? >status");
        let mut child = terminal(&scene, &words);
        let mut told = [ready.line(), ready.line()];
        told.sort();
        let id = &told[0];
        child.stdin.as_mut().unwrap().write_all(&[key]).unwrap();
        assert_eq!(ready.line(), "witness");
        until("the signal is taken note of", || !has_pending(id, signal) && is_asleep(id));
        go.send();
        end_of(&mut child);
        assert_eq!(scene.text("log"), "end\n");
        assert_eq!(scene.text("status"), format!("{}\n", 128 + signal as i32));
        assert_eq!(scene.text("f"), "old");
    }
}

#[test]
fn what_is_typed_ends_command_and_program() {
    needs!(script);
    let (scene, _ready, mut child) = in_terminal(
        "trap : INT; $AW f -- sh command; echo $? >status",
        &format!("trap 'echo int >>log; exit 0' INT; echo new; {SLEEP} wait"),
    );
    child.stdin.as_mut().unwrap().write_all(&[3]).unwrap();
    end_of(&mut child);
    assert_eq!(scene.text("log"), "int\n");
    assert_eq!(scene.text("status"), "130\n");
    assert_eq!(scene.text("f"), "old");
}

/// The kernel tells of a hang-up only the first process of the session. Where that is us, nobody else tells COMMAND.
#[test]
fn a_hang_up_that_only_we_are_told_of_is_passed_on() {
    needs!(script);
    let (scene, mut ready, mut child) = in_terminal(
        "exec $AW f -- sh command",
        &format!("trap 'echo hup >ready; exit 0' HUP; trap : PIPE; echo new; {SLEEP} wait"),
    );
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(ready.line(), "hup");
    assert_eq!(scene.text("f"), "old");
}

/// One that cannot be passed on as it is: SIGTERM asks for the same.
#[test]
fn a_real_time_signal_and_later_signals_reach_the_command() {
    let traps = "trap 'echo term >ready' TERM; trap 'echo int >>log; exit 0' INT";
    let mut run = Run::start(&[], &format!("{traps}; echo new; {SLEEP} while :; do wait $!; done"));
    let send = |run: &Run| tool("sh", &["-c", &format!("kill -40 {}", run.child.id())]);
    send(&run);
    assert_eq!(run.ready.line(), "term");
    send(&run);
    run.signal(Signal::SIGINT);
    assert_eq!(run.end().signal(), Some(40));
    assert_eq!(run.scene.text("log"), "int\n");
}

#[test]
fn a_real_time_signal_that_comes_later_is_told_once() {
    let traps = "trap 'echo term >>log; echo term >ready' TERM; trap 'exit 0' INT";
    let mut run = Run::start(&[], &format!("{traps}; echo new; {SLEEP} while :; do wait $!; done"));
    run.signal(Signal::SIGTERM);
    assert_eq!(run.ready.line(), "term");
    tool("sh", &["-c", &format!("kill -40 {}", run.child.id())]);
    assert_eq!(run.ready.line(), "term");
    run.signal(Signal::SIGINT);
    assert_eq!(run.end().signal(), Some(15));
    assert_eq!(run.scene.text("log"), "term\nterm\n");
}

/// A timer that we inherited, as `perl -e 'alarm 9; exec @ARGV'` leaves one, is no terminal.
#[test]
fn an_inherited_alarm_ends_the_command_too() {
    needs!(perl);
    let scene = Scene::with_old();
    let _ready = Fifo::new(&scene, "ready");
    let mut child = scene
        .other("perl")
        .args(["-e", "alarm 1; exec @ARGV"])
        .arg(program())
        .args(["f", "--", "sh", "-c", &format!("trap 'echo alarm >>log; exit 0' ALRM; echo new; {SLEEP} wait")])
        .spawn()
        .unwrap();
    assert_eq!(end_of(&mut child).signal(), Some(14));
    assert_eq!(scene.text("log"), "alarm\n");
    assert_eq!(scene.text("f"), "old");
}
