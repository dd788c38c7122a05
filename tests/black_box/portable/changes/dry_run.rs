//! `--dry-run`: everything but the commit.
//!
//! Rows: none.

use crate::common::needs::{lacks, needs};
use crate::common::system::{Traces, traces};
use crate::common::{Scene, does, stderr, stdout};
use crate::portable::guards::target::OLD;

/// Everything about each file of the scene that a write would change; its directory, too, where nothing needs a name in it.
fn state(scene: &Scene, with_directory: bool) -> Vec<(String, Traces, Option<Vec<u8>>)> {
    let mut names = scene.names();
    if with_directory {
        names.push(String::new());
    }
    let content = |name: &str| scene.path(name).is_file().then(|| scene.read(name));
    names.into_iter().map(|name| (name.clone(), traces(&scene.path(&name)).without_access(), content(&name))).collect()
}

fn scene() -> Scene {
    let scene = Scene::with_old();
    scene.write("source", "new");
    scene.mkdir("tree");
    scene.write("tree/file", "old");
    scene
}

/// Runs it with `--dry-run`, then without. Each time status and words must be these; the first time nothing changes.
fn both(args: &[&str], steps: Option<&[&str]>, status: i32, word: &str) -> (String, String) {
    let scene = scene();
    // What needs a path makes a directory for it meanwhile.
    let is_named = lacks!(unnamed_files) || args.iter().any(|arg| ["-I", "--validate", "--tree", "-D"].contains(arg));
    let run = |options: &[&str]| {
        let command = steps.map_or_else(Vec::new, |steps| [vec!["--".to_owned()], does(steps)].concat());
        let args = [options, args].concat();
        let output = scene.cmd().args(args).args(command).write_stdin("new").output().unwrap();
        assert_eq!(output.status.code(), Some(status), "{options:?} {steps:?}: {output:?}");
        assert_eq!(stdout(&output), word, "{options:?} {steps:?}: {output:?}");
        stderr(&output)
    };
    let before = state(&scene, !is_named);
    let dry = run(&["--dry-run", "--report", "-v"]);
    assert_eq!(state(&scene, !is_named), before, "{args:?} {steps:?}");
    assert_eq!(scene.text("tree/file"), "old");
    (dry, run(&["--report", "-v"]))
}

#[test]
fn nothing_changes_whatever_the_source_and_all_is_said_as_otherwise() {
    for (args, steps, word) in [
        (&["f"][..], None, "replaced"),
        (&["new"], None, "created"),
        (&["--from", "source", "f"], None, "replaced"),
        (&["f"], Some(&["print new"][..]), "replaced"),
        (&["new"], Some(&["print new"]), "created"),
        (&["-e", "f"], Some(&["upper"]), "replaced"),
        (&["-e", "--create", "new"], Some(&["print new"]), "created"),
        (&["-a", "f"], None, "replaced"),
        (&["-I", "{}", "f"], Some(&["make new {}"]), "replaced"),
        (&["-I", "{}", "new"], Some(&["make new {}"]), "created"),
        (&["-e", "-I", "{}", "f"], Some(&["append {} new"]), "replaced"),
        (&["--validate", "exit 0", "f"], None, "replaced"),
        (&["-C", "f"], None, "replaced"),
        (&["-D", "a/b/f"], None, "created"),
        (&["-n", "new"], None, "created"),
        (&["--if-match", OLD, "f"], None, "replaced"),
        (&["-b", "f"], None, "replaced"),
        (&["--lock", "--sync=none", "-m", "600", "f"], None, "replaced"),
    ] {
        let (dry, done) = both(args, steps, 0, &format!("{word}\n"));
        let expected = done.replace(&format!(": {word}"), &format!(": would be {word}")).replace(", now ", ", then ");
        assert_eq!(dry, expected, "{args:?}");
        assert!(dry.contains(": would be "), "{args:?}: {dry}");
    }
}

#[test]
fn a_tree_that_would_be_swapped_stays() {
    needs!(exchange);
    for (args, steps) in
        [(&["--from", "source-tree", "tree"][..], None), (&["-I", "{}", "tree"], Some(&["write {}/new new"][..]))]
    {
        let scene = scene();
        scene.mkdir("source-tree");
        scene.write("source-tree/new", "new");
        let before = state(&scene, false);
        let command = steps.map_or_else(Vec::new, |steps| [vec!["--".to_owned()], does(steps)].concat());
        let mut run = scene.cmd();
        let assert = run.args(["--dry-run", "--report", "-v", "--tree"]).args(args).args(&command).assert();
        assert.success().stdout("replaced\n").stderr("atomic-write: tree: would be replaced (a directory)\n");
        assert_eq!(state(&scene, false), before);
        scene.cmd().arg("--tree").args(args).args(&command).assert().success();
        assert_eq!(crate::common::names_in(&scene.path("tree")), ["new"]);
    }
}

#[test]
fn what_would_stay_is_said_to() {
    let scene = scene();
    let before = state(&scene, true);
    let mut run = scene.cmd();
    let assert = run.args(["--dry-run", "-C", "--report", "-v", "f"]).write_stdin("old").assert();
    assert.success().stdout("unchanged\n").stderr("atomic-write: f: would be unchanged (3 bytes)\n");
    assert_eq!(state(&scene, true), before);
}

#[test]
fn what_would_fail_fails_with_the_same_words() {
    const OTHER: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    for (args, steps, status) in [
        (&["-n", "f"][..], None, 3),
        (&["-n", "new"], Some(&["write new other", "print new"][..]), 123),
        (&["--if-match", OTHER, "f"], None, 3),
        (&["--checksum", OTHER, "f"], None, 3),
        (&["--validate", "exit 1", "f"], None, 3),
        (&["f"], Some(&["print new", "exit 7"]), 7),
        (&["f"], Some(&[]), 123),
        (&["-I", "{}", "f"], Some(&["absent {}"]), 123),
        (&["-e", "new"], Some(&["copy"]), 125),
        (&["-e", "f"], Some(&["append f other", "copy"]), 123),
        (&["-D", "a/b/f"], Some(&["exit 7"]), 7),
        (&["a/b/f"], None, 1),
        (&["tree"], None, 1),
        (&["--tree", "-I", "{}", "f"], Some(&["write {}/new new"]), 125),
    ] {
        if steps.is_some_and(|steps| steps.iter().any(|step| step.ends_with(" other"))) {
            // What COMMAND itself does is done.
            let scene = scene();
            let run = |options: &[&str]| {
                scene.write("f", "old");
                let _ = std::fs::remove_file(scene.path("new"));
                let command = does(steps.unwrap());
                scene.cmd().args(options).args(args).arg("--").args(command).output().unwrap()
            };
            let (dry, done) = (run(&["--dry-run"]), run(&[]));
            assert_eq!((dry.status.code(), stderr(&dry)), (Some(status), stderr(&done)), "{args:?}");
            continue;
        }
        let (dry, done) = both(args, steps, status, "");
        assert_eq!(dry, done, "{args:?}");
    }
}

#[test]
fn what_is_no_file_is_refused_as_otherwise() {
    needs!(shell, fifos);
    let scene = scene();
    assert!(scene.sh("mkfifo fifo").status.success());
    for target in ["fifo", "/dev/null", "f/"] {
        let run =
            |options: &[&str]| stderr(&scene.cmd().args(options).arg(target).write_stdin("new").output().unwrap());
        let dry = run(&["--dry-run"]);
        assert!(dry.contains("(unchanged)"), "{dry}");
        assert_eq!(dry, run(&[]), "{target}");
    }
}
