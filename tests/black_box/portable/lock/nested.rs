//! A run that COMMAND starts: of what the outer one has locked it would wait for ever.
//!
//! Rows: none.

use crate::common::events::BOUND;
use crate::common::needs::{lacks, needs};
use crate::common::{Scene, does, program, stderr};

const LOCKED: &str =
    "lock: TARGET is locked by the atomic-write that runs this command, which would wait for ever (unchanged)\nhint: ";

/// Runs the program with these arguments, in which `AW` is the program, on files with a line each; returns the status and what was
/// said.
fn run(scene: &Scene, args: &[&str]) -> (Option<i32>, String) {
    for name in ["f", "g"] {
        scene.write(name, format!("{name}\n"));
    }
    let program = program().to_str().unwrap();
    let args = args.iter().map(|&arg| if arg == "AW" { program } else { arg });
    let output = scene.cmd().args(args).timeout(BOUND).output().unwrap();
    (output.status.code(), stderr(&output))
}

#[test]
fn a_nested_run_on_the_same_target_is_refused_at_once() {
    let scene = Scene::new();
    for (args, status) in [
        (&["-e", "f", "--", "AW", "-e", "f", "--", "cat"][..], 125),
        (&["-e", "f", "--", "AW", "-a", "f"], 1),
        (&["-a", "f", "--", "AW", "-a", "./f"], 1),
        (&["-a", "f", "--", "AW", "--lock", "f"], 1),
        (&["--lock", "f", "--", "AW", "--lock-timeout", "60", "f"], 1),
        (&["-e", "f", "-I", "{}", "--", "AW", "-a", "f", "--from", "{}"], 1),
        // In the midst, one on another.
        (&["-e", "f", "--", "AW", "-e", "g", "--", "AW", "-a", "f"], 1),
    ] {
        let (ended, words) = run(&scene, args);
        assert_eq!(ended, Some(status), "{args:?}: {words}");
        assert!(words.contains(LOCKED), "{args:?}: {words}");
        assert_eq!((scene.text("f"), scene.text("g"), scene.names().len()), ("f\n".to_owned(), "g\n".to_owned(), 2));
    }
    if !lacks!(symlinks) {
        scene.symlink("f", "link");
        let (ended, words) = run(&scene, &["-e", "link", "--", "AW", "-a", "f"]);
        assert!(ended == Some(1) && words.contains(LOCKED), "{words}");
    }
}

#[test]
fn a_nested_run_on_another_target_works() {
    let scene = Scene::new();
    for inner in [&["-a", "g"][..], &["-e", "g", "--"], &["--lock", "g"]] {
        let command = if inner.ends_with(&["--"]) { does(&["copy", "print f\n"]) } else { Vec::new() };
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        let (ended, words) = run(&scene, &[&["-e", "f", "--", "AW", "--report"], inner, &command].concat());
        assert_eq!((ended, words.as_str()), (Some(0), ""), "{inner:?}");
        let expected = if inner[0] == "--lock" { "f\n" } else { "g\nf\n" };
        assert_eq!((scene.text("f"), scene.text("g")), ("replaced\n".to_owned(), expected.to_owned()), "{inner:?}");
    }
}

#[test]
fn a_nested_run_without_the_lock_is_found_out_at_the_commit() {
    needs!(open_files_give_way);
    let scene = Scene::new();
    let (ended, words) = run(&scene, &["-e", "f", "--", "AW", "--no-lock", "--report", "-a", "f"]);
    assert_eq!(ended, Some(123), "{words}");
    assert!(words.contains("has changed since it was read"), "{words}");
    assert_eq!(scene.text("f"), "f\nf\n");
    let (ended, words) = run(&scene, &["-a", "f", "--", "AW", "--report", "f"]);
    assert_eq!(ended, Some(125), "{words}");
    assert!(words.contains("by a writer that does not lock it"), "{words}");
}

/// What is absent has its directory's lock, which is that of all that is absent.
#[test]
fn a_nested_run_is_refused_where_both_create() {
    needs!(locks_without_names);
    let scene = Scene::new();
    let (ended, words) = run(&scene, &["-a", "new", "--", "AW", "-a", "newer"]);
    assert_eq!(ended, Some(1), "{words}");
    assert!(words.contains("newer: lock: its directory is locked by the atomic-write that runs this"), "{words}");
    let (ended, words) = run(&scene, &["-a", "new", "--", "AW", "--report", "-a", "--no-lock", "newer"]);
    assert_eq!((ended, scene.text("new").as_str()), (Some(0), "created\n"), "{words}");
}

#[test]
fn a_validator_cannot_write_the_target_either() {
    needs!(validation_by_sh);
    let scene = Scene::with_old();
    let validator = format!("'{}' -a \"$2\"", program().display());
    let output = scene.cmd().args(["-a", "--validate", &validator, "f"]).write_stdin("new").output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(stderr(&output).contains(LOCKED), "{output:?}");
    scene.has_only("f", "old");
}
