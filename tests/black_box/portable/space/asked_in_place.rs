//! `--in-place` overwrites TARGET's own inode, also where a rename would work.
//!
//! Rows: none.

use std::fs;
use std::io::{Read, Seek, SeekFrom};

use crate::common::{Scene, does, stderr, stdout};

const OLD_DIGEST: &str = "sha256:cba06b5736faf67e54b07b561eae94395e774c517a7d910a54369e1263ccfbd4";

/// Runs the program with the option, and asserts that it is silent and that only the content changed.
#[track_caller]
fn overwrites(args: &[&str], input: &str, content: &str) {
    let scene = Scene::with_old();
    let before = scene.inode("f");
    scene.cmd().arg("--in-place").args(args).write_stdin(input).assert().success().stderr("");
    scene.has_only("f", content);
    assert_eq!(scene.inode("f"), before, "{args:?}");
}

#[test]
fn the_inode_stays_whatever_the_content_comes_from() {
    overwrites(&["f"], "longer than before", "longer than before");
    overwrites(&["f"], "n", "n");
    overwrites(&["f"], "", "");
    overwrites(&["--append", "f"], "+", "old+");
    let edit = ["--edit", "f", "--"].map(String::from).into_iter().chain(does(&["print a", "copy", "print z"]));
    overwrites(&edit.collect::<Vec<_>>().iter().map(String::as_str).collect::<Vec<_>>(), "", "aoldz");
}

#[test]
fn guards_accept_or_refuse_as_otherwise() {
    overwrites(&["--lock", "--if-match", OLD_DIGEST, "f"], "new", "new");
    overwrites(&["--if-changed", "f"], "new", "new");
    overwrites(&["--if-changed", "f"], "old", "old");
    overwrites(&["--allow-in-place", "--force", "f"], "new", "new");
    for args in [&["--non-empty"][..], &["--checksum", OLD_DIGEST], &["--if-match", &OLD_DIGEST.replace("cba", "abc")]]
    {
        let scene = Scene::with_old();
        scene.cmd().arg("--in-place").args(args).arg("f").assert().code(3);
        scene.has_only("f", "old");
    }
}

#[test]
fn a_command_that_fails_leaves_target_as_it_is() {
    let scene = Scene::with_old();
    let words = does(&["print part", "exit 7"]);
    scene.cmd().args(["--in-place", "f", "--"]).args(words).assert().code(7);
    scene.has_only("f", "old");
}

#[test]
fn whoever_has_the_file_open_sees_the_new_content() {
    let scene = Scene::with_old();
    let mut reader = scene.open("f");
    scene.cmd().args(["--in-place", "f"]).write_stdin("newer").assert().success();
    let mut seen = String::new();
    reader.seek(SeekFrom::Start(0)).unwrap();
    reader.read_to_string(&mut seen).unwrap();
    assert_eq!(seen, "newer");
}

#[test]
fn other_hard_links_get_the_content_and_nobody_is_warned() {
    let scene = Scene::with_old();
    fs::hard_link(scene.path("f"), scene.path("g")).unwrap();
    scene.cmd().args(["--in-place", "f"]).write_stdin("new").assert().success().stderr("");
    assert_eq!((scene.text("f").as_str(), scene.text("g").as_str()), ("new", "new"));
}

#[test]
fn a_missing_target_is_created_as_otherwise() {
    let scene = Scene::new();
    let output = scene.cmd().args(["--in-place", "--report", "f"]).write_stdin("new").output().unwrap();
    assert_eq!((stdout(&output).as_str(), stderr(&output).as_str()), ("created\n", ""));
    scene.has_only("f", "new");
}

#[test]
fn what_was_done_is_reported() {
    let scene = Scene::with_old();
    let output = scene.cmd().args(["--in-place", "--report", "-v", "f"]).write_stdin("new").output().unwrap();
    let says = "atomic-write: f: overwritten in place (3 bytes)\n";
    assert_eq!((stdout(&output).as_str(), stderr(&output).as_str()), ("replaced\n", says));
}

#[test]
fn a_dry_run_overwrites_nothing() {
    let scene = Scene::with_old();
    let before = scene.inode("f");
    let output =
        scene.cmd().args(["--in-place", "--backup", "--dry-run", "-v", "f"]).write_stdin("new").output().unwrap();
    assert_eq!(stderr(&output), "atomic-write: f: would be overwritten in place (3 bytes)\n");
    scene.has_only("f", "old");
    assert_eq!(scene.inode("f"), before);
}

#[test]
fn the_backup_is_a_copy_under_each_of_its_names() {
    for (control, has, backup) in [
        ("simple", None, "f~"),
        ("simple", Some("f~"), "f~"),
        ("numbered", None, "f.~1~"),
        ("existing", Some("f.~4~"), "f.~5~"),
    ] {
        let scene = Scene::with_old();
        if let Some(name) = has {
            scene.write(name, "older");
        }
        let before = scene.inode("f");
        let backup_option = format!("--backup={control}");
        scene.cmd().args(["--in-place", &backup_option, "f"]).write_stdin("new").assert().success().stderr("");
        assert_eq!((scene.text("f").as_str(), scene.text(backup).as_str()), ("new", "old"), "{control}");
        assert_eq!(scene.inode("f"), before);
        assert_ne!(scene.inode(backup), before);
        let mut names = vec!["f".to_owned(), backup.to_owned()];
        names.extend(has.filter(|name| *name != backup).map(str::to_owned));
        names.sort();
        assert_eq!(scene.names(), names, "{control}");
    }
}
