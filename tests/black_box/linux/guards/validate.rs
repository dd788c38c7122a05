//! `--validate`: what the command sees, what its end means, and that it may not change anything.
//!
//! Rows: 73.

use crate::common::needs::needs;
use crate::common::strace::Strace;
use crate::common::{Scene, stderr};
use crate::portable::guards::refused;
use crate::portable::guards::validate::run;

#[test]
fn the_staged_content_has_no_name_and_is_for_us_alone() {
    let scene = Scene::new();
    for (before, options) in [(None, &["-m", "666"][..]), (Some(0o640), &[]), (None, &[]), (Some(0o666), &["--lock"])] {
        let _ = std::fs::remove_file(scene.path("f"));
        if let Some(mode) = before {
            scene.write("f", "old");
            scene.chmod("f", mode);
        }
        let script = r#"umask 0; stat -L -c %a "$1"; ls -A"#;
        let output = scene.cmd().args(options).args(["--validate", script, "f"]).write_stdin("new").output().unwrap();
        assert_eq!(stderr(&output), if before.is_some() { "600\nf\n" } else { "600\n" });
        if let Some(mode) = before {
            assert_eq!(scene.mode("f"), mode);
        }
    }
    scene.cmd().args(["-m", "604", "--validate", ":", "g"]).assert().success();
    assert_eq!(scene.mode("g"), 0o604);
}

/// Row 73: a staging file of that mode could not be opened for the command.
#[test]
fn files_that_their_owner_may_not_read_are_validated() {
    let scene = Scene::new();
    scene.chmod("", 0o777);
    for mode in [0o200, 0o000] {
        scene.write("f", "old");
        scene.give_to_user("f");
        scene.chmod("f", mode);
        let assert = scene.ordinary().args(["-f", "--validate", "cat \"$1\"", "f"]).write_stdin("new").assert();
        assert.success().stderr("new");
        assert_eq!(scene.mode("f"), mode);
        scene.chmod("f", 0o600);
        assert_eq!(scene.text("f"), "new");
        std::fs::remove_file(scene.path("f")).unwrap();
        let octal = format!("{mode:o}");
        let args = ["-m", &octal, "--validate", "cat", "g"];
        scene.ordinary().args(args).write_stdin("new").assert().success().stderr("new");
        assert_eq!(scene.mode("g"), mode);
        std::fs::remove_file(scene.path("g")).unwrap();
    }
}

/// A change within the granularity of the times would not show; away from a time long ago every change leads.
#[test]
fn the_validated_content_has_an_old_time_so_that_changes_show() {
    let scene = Scene::new();
    let output = run(&scene, r#"stat -L -c %Y "$1""#);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(stderr(&output), "1\n");
}

#[test]
fn content_that_the_command_changed_in_memory_is_refused() {
    needs!(xfs_io);
    for sync in ["full", "none"] {
        let scene = Scene::with_old();
        // An ordinary user's PATH may not lead to it.
        let script = r#"PATH=$PATH:/usr/sbin:/sbin xfs_io -c "mmap -rw 0 3" -c "mwrite -S 0x4e 0 1" "$1""#;
        let args = ["--sync", sync, "--validate", script, "f"];
        let output = scene.cmd().args(args).write_stdin("new").output().unwrap();
        assert!(stderr(&output).contains("the command changed the content"), "{output:?}");
        assert_eq!(output.status.code(), Some(3));
        assert_eq!(scene.text("f"), "old");
    }
}

#[test]
fn a_staging_file_with_a_name_is_validated_too() {
    needs!(strace);
    let scene = Scene::with_old();
    let traced = |script: &str| {
        let strace = Strace::new(&scene, &["--validate", script, "f"]).input("new");
        strace.without_unnamed("EOPNOTSUPP").run().output
    };
    refused(&scene, &traced("exit 1"), "validate: command 'exit 1' exited with status 1");
    let changed = "validate: the command changed the content that it was to look at";
    refused(&scene, &traced("printf NEW >\"$1\""), changed);
    let output = traced("cat; cat \"$1\"; stat -L -c %a \"$1\"");
    assert!(output.status.success());
    assert_eq!(stderr(&output), "newnew600\n");
    assert_eq!(scene.text("f"), "new");
    assert_eq!(scene.names(), ["f"]);
}
