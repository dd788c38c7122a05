//! A failure of ours while COMMAND runs: told at once, whatever COMMAND does about it.
//!
//! Rows: 77.

use std::fs;

use crate::common::events::{Fifo, end_of, until};
use crate::common::needs::lacks;
use crate::common::{Mounted, Scene, names_in, program, stderr};
use crate::linux::command::signals::exists;

/// The pipe is closed, and SIGTERM sent. Who ignores all of that is left alone, and told of.
#[test]
fn a_command_that_ignores_everything_does_not_keep_a_failed_run_alive() {
    for small_disk in [false, true] {
        if small_disk && lacks!(root) {
            return;
        }
        let scene = Scene::new();
        let mut errors = Fifo::new(&scene, "errors");
        let errors_end = fs::File::options().write(true).open(scene.path("errors")).unwrap();
        let disk = small_disk.then(|| Mounted::with(&scene, "disk", &["-t", "tmpfs", "-o", "size=256k", "none"]));
        let target = if disk.is_some() { "disk/f" } else { "f" };
        scene.write(target, "old");
        scene.write("running", "");
        // Without a word of its own, and for as long as the test lets it.
        let command =
            "trap '' TERM PIPE HUP INT; exec 2>&-; echo $$ >id; while [ -e running ]; do head -c 65536 /dev/zero; done";
        scene.write("command", command);
        let limit = if small_disk { "unlimited" } else { "64" };
        let script = format!("ulimit -f {limit}; exec \"$AW\" {target} -- sh command");
        let mut child =
            scene.other("sh").args(["-c", &script]).env("AW", program()).stderr(errors_end).spawn().unwrap();
        let told = errors.line();
        let words = if small_disk { "No space left on device" } else { "File too large" };
        assert!(told.starts_with(&format!("atomic-write: {target}: write: ")), "{told}");
        assert!(told.contains(words) && told.ends_with(" (unchanged)"), "{told}");
        // It runs, as nothing has ended it; and the run ends all the same.
        let id = scene.text("id").trim().to_owned();
        assert!(exists(&id));
        let still = errors.line();
        assert!(still.contains(&format!("command 'sh' (process {id}) still runs")), "{still}");
        assert_eq!(end_of(&mut child).code(), Some(125));
        assert!(exists(&id) && fs::read_to_string(format!("/proc/{id}/cmdline")).unwrap().contains("command"));
        fs::remove_file(scene.path("running")).unwrap();
        until("the command ends", || !exists(&id));
        assert_eq!(scene.text(target), "old");
        assert_eq!(
            names_in(scene.path(target).parent().unwrap()).iter().filter(|name| name.starts_with('.')).count(),
            0
        );
    }
}

/// The closed pipe ends what ignores SIGTERM: nothing is left to tell of.
#[test]
fn a_command_that_ignores_sigterm_ends_when_nobody_reads_it_any_more() {
    let scene = Scene::with_old();
    let output = scene.sh(
        "ulimit -f 64; exec timeout -s KILL 60 \"$AW\" f -- sh -c 'trap \"\" TERM; echo $$ >id; exec cat /dev/zero'",
    );
    assert_eq!(output.status.code(), Some(125), "{output:?}");
    let text = stderr(&output);
    assert!(text.contains("write: ") && text.ends_with("File too large (unchanged)\n"), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(!exists(&scene.text("id")));
    assert_eq!((scene.text("f").as_str(), scene.names()), ("old", vec!["f".to_owned(), "id".to_owned()]));
}

/// A failure of ours is told before the command's end is waited for.
#[test]
fn a_failure_of_ours_is_told_while_the_command_cleans_up() {
    let scene = Scene::with_old();
    let (mut errors, mut go) = (Fifo::new(&scene, "errors"), Fifo::new(&scene, "go"));
    let errors_end = fs::File::options().write(true).open(scene.path("errors")).unwrap();
    scene.write("running", "");
    // It cleans up until it is let go.
    let command = "trap 'read line <go; echo done >log; exit 0' TERM; trap '' PIPE; while [ -e running ]; do head -c 65536 /dev/zero 2>&-; done";
    scene.write("command", command);
    let script = "ulimit -f 64; exec \"$AW\" f -- sh command";
    let mut child = scene.other("sh").args(["-c", script]).env("AW", program()).stderr(errors_end).spawn().unwrap();
    let told = errors.line();
    assert!(told.ends_with("File too large (unchanged)"), "{told}");
    go.send();
    assert_eq!(end_of(&mut child).code(), Some(125));
    until("the command has cleaned up", || fs::read_to_string(scene.path("log")).is_ok_and(|log| log == "done\n"));
    assert_eq!(scene.text("f"), "old");
}
