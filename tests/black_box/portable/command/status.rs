//! What COMMAND's end means.
//!
//! Rows: 1, 66, 71, 72.

use crate::common::needs::{lacks_for, needs};
use crate::common::{Scene, does, its_name, stderr};

/// Runs COMMAND on an existing file, of which nothing may have changed. Returns status and message.
fn failing(options: &[&str], command: &[String]) -> (i32, String) {
    let scene = Scene::with_old();
    let inode = scene.inode("f");
    let output = scene.cmd().args(options).args(["f", "--"]).args(command).output().unwrap();
    assert_eq!((scene.text("f"), scene.inode("f")), ("old".to_owned(), inode), "{command:?}");
    assert_eq!(scene.names(), ["f"], "{command:?}");
    (output.status.code().unwrap(), stderr(&output))
}

#[test]
fn a_command_that_succeeds_replaces_the_target_by_its_output() {
    let scene = Scene::with_old();
    let command = does(&["print a b\n", "print -n\n"]);
    scene.cmd().args(["f", "--"]).args(command).assert().success().stdout("").stderr("");
    assert_eq!(scene.text("f"), "a b\n-n\n");
    assert_eq!(scene.names(), ["f"]);
}

/// Row 72: those that mean "replaced" and "damaged" cannot be COMMAND's.
#[test]
fn the_status_of_a_command_that_fails_is_passed_on() {
    for code in [1, 2, 3, 7, 119, 120, 121, 122, 123, 124, 125, 126, 127, 128, 130, 255] {
        let expected = if code == 121 || code == 122 { 125 } else { code };
        let (status, message) = failing(&[], &does(&["print new\n", &format!("exit {code}")]));
        assert_eq!(status, expected);
        let words = format!("command '{}' exited with status {code} (unchanged)", its_name());
        assert_eq!(message, format!("atomic-write: f: replace: {words}\n"));
    }
}

/// Row 66.
#[test]
fn a_command_that_a_signal_killed_has_failed() {
    needs!(native_program, shell, signals);
    let signals = [(9, "SIGKILL"), (11, "SIGSEGV"), (15, "SIGTERM"), (13, "SIGPIPE"), (34, "a real-time signal")];
    // Elsewhere that number is none of them.
    for (signal, name) in signals.into_iter().filter(|&(signal, _)| signal < 32 || cfg!(target_os = "linux")) {
        let script = format!("ulimit -c 0; echo new; kill -{signal} $$");
        let (status, message) = failing(&[], &["sh", "-c", &script].map(str::to_owned));
        assert_eq!(status, 128 + signal);
        assert!(
            message.contains(&format!("command 'sh' was killed by signal {signal} ({name}) (unchanged)")),
            "{message}"
        );
    }
}

#[test]
fn a_command_that_fails_creates_nothing() {
    let scene = Scene::new();
    scene.cmd().args(["f", "--"]).args(does(&["print new\n", "exit 4"])).assert().code(4);
    assert!(scene.names().is_empty());
}

/// Row 71: the content went elsewhere.
#[test]
fn a_command_that_writes_nothing_is_refused() {
    let (status, message) = failing(&[], &does(&[]));
    assert_eq!(status, 123);
    let lines: Vec<&str> = message.lines().collect();
    assert_eq!(lines[0], "atomic-write: f: replace: the command wrote nothing to its standard output (unchanged)");
    assert!(lines[1].starts_with("hint: ") && lines[1].contains("--allow-empty"), "{message}");
}

/// Row 71: what the command itself did to TARGET stays, and is not emptied.
#[test]
fn a_command_that_writes_the_target_itself_does_not_empty_it() {
    for (command, content) in [(&["write g new", "rename g f"][..], "new"), (&["write f gen\n"], "gen\n")] {
        if lacks_for(command) {
            continue;
        }
        let scene = Scene::with_old();
        scene.cmd().args(["f", "--"]).args(does(command)).assert().code(123);
        assert_eq!(scene.text("f"), content);
        assert_eq!(scene.names(), ["f"]);
    }
}

#[test]
fn the_failure_of_a_command_comes_before_its_silence() {
    for options in [&[][..], &["--allow-empty"], &["--non-empty"]] {
        assert_eq!(failing(options, &does(&["exit 7"])).0, 7);
    }
}

#[test]
fn nothing_is_accepted_where_that_is_asked_for() {
    let scene = Scene::with_old();
    scene.cmd().args(["--allow-empty", "f", "--"]).args(does(&[])).assert().success().stderr("");
    assert_eq!(scene.text("f"), "");
    scene.cmd().args(["--allow-empty", "new", "--"]).args(does(&[])).assert().success();
    assert_eq!(scene.names(), ["f", "new"]);
}

/// Row 1: the pipe cannot tell, a guard can.
#[test]
fn a_producers_death_is_an_end_unless_a_guard_refuses() {
    let scene = Scene::with_old();
    // All that is seen of `false |`.
    scene.cmd().arg("f").assert().success();
    assert_eq!(scene.text("f"), "");
    scene.write("f", "old");
    scene.cmd().args(["--non-empty", "f"]).assert().code(3);
    scene.cmd().args(["f", "--"]).args(does(&["print part\n", "exit 1"])).assert().code(1);
    assert_eq!(scene.text("f"), "old");
}

/// Our own failures where a COMMAND is in play: nothing that could be the command's.
#[test]
fn our_own_failures_have_statuses_that_tell_them_apart() {
    let scene = Scene::with_old();
    scene.cmd().args(["missing/f", "--", "echo", "new"]).assert().code(125);
    scene.cmd().args(["-n", "f", "--", "echo", "new"]).assert().code(123);
    scene.cmd().args(["--no-such", "f", "--", "echo", "new"]).assert().code(2);
    assert_eq!(scene.text("f"), "old");
}
