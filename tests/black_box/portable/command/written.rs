//! COMMAND, or another writer, changes TARGET and the run fails: the state at the end of the line is the true one.
//!
//! Rows: 76.

use std::io::Write;
use std::process::Stdio;

use crate::common::needs::{lacks_for, needs};
use crate::common::{Scene, does, stderr, write_until_read};

const CHANGED: &str = " (changed meanwhile)\n";

pub const UNCHANGED: &str = " (unchanged)\n";

/// The error line that `output` begins with, which must end with this state.
pub fn assert_state(output: &std::process::Output, state: &str, what: &str) {
    let text = stderr(output);
    let line = text.split_inclusive('\n').next().unwrap_or_default();
    assert!(line.starts_with("atomic-write: f: ") && line.ends_with(state), "{what}: {text}");
}

/// Runs a COMMAND that does this; `old` is what TARGET holds before.
fn run(scene: &Scene, old: Option<&str>, options: &[&str], steps: &[&str]) -> std::process::Output {
    if let Some(old) = old {
        scene.write("f", old);
    }
    scene.cmd().args(options).args(["f", "--"]).args(does(steps)).output().unwrap()
}

#[test]
fn a_target_that_the_command_wrote_itself_is_not_called_unchanged() {
    for (steps, content) in [
        (&["write f gen\n"][..], "gen\n"),
        (&["append f more\n"], "oldmore\n"),
        (&["patch f gen"], "gen"),
        (&["write g gen\n", "rename g f"], "gen\n"),
        // The same size, and the time set back.
        (&["disguise f gen"], "gen"),
    ] {
        if lacks_for(steps) {
            continue;
        }
        let scene = Scene::new();
        let output = run(&scene, Some("old"), &[], steps);
        assert_eq!(output.status.code(), Some(123), "{steps:?}: {output:?}");
        assert_state(&output, CHANGED, steps[0]);
        assert_eq!((scene.text("f").as_str(), scene.names()), (content, vec!["f".to_owned()]), "{steps:?}");
    }
}

/// The words lead nobody to `-o /dev/stdout`, which as root replaces the device link.
#[test]
fn the_hint_after_empty_output_says_what_the_new_content_is() {
    let scene = Scene::new();
    let output = run(&scene, Some("old"), &[], &["write f gen\n"]);
    let text = stderr(&output);
    let hint = text.lines().find(|line| line.starts_with("hint: ")).unwrap_or_default();
    assert!(hint.contains("prints") && hint.contains("--allow-empty"), "{text}");
    assert!(!hint.contains("standard output") && !hint.contains("stdout"), "{text}");
}

#[test]
fn a_target_that_the_command_removed_is_not_called_unchanged() {
    for (steps, status) in [(&["remove f"][..], 123), (&["rename f g", "remove g"], 123), (&["remove f", "exit 7"], 7)]
    {
        if lacks_for(steps) {
            continue;
        }
        let scene = Scene::new();
        let output = run(&scene, Some("old"), &[], steps);
        assert_eq!(output.status.code(), Some(status), "{steps:?}: {output:?}");
        assert_state(&output, CHANGED, steps[0]);
        assert!(scene.names().is_empty(), "{steps:?}");
    }
}

#[test]
fn a_target_that_the_command_created_is_not_called_unchanged() {
    for (steps, status) in [
        (&["write f gen\n"][..], 123),
        (&["mkdir f"], 123),
        (&["symlink nowhere f"], 123),
        (&["write f gen\n", "exit 7"], 7),
    ] {
        if lacks_for(steps) {
            continue;
        }
        let scene = Scene::new();
        let output = run(&scene, None, &[], steps);
        assert_eq!(output.status.code(), Some(status), "{steps:?}: {output:?}");
        assert_state(&output, CHANGED, steps[0]);
        assert_eq!(scene.names(), ["f"], "{steps:?}");
    }
}

#[test]
fn what_a_failing_command_wrote_is_not_called_unchanged() {
    for (steps, status) in [(&["write f gen\n", "exit 7"][..], 7), (&["print part\n", "write f gen\n", "exit 1"], 1)] {
        if lacks_for(steps) {
            continue;
        }
        let scene = Scene::new();
        let output = run(&scene, Some("old"), &[], steps);
        assert_eq!(output.status.code(), Some(status), "{steps:?}: {output:?}");
        assert_state(&output, CHANGED, steps[0]);
        assert_eq!(scene.text("f"), "gen\n");
    }
}

#[test]
fn what_a_killed_command_wrote_is_not_called_unchanged() {
    needs!(shell, signals);
    let scene = Scene::with_old();
    let output = scene.cmd().args(["f", "--", "sh", "-c", "echo gen >f; kill -9 $$"]).output().unwrap();
    assert_eq!(output.status.code(), Some(137), "{output:?}");
    assert_state(&output, CHANGED, "kill");
    assert_eq!(scene.text("f"), "gen\n");
}

/// Metadata counts as well.
#[test]
fn a_target_whose_mode_the_command_changed_is_not_called_unchanged() {
    needs!(permissions);
    let scene = Scene::with_old();
    scene.chmod("f", 0o644);
    let output = run(&scene, None, &[], &["mode f 600"]);
    assert_eq!(output.status.code(), Some(123), "{output:?}");
    assert_state(&output, CHANGED, "chmod");
    assert_eq!((scene.text("f").as_str(), scene.mode("f")), ("old", 0o600));
}

#[test]
fn a_guard_that_refuses_tells_of_it_too() {
    let wrong = format!("sha256:{}", "0".repeat(64));
    let guards: [&[&str]; 4] = [
        &["--checksum", &wrong],
        &["--validate", "exit 1"],
        &["--edit", "--lock"],
        &["--edit", "--validate", "exit 1"],
    ];
    for options in guards {
        let scene = Scene::new();
        let output = run(&scene, Some("old\n"), options, &["print new\n", "write f gen\n"]);
        assert_eq!(output.status.code(), Some(123), "{options:?}: {output:?}");
        assert_state(&output, CHANGED, &format!("{options:?}"));
        assert_eq!((scene.text("f").as_str(), scene.names()), ("gen\n", vec!["f".to_owned()]), "{options:?}");
    }
}

/// What another writer did counts like what COMMAND did.
#[test]
fn another_writer_is_told_of_where_a_guard_refuses_standard_input() {
    for (old, change) in [(true, "write f gen"), (true, "remove f"), (true, "mode f 600"), (false, "write f gen")] {
        if lacks_for(&[change]) {
            continue;
        }
        let scene = Scene::new();
        if old {
            scene.write("f", "old");
            scene.chmod("f", 0o644);
        }
        let wrong = format!("sha256:{}", "0".repeat(64));
        let mut command = scene.process();
        command.args(["--checksum", &wrong, "f"]).stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        write_until_read(&mut stdin);
        scene.meanwhile(&[change]);
        stdin.flush().unwrap();
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{change}: {output:?}");
        assert_state(&output, CHANGED, change);
    }
}

#[test]
fn where_nothing_happened_it_is_unchanged() {
    for (old, steps, status) in [
        (Some("old"), &[][..], 123),
        (Some("old"), &["copy-file f g", "remove g"], 123),
        (Some("old"), &["print new\n", "exit 7"], 7),
        (Some("old"), &["write g other\n", "remove g", "exit 7"], 7),
        (None, &[], 123),
        (None, &["print new\n", "exit 7"], 7),
        // Created and removed again.
        (None, &["write f gen\n", "remove f"], 123),
    ] {
        if lacks_for(steps) {
            continue;
        }
        let scene = Scene::new();
        let output = run(&scene, old, &[], steps);
        assert_eq!(output.status.code(), Some(status), "{steps:?}: {output:?}");
        assert_state(&output, UNCHANGED, &format!("{steps:?}"));
    }
    // A failure of ours, and a guard that refuses.
    let scene = Scene::new();
    let output = scene.cmd().args(["d/f", "--"]).args(does(&[])).output().unwrap();
    assert!(stderr(&output).contains("(unchanged)\n"), "{output:?}");
    let output = run(&scene, Some("old"), &["--validate", "exit 1"], &["print new\n"]);
    assert_state(&output, UNCHANGED, "validate");
}
