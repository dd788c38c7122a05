//! COMMAND, or another writer, changes TARGET and the run fails: the state at the end of the line is the true one.
//!
//! Rows: 76.

use std::io::Write;
use std::process::Stdio;

use crate::common::{Scene, stderr, write_until_read};

const CHANGED: &str = " (changed by another program)\n";

pub const UNCHANGED: &str = " (unchanged)\n";

/// The error line that `output` begins with, which must end with this state.
pub fn assert_state(output: &std::process::Output, state: &str, what: &str) {
    let text = stderr(output);
    let line = text.split_inclusive('\n').next().unwrap_or_default();
    assert!(line.starts_with("atomic-write: f: ") && line.ends_with(state), "{what}: {text}");
}

/// Runs `sh -c SCRIPT` as COMMAND; `old` is what TARGET holds before.
fn run(scene: &Scene, old: Option<&str>, options: &[&str], script: &str) -> std::process::Output {
    if let Some(old) = old {
        scene.write("f", old);
    }
    scene.cmd().args(options).args(["f", "--", "sh", "-c", script]).output().unwrap()
}

#[test]
fn a_target_that_the_command_wrote_itself_is_not_called_unchanged() {
    for (script, content) in [
        ("echo gen >f", "gen\n"),
        ("echo more >>f", "oldmore\n"),
        ("sed -i s/old/gen/ f", "gen"),
        ("echo gen >g; mv g f", "gen\n"),
        // The same size, and the time set back.
        ("touch -r f t; printf gen >f; touch -r t f; rm t", "gen"),
    ] {
        let scene = Scene::new();
        let output = run(&scene, Some("old"), &[], script);
        assert_eq!(output.status.code(), Some(123), "{script}: {output:?}");
        assert_state(&output, CHANGED, script);
        assert_eq!((scene.text("f").as_str(), scene.names()), (content, vec!["f".to_owned()]), "{script}");
    }
}

/// The words lead nobody to `-o /dev/stdout`, which as root replaces the device link.
#[test]
fn the_hint_after_empty_output_says_what_the_new_content_is() {
    let scene = Scene::new();
    let output = run(&scene, Some("old"), &[], "echo gen >f");
    let text = stderr(&output);
    let hint = text.lines().find(|line| line.starts_with("hint: ")).unwrap_or_default();
    assert!(hint.contains("prints") && hint.contains("--allow-empty"), "{text}");
    assert!(!hint.contains("standard output") && !hint.contains("stdout"), "{text}");
}

#[test]
fn a_target_that_the_command_removed_is_not_called_unchanged() {
    for script in ["rm f", "mv f g; rm g", "rm f; exit 7"] {
        let scene = Scene::new();
        let output = run(&scene, Some("old"), &[], script);
        assert_eq!(output.status.code(), Some(if script.ends_with('7') { 7 } else { 123 }), "{script}: {output:?}");
        assert_state(&output, CHANGED, script);
        assert!(scene.names().is_empty(), "{script}");
    }
}

#[test]
fn a_target_that_the_command_created_is_not_called_unchanged() {
    for (script, status) in
        [("echo gen >f", 123), ("mkdir f", 123), ("ln -s nowhere f", 123), ("echo gen >f; exit 7", 7)]
    {
        let scene = Scene::new();
        let output = run(&scene, None, &[], script);
        assert_eq!(output.status.code(), Some(status), "{script}: {output:?}");
        assert_state(&output, CHANGED, script);
        assert_eq!(scene.names(), ["f"], "{script}");
    }
}

#[test]
fn what_a_failing_command_wrote_is_not_called_unchanged() {
    for (script, status) in
        [("echo gen >f; exit 7", 7), ("echo part; echo gen >f; exit 1", 1), ("echo gen >f; kill -9 $$", 137)]
    {
        let scene = Scene::new();
        let output = run(&scene, Some("old"), &[], script);
        assert_eq!(output.status.code(), Some(status), "{script}: {output:?}");
        assert_state(&output, CHANGED, script);
        assert_eq!(scene.text("f"), "gen\n");
    }
}

/// Metadata counts as well.
#[test]
fn a_target_whose_mode_the_command_changed_is_not_called_unchanged() {
    let scene = Scene::with_old();
    scene.chmod("f", 0o644);
    let output = run(&scene, None, &[], "chmod 600 f");
    assert_eq!(output.status.code(), Some(123), "{output:?}");
    assert_state(&output, CHANGED, "chmod");
    assert_eq!((scene.text("f").as_str(), scene.mode("f")), ("old", 0o600));
}

#[test]
fn a_guard_that_refuses_tells_of_it_too() {
    let wrong = format!("sha256:{}", "0".repeat(64));
    let guards: [&[&str]; 4] =
        [&["--checksum", &wrong], &["--validate", "false"], &["--edit", "--lock"], &["--edit", "--validate", "false"]];
    for options in guards {
        let scene = Scene::new();
        let output = run(&scene, Some("old\n"), options, "echo new; echo gen >f");
        assert_eq!(output.status.code(), Some(123), "{options:?}: {output:?}");
        assert_state(&output, CHANGED, &format!("{options:?}"));
        assert_eq!((scene.text("f").as_str(), scene.names()), ("gen\n", vec!["f".to_owned()]), "{options:?}");
    }
}

/// What another writer did counts like what COMMAND did.
#[test]
fn another_writer_is_told_of_where_a_guard_refuses_standard_input() {
    for (old, change) in [(true, "echo gen >f"), (true, "rm f"), (true, "chmod 600 f"), (false, "echo gen >f")] {
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
        assert!(scene.sh(change).status.success());
        stdin.flush().unwrap();
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{change}: {output:?}");
        assert_state(&output, CHANGED, change);
    }
}

#[test]
fn where_nothing_happened_it_is_unchanged() {
    for (old, script, status) in [
        (Some("old"), "true", 123),
        (Some("old"), "cat f >g; rm g", 123),
        (Some("old"), "echo new; exit 7", 7),
        (Some("old"), "echo other >g; rm g; exit 7", 7),
        (None, "true", 123),
        (None, "echo new; exit 7", 7),
        // Created and removed again.
        (None, "echo gen >f; rm f", 123),
    ] {
        let scene = Scene::new();
        let output = run(&scene, old, &[], script);
        assert_eq!(output.status.code(), Some(status), "{script}: {output:?}");
        assert_state(&output, UNCHANGED, script);
    }
    // A guard that refuses, and a failure of ours.
    let scene = Scene::new();
    let output = run(&scene, Some("old"), &["--validate", "false"], "echo new");
    assert_state(&output, UNCHANGED, "validate");
    let output = scene.cmd().args(["d/f", "--", "true"]).output().unwrap();
    assert!(stderr(&output).contains("(unchanged)\n"), "{output:?}");
}
