//! What stands in the place of a backup, and what a backup is: the old file itself.
//!
//! Rows: 63.

use std::fs::hard_link;

use crate::common::needs::{lacks, needs};
use crate::common::{Scene, does, stderr};

#[test]
fn a_backup_is_the_old_file_itself() {
    for (option, backup) in [("--backup=simple", "f~"), ("--backup=numbered", "f.~1~")] {
        let scene = Scene::with_old();
        scene.chmod("f", 0o640);
        scene.write("f~", "older");
        let inode = scene.inode("f");
        scene.cmd().args([option, "f"]).write_stdin("new").assert().success().stderr("");
        assert_eq!((scene.inode(backup), scene.text(backup).as_str(), scene.text("f").as_str()), (inode, "old", "new"));
        let modes = (scene.mode("f"), scene.mode(backup));
        assert!(modes == (0o640, 0o640) || lacks!(permissions), "{modes:?}");
    }
}

#[test]
fn a_backup_that_is_a_directory_is_refused_before_command_runs() {
    let scene = Scene::with_old();
    scene.mkdir("f~");
    let inode = scene.inode("f");
    let words = "atomic-write: f: backup: f~ is a directory (unchanged)\n";
    scene.cmd().args(["-b", "f", "--"]).args(does(&["write ran"])).assert().code(125).stderr(words);
    assert_eq!((scene.names(), scene.inode("f")), (vec!["f".to_owned(), "f~".to_owned()], inode));
}

/// Row 63: the exchange is taken back.
#[test]
fn a_backup_that_becomes_a_directory_meanwhile_leaves_everything_as_it_was() {
    let scene = Scene::with_old();
    let inode = scene.inode("f");
    let output = scene.cmd().args(["-b", "f", "--"]).args(does(&["mkdir f~", "print new\n"])).output().unwrap();
    assert_eq!(output.status.code(), Some(125));
    let words = stderr(&output);
    assert!(words.starts_with("atomic-write: f: backup: f~: ") && words.ends_with(" (unchanged)\n"), "{words}");
    assert_eq!((scene.names(), scene.inode("f")), (vec!["f".to_owned(), "f~".to_owned()], inode));
    assert!(scene.path("f~").is_dir());
}

/// A backup of a file with other names is not another name that would go unmentioned.
#[test]
fn other_names_are_warned_of_with_a_backup_too() {
    needs!(hard_links);
    let scene = Scene::with_old();
    hard_link(scene.path("f"), scene.path("g")).unwrap();
    let warning = "atomic-write: f: warning: 1 other hard link still has the old content\n";
    scene.cmd().args(["-b", "f"]).write_stdin("new").assert().success().stderr(warning);
    assert_eq!((scene.text("g").as_str(), scene.inode("g")), ("old", scene.inode("f~")));
}

/// Nothing is ever swept away: what an earlier run left may be the only old content.
#[test]
fn leftovers_of_earlier_runs_stay() {
    let scene = Scene::with_old();
    scene.write(".aw-abcdefghijkl", "precious");
    scene.cmd().args(["-b", "f"]).write_stdin("new").assert().success();
    assert_eq!(scene.text(".aw-abcdefghijkl"), "precious");
}

/// It is the name that the user gave, or one on the way.
#[test]
fn a_link_that_led_to_the_file_is_not_its_backup() {
    needs!(symlinks);
    for (target, control) in [("a~", "simple"), ("b", "simple"), ("c/l", "existing"), ("a~", "never")] {
        let scene = Scene::new();
        scene.write("a", "old");
        scene.mkdir("c");
        scene.symlinks(&[("a", "a~"), ("a~", "b"), ("../a~", "c/l")]);
        let backup = format!("--backup={control}");
        let words = format!(
            "atomic-write: {target}: backup: would replace a~, the symbolic link that leads to the file (unchanged)\n\
             hint: --suffix gives the backup another name\n"
        );
        scene.cmd().args([&backup, target, "--"]).args(does(&["write ran"])).assert().code(125).stderr(words);
        assert_eq!((scene.text("a").as_str(), scene.names().len()), ("old", 4), "{target}");
        assert!(scene.path("a~").is_symlink());
        // What led nowhere here is replaced.
        scene.cmd().args([&backup, "a"]).write_stdin("new").assert().success().stderr("");
        assert_eq!((scene.text("a").as_str(), scene.text("a~").as_str()), ("new", "old"), "{target}");
        assert!(!scene.path("a~").is_symlink());
    }
    let scene = Scene::new();
    scene.write("a", "old");
    scene.symlink("a", "a~");
    for (option, backup) in [("--suffix=.bak", "a.bak"), ("--backup=numbered", "a.~1~")] {
        scene.cmd().args([option, "a~"]).write_stdin("old").assert().success().stderr("");
        assert!(scene.path("a~").is_symlink() && scene.text(backup) == "old");
    }
}
