//! `--parents`.
//!
//! Rows: 74.

use std::fs;
use std::process::Stdio;

use super::fails;
use crate::common::needs::needs;
use crate::common::{Scene, does, names_in, stderr, write_until_read};

#[test]
fn missing_directories_are_created_as_mkdir_would() {
    needs!(shell, permissions);
    let scene = Scene::new();
    scene.mkdir("there");
    scene.chmod("there", 0o700);
    let output = scene.sh(r#"umask 027; printf new | "$AW" -D there/a/b/f"#);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    assert_eq!(scene.text("there/a/b/f"), "new");
    let modes = ["there", "there/a", "there/a/b", "there/a/b/f"].map(|name| scene.mode(name) & 0o777);
    assert_eq!(modes, [0o700, 0o750, 0o750, 0o640]);
}

#[test]
fn every_spelling_of_the_path_works() {
    let scene = Scene::new();
    let absolute = scene.path("abs/x/f");
    for (target, path) in [
        ("a/b/f", "a/b/f"),
        ("./c//d/./f", "c/d/f"),
        ("e/../g/f", "g/f"),
        (absolute.to_str().unwrap(), "abs/x/f"),
        ("a/b/f", "a/b/f"),
        ("plain", "plain"),
    ] {
        scene.cmd().args(["--parents", target]).write_stdin("new").assert().success().stdout("").stderr("");
        assert_eq!(scene.text(path), "new");
    }
}

#[test]
fn links_on_the_way_are_followed() {
    needs!(symlinks);
    let scene = Scene::new();
    scene.mkdir("d");
    scene.symlinks(&[("d", "directory"), ("d/new/f", "dangling")]);
    for target in ["directory/a/b/f", "dangling"] {
        scene.cmd().args(["-D", target]).write_stdin("new").assert().success().stdout("").stderr("");
    }
    assert_eq!((scene.text("d/a/b/f").as_str(), scene.text("d/new/f").as_str()), ("new", "new"));
}

/// As mkdir(1) has it: nothing is created through such a link.
#[test]
fn a_dangling_link_among_the_directories_is_an_error() {
    needs!(symlinks);
    let scene = Scene::new();
    scene.symlink("missing", "link");
    fails(&scene, &["-D", "link/f"], "create directory: link");
    fails(&scene, &["-D", "link/a/f"], "create directory: link");
    assert_eq!(scene.names(), ["link"]);
}

#[test]
fn without_it_nothing_is_created() {
    let scene = Scene::new();
    fails(&scene, &["a/b/f"], "open directory: a/b");
    assert_eq!(scene.names().len(), 0);
}

#[test]
fn what_is_in_use_by_then_stays() {
    let scene = Scene::new();
    scene.cmd().args(["-D", "a/b/c/f", "--"]).args(does(&["write a/b/theirs", "exit 1"])).assert().code(1);
    assert_eq!((scene.names(), names_in(&scene.path("a/b"))), (vec!["a".to_owned()], vec!["theirs".to_owned()]));
}

/// Another writer's roll-back takes the directories while the input is received.
#[test]
fn directories_that_vanish_are_created_again() {
    // Else the staging file is in them.
    needs!(unnamed_files);
    let scene = Scene::new();
    let mut child = scene.process().args(["-D", "a/b/f"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let content = write_until_read(&mut stdin);
    fs::remove_dir(scene.path("a/b")).unwrap();
    fs::remove_dir(scene.path("a")).unwrap();
    drop(stdin);
    assert!(child.wait().unwrap().success());
    assert_eq!((scene.read("a/b/f"), names_in(&scene.path("a/b"))), (content, vec!["f".to_owned()]));
}

/// Row 27: nobody leads the file elsewhere by a link in the place of what was created.
#[test]
fn a_link_in_the_place_of_a_created_directory_is_not_followed() {
    needs!(symlinks, open_files_give_way);
    for directory in ["other", "other/b"] {
        let scene = Scene::new();
        fs::create_dir_all(scene.path(directory)).unwrap();
        // Whatever is staged in there goes with it.
        let swap = does(&["print new\n", "remove-all a", "symlink other a"]);
        let output = scene.cmd().args(["-D", "a/b/f", "--"]).args(swap).output().unwrap();
        assert_eq!(output.status.code(), Some(125), "{output:?}");
        let words = stderr(&output);
        assert!(words.starts_with("atomic-write: a/b/f: create directory: a: "), "{words}");
        assert!(words.ends_with(" (unchanged)\n"), "{words}");
        assert!(!scene.path("other/b/f").exists());
        assert_eq!((scene.names(), scene.path("a").is_symlink()), (vec!["a".to_owned(), "other".to_owned()], true));
    }
}

#[test]
fn what_was_created_is_removed_when_the_write_fails() {
    let scene = Scene::new();
    scene.mkdir("there");
    for arguments in [
        &["there/a/b/f", "--"][..],
        &["there/a/b/f", "--from", "missing"],
        &["there/a/b/f", "--non-empty"],
        &["there/a/b/f", "--", "no-such-command"],
        &["there/a/b/f", "--if-match", &format!("sha256:{}", "0".repeat(64))],
        &["there/a/b/.."],
    ] {
        let command = if arguments.ends_with(&["--"]) { does(&["exit 1"]) } else { Vec::new() };
        scene.cmd().arg("-D").args(arguments).args(command).assert().failure();
        assert!(names_in(&scene.path("there")).is_empty(), "{arguments:?}");
    }
    needs!(shell, signals);
    scene.cmd().args(["-D", "there/a/b/f", "--", "sh", "-c", "kill -9 $$"]).assert().code(137);
    assert!(names_in(&scene.path("there")).is_empty());
}
