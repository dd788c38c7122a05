//! How COMMAND is found and started, and that it is not when something is known to stand in the way.
//!
//! Rows: none.

use std::fs;

use crate::common::needs::needs;
use crate::common::strace::Strace;
use crate::common::{Mounted, Scene, stderr};

#[test]
fn a_command_whose_arguments_are_too_long_is_126() {
    let scene = Scene::with_old();
    // Ours arrive; with one more variable of the environment's size theirs would too. A single word has its own limit.
    let output = scene.sh(r#"word=$(head -c 131000 /dev/zero | tr '\0' x); $AW f -- ./f "$word""#);
    assert_eq!(output.status.code(), Some(126), "{}", stderr(&output));
    assert_eq!(scene.text("f"), "old");
}

/// Promise 6. The command would leave a mark.
#[test]
fn a_command_is_not_started_where_the_target_cannot_be_replaced() {
    let scene = Scene::new();
    scene.mkdir("directory");
    scene.write("file", "old");
    scene.symlink("loop", "loop");
    rustix::fs::mkfifoat(rustix::fs::CWD, scene.path("fifo"), rustix::fs::Mode::from_raw_mode(0o666)).unwrap();
    let refused: [&[&str]; 9] = [
        &["directory"],
        &["directory/"],
        &["missing/f"],
        &["fifo"],
        &["loop"],
        &["-n", "file"],
        &["/dev/null"],
        &["--edit", "absent"],
        &["--if-match", &format!("sha256:{}", "0".repeat(64)), "file"],
    ];
    for args in refused {
        let output = scene.cmd().args(args).args(["--", "sh", "-c", "touch ran; echo new"]).output().unwrap();
        assert!(matches!(output.status.code(), Some(123 | 125)), "{args:?}: {output:?}");
        assert!(!scene.path("ran").exists(), "{args:?}");
    }
    assert_eq!(scene.names(), ["directory", "fifo", "file", "loop"]);
}

#[test]
fn a_command_is_not_started_where_writing_is_not_permitted() {
    let scene = Scene::new();
    scene.mkdir("d");
    scene.write("d/f", "old");
    scene.chmod("d", 0o555);
    scene.chmod("d/f", 0o666);
    scene.write("g", "old");
    scene.chmod("g", 0o444);
    scene.chmod("", 0o777);
    for target in ["d/f", "d/new", "g"] {
        let script = "touch ran; echo new";
        let output = scene.ordinary().args([target, "--", "sh", "-c", script]).output().unwrap();
        assert_eq!(output.status.code(), Some(125), "{output:?}");
        assert!(!scene.path("ran").exists(), "{target}");
    }
    scene.chmod("d", 0o755);
    assert_eq!(scene.names(), ["d", "g"]);
}

#[test]
fn a_command_is_not_started_where_the_target_is_a_mount_point() {
    needs!(root);
    let scene = Scene::new();
    let (from, onto) = (scene.write("from", "a"), scene.write("f", "b"));
    let _bound = Mounted::bind(&from, &onto);
    scene.cmd().args(["f", "--", "sh", "-c", "touch ran; echo new"]).assert().code(125);
    assert!(!scene.path("ran").exists());
    assert_eq!(fs::read(&from).unwrap(), b"a");
}

#[test]
fn a_command_is_not_started_where_nothing_can_be_staged() {
    needs!(strace);
    let scene = Scene::with_old();
    let args = ["f", "--", "sh", "-c", "touch ran; echo new"];
    let traced = Strace::new(&scene, &args).without_unnamed("ENOSPC").run();
    assert_eq!(traced.output.status.code(), Some(125), "{}", stderr(&traced.output));
    assert_eq!(scene.names(), ["f"]);
}
