//! Where the private directory is, where the final file's own directory is no common one.
//!
//! Rows: 19, 21, 27, 96.

use super::run;
use crate::common::needs::needs;
use crate::common::{Mounted, Scene, as_user, names_in, stderr, stdout};

/// COMMAND writes, and prints the path.
const WRITES: [&str; 9] = ["-I", "{}", "d/f", "--", "sh", "-c", "echo new >>\"$1\"; echo \"$1\"", "sh", "{}"];

#[test]
fn a_mount_point_is_refused_before_command_runs() {
    needs!(root);
    let scene = Scene::new();
    let (from, onto) = (scene.write("from", "a"), scene.write("f", "b"));
    let _bound = Mounted::bind(&from, &onto);
    let output = run(&scene, &[], "echo new >\"$1\"; touch ran");
    assert_eq!(output.status.code(), Some(125), "{output:?}");
    assert!(stderr(&output).contains("hint: mount its directory instead, or --allow-in-place"), "{output:?}");
    assert_eq!((scene.names(), scene.text("from").as_str()), (vec!["f".to_owned(), "from".to_owned()], "a"));
}

#[test]
fn a_mount_point_may_be_overwritten_in_place() {
    needs!(root);
    for options in [&[][..], &["-e"], &["--validate", "grep -q new \"$1\" && test \"${1##*/}\" = f"], &["-C"]] {
        let scene = Scene::new();
        scene.mkdir("d");
        let (from, onto) = (scene.write("from", "old\n"), scene.write("d/f", ""));
        let _bound = Mounted::bind(&from, &onto);
        let inode = scene.inode("from");
        let output = scene.cmd().args(["--allow-in-place"]).args(options).args(WRITES).output().unwrap();
        assert!(output.status.success() && stderr(&output).contains("overwritten in place"), "{options:?}: {output:?}");
        assert_eq!(scene.text("from"), if options == ["-e"] { "old\nnew\n" } else { "new\n" });
        assert_eq!((scene.inode("from"), names_in(&scene.path("d"))), (inode, vec!["f".to_owned()]));
        assert!(stdout(&output).ends_with("/f\n"), "{output:?}");
    }
}

#[test]
fn an_unwritable_directory_is_gone_round_only_if_that_is_allowed() {
    let scene = Scene::new();
    scene.mkdir("d");
    scene.write("d/f", "old\n");
    for name in ["d/f", "d"] {
        scene.give_to_user(name);
    }
    scene.chmod("d", 0o555);
    let elsewhere = Scene::on("/var/tmp".as_ref());
    elsewhere.give_to_user("");
    let temporary = format!("TMPDIR={}", elsewhere.root().display());
    let words = [as_user(), &["env", &temporary]].concat();
    let output = scene.through(&words).args(WRITES).output().unwrap();
    assert_eq!(output.status.code(), Some(125), "{output:?}");
    assert_eq!(stdout(&output), "", "{output:?}");
    assert!(stderr(&output).contains("hint: --allow-in-place"), "{output:?}");
    for options in [&[][..], &["-e"], &["--validate", "grep -q new \"$1\""]] {
        let output = scene.through(&words).arg("--allow-in-place").args(options).args(WRITES).output().unwrap();
        assert!(output.status.success() && stderr(&output).contains("overwritten in place"), "{output:?}");
        assert!(stdout(&output).starts_with(elsewhere.root().to_str().unwrap()), "{output:?}");
        assert!(stdout(&output).ends_with("/f\n"), "{output:?}");
        assert_eq!(scene.text("d/f"), if options == ["-e"] { "new\nnew\n" } else { "new\n" });
        assert_eq!(elsewhere.names(), [""; 0]);
    }
    // A validator alone.
    let script = "cat \"$1\"; case $1 in *.aw-*/f) ;; *) exit 1; esac";
    let mut command = scene.through(&words);
    let output =
        command.args(["--allow-in-place", "--validate", script, "d/f"]).write_stdin("newer\n").output().unwrap();
    assert!(output.status.success() && stderr(&output).starts_with("newer\n"), "{output:?}");
    assert_eq!((scene.text("d/f").as_str(), elsewhere.names()), ("newer\n", vec![]));
    scene.chmod("d", 0o755);
    assert_eq!(names_in(&scene.path("d")), ["f"]);
}

/// The directory is held, whatever becomes of its name.
#[test]
fn a_directory_that_is_renamed_meanwhile_loses_nothing() {
    for (meanwhile, other) in [
        ("mv d e", None),
        ("mv d e; mkdir d", Some("d")),
        ("mv d e; ln -s / d", None),
        ("mv d e; mkdir d; echo x >d/f", Some("d/f")),
    ] {
        for options in [&[][..], &["-e"], &["-b"], &["--validate", "test -e \"$1\" || exit 0"]] {
            let scene = Scene::new();
            scene.mkdir("d");
            scene.write("d/f", "old");
            let script = format!("echo new >\"$1\"; {meanwhile}");
            let args = ["-I", "{}", "d/f", "--", "sh", "-c", &script, "sh", "{}"];
            let output = scene.cmd().args(options).args(args).output().unwrap();
            let content = if output.status.success() { "new\n" } else { "old" };
            assert_eq!(scene.text("e/f"), content, "{meanwhile}: {output:?}");
            let names: Vec<String> = names_in(&scene.path("e")).into_iter().filter(|name| name != "f~").collect();
            assert_eq!(names, ["f"], "{meanwhile}: {output:?}");
            if other == Some("d/f") {
                assert_eq!(scene.text("d/f"), "x\n");
            } else if other.is_some() {
                assert_eq!(names_in(&scene.path("d")), [""; 0]);
            }
        }
    }
}

#[test]
fn a_private_directory_that_is_renamed_meanwhile_loses_nothing() {
    let scene = Scene::with_old();
    let output = run(&scene, &[], "echo new >\"$1\"; mv \"${1%/*}\" mine");
    assert!(scene.text("f") == if output.status.success() { "new\n" } else { "old" }, "{output:?}");
    let scene = Scene::with_old();
    let output = run(&scene, &[], "rm -r \"${1%/*}\"");
    assert_eq!(output.status.code(), Some(123), "{output:?}");
    scene.has_only("f", "old");
    // Another in its place is not taken for it.
    let output = run(&scene, &[], "rm -r \"${1%/*}\"; mkdir \"${1%/*}\"; echo new >\"$1\"");
    assert_eq!(output.status.code(), Some(123), "{output:?}");
    assert_eq!(scene.text("f"), "old");
}

#[test]
fn dots_and_links_on_the_way_lead_to_the_final_directory() {
    let scene = Scene::new();
    for directory in ["a", "a/b", "c"] {
        scene.mkdir(directory);
    }
    scene.symlink("../c", "a/link");
    for (target, beside) in [("../f", "a/"), ("../link/f", "c/"), ("../../a/b/./f", "a/b/"), ("../link/../f", "")] {
        let mut command = scene.cmd();
        command.current_dir(scene.path("a/b"));
        let script = "echo new >\"$1\"; cd \"${1%/*}/..\"; pwd -P";
        let output = command.args(["-I", "{}", target, "--", "sh", "-c", script, "sh", "{}"]).output().unwrap();
        assert!(output.status.success() && stderr(&output).is_empty(), "{output:?}");
        let expected = scene.path(beside).canonicalize().unwrap();
        assert_eq!(stdout(&output).trim_end(), expected.to_str().unwrap(), "{target}");
        assert_eq!(scene.text(format!("{beside}f")), "new\n");
    }
}

/// A path of other users' choice would lead to a directory of theirs.
#[test]
fn a_working_directory_that_was_removed_is_an_error() {
    let scene = Scene::new();
    scene.mkdir("d");
    let output = scene.sh("cd d && rmdir ../d && exec $AW -I {} f -- touch ran {}");
    assert!(matches!(output.status.code(), Some(1 | 125)), "{output:?}");
    assert_eq!(scene.names(), [""; 0]);
}

/// There would be no path for COMMAND or a validator, although the program itself stands in the directory.
#[test]
fn a_directory_that_no_path_reaches_is_an_error_before_command_runs() {
    needs!(root);
    let scene = Scene::new();
    for name in ["closed", "closed/d"] {
        scene.mkdir(name);
    }
    scene.give_to_user("closed/d");
    scene.chmod("closed", 0o700);
    let ran = scene.path("closed/d/ran");
    for args in [&["-I", "{}", "f", "--", "touch", "ran", "{}"][..], &["--validate", "touch ran", "f"]] {
        let mut command = scene.through(as_user());
        let output = command.current_dir(scene.path("closed/d")).args(args).write_stdin("new").output().unwrap();
        assert!(matches!(output.status.code(), Some(1 | 125)), "{output:?}");
        let words = stderr(&output);
        assert!(
            words.contains("f: create staging directory: ") && words.contains("Permission denied (unchanged)"),
            "{words}"
        );
        assert!(!ran.exists() && names_in(&scene.path("closed/d")).is_empty(), "{output:?}");
    }
}
