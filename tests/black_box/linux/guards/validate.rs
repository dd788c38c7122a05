//! `--validate`: what the command sees, what its end means, and that it may not change anything.
//!
//! Rows: 73.

use crate::common::needs::needs;
use crate::common::strace::Strace;
use crate::common::{Scene, stderr};
use crate::portable::guards::refused;
use crate::portable::guards::validate::run;

#[test]
fn the_staged_content_and_its_directory_are_for_us_alone() {
    let scene = Scene::new();
    for (before, options) in [(None, &["-m", "666"][..]), (Some(0o640), &[]), (None, &[]), (Some(0o666), &["--lock"])] {
        let _ = std::fs::remove_file(scene.path("f"));
        if let Some(mode) = before {
            scene.write("f", "old");
            scene.chmod("f", mode);
        }
        let script = r#"umask 0; stat -c %a "$1" "${1%/*}"; ls -A | sed 's/^[.]aw-.\{12\}$/private/'"#;
        let output = scene.cmd().args(options).args(["--validate", script, "f"]).write_stdin("new").output().unwrap();
        assert_eq!(stderr(&output), if before.is_some() { "600\n700\nprivate\nf\n" } else { "600\n700\nprivate\n" });
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

/// The file itself: what was looked at is what TARGET becomes.
#[test]
fn the_inode_that_was_validated_becomes_the_target() {
    let look = r#"stat -c '%i %h' "$1""#;
    for options in [&[][..], &["-b"], &["--lock"], &["-C"], &["-n"], &["--sync", "none"]] {
        let scene = Scene::new();
        if options != ["-n"] {
            scene.write("f", "old");
        }
        let output = scene.cmd().args(options).args(["--validate", look, "f"]).write_stdin("new").output().unwrap();
        assert_eq!(stderr(&output), format!("{} 1\n", scene.inode("f")), "{options:?}");
        assert_eq!(scene.text("f"), "new");
    }
    let scene = Scene::with_old();
    let args = ["--validate", look, "-I", "{}", "f", "--", "sh", "-c", "echo new >\"$1\"", "sh", "{}"];
    let output = scene.cmd().args(args).output().unwrap();
    assert_eq!(stderr(&output), format!("{} 1\n", scene.inode("f")));
}

#[test]
fn the_inode_is_kept_where_the_staging_file_had_a_name_before() {
    needs!(strace);
    let scene = Scene::with_old();
    let strace = Strace::new(&scene, &["--validate", r#"stat -c %i "$1""#, "f"]).input("new");
    let output = strace.without_unnamed("EOPNOTSUPP").run().output;
    assert_eq!(stderr(&output), format!("{}\n", scene.inode("f")));
    scene.has_only("f", "new");
}

/// No writer of ours is open then.
#[test]
fn the_command_may_execute_the_content() {
    let script = r#"chmod 700 "$1" && "$1""#;
    let program = "#!/bin/sh\necho ran >&2\n";
    for (options, name) in
        [(&[][..], "f"), (&["--lock"], "f"), (&["--sync", "none"], "g"), (&["-b"], "f"), (&["-m", "755"], "h")]
    {
        let scene = Scene::with_old();
        let args = ["--validate", script, name];
        let output = scene.cmd().args(options).args(args).write_stdin(program).output().unwrap();
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), "ran\n"), "{options:?}");
        assert_eq!(scene.text(name), program);
    }
    // A program of the system's own kind, with the mode that COMMAND gave it.
    let scene = Scene::new();
    let args = ["--validate", r#""$1" --version"#, "-I", "{}", "f", "--", "cp", "/bin/cat", "{}"];
    let output = scene.cmd().args(args).output().unwrap();
    assert!(output.status.success() && stderr(&output).contains("cat"), "{output:?}");
    assert_eq!(scene.mode("f") & 0o111, 0o111);
}
