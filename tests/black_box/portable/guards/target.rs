//! `--no-clobber` and `--if-match`: what TARGET must be, early and still at the commit.
//!
//! Rows: 65.

use std::io::Read;

use super::refused;
use crate::common::needs::{lacks, lacks_for, needs};
use crate::common::{NOTHING, Scene, does, stderr};

/// The digest of `old`.
pub const OLD: &str = "sha256:cba06b5736faf67e54b07b561eae94395e774c517a7d910a54369e1263ccfbd4";

/// The longer one.
const LONG: &str = "sha512:a6d96fa05fb243a13082a21195ebd126fc42f2f158cf5e0042e4f956b60d7edb\
                    4b363bcd41ce433b33b7024303d34f0ecaad5071841bd3ada3e99d68f00b89b2";

#[test]
fn what_exists_is_not_clobbered() {
    let scene = Scene::with_old();
    let output = scene.cmd().args(["-n", "f"]).write_stdin("new").output().unwrap();
    refused(&scene, &output, "no-clobber: already exists");
    let output = scene.cmd().args(["--no-clobber", "--from", NOTHING, "f"]).output().unwrap();
    refused(&scene, &output, "no-clobber: already exists");
    scene.cmd().args(["-n", "g"]).write_stdin("new").assert().success();
    assert_eq!(scene.text("g"), "new");
}

/// Early: the input is for who comes after.
#[test]
fn what_exists_is_found_before_the_input_is_read() {
    let scene = Scene::with_old();
    scene.write("in", "for others");
    for guard in ["-n", &format!("--if-match=sha256:{}", "0".repeat(64))] {
        let mut file = scene.open("in");
        assert_eq!(scene.with_stdin(&[guard, "f"], file.try_clone().unwrap()).status.code(), Some(3));
        let mut rest = String::new();
        file.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "for others");
    }
}

#[test]
fn a_link_exists_where_what_it_leads_to_does() {
    needs!(symlinks);
    let scene = Scene::new();
    scene.write("file", "old");
    scene.symlinks(&[("file", "link"), ("new", "dangling")]);
    scene.cmd().args(["-n", "link"]).write_stdin("new").assert().code(3);
    scene.cmd().args(["-n", "-P", "dangling"]).write_stdin("new").assert().code(3);
    assert!(!scene.path("new").exists());
    scene.cmd().args(["-n", "dangling"]).write_stdin("new").assert().success();
    assert_eq!((scene.text("file"), scene.text("new")), ("old".to_owned(), "new".to_owned()));
}

#[test]
fn what_is_created_meanwhile_is_not_clobbered_whatever_it_is() {
    let mut commands = vec![
        does(&["print new\n", "write f other\n"]),
        does(&["print new\n", "mkdir f"]),
        does(&["print new\n", "write g a", "rename g f"]),
    ];
    if !lacks!(hard_links) {
        commands.push(does(&["print new\n", "write g a", "link g f"]));
    }
    if !lacks!(symlinks) {
        commands.push(does(&["print new\n", "symlink nowhere f"]));
    }
    if !lacks!(shell, fifos) {
        commands.push(["sh", "-c", "echo new; mkfifo f"].map(str::to_owned).to_vec());
    }
    for command in commands {
        let scene = Scene::new();
        let output = scene.cmd().args(["-n", "f", "--"]).args(&command).output().unwrap();
        assert_eq!(output.status.code(), Some(123), "{command:?}: {output:?}");
        assert_eq!(stderr(&output), "atomic-write: f: no-clobber: was created meanwhile (changed meanwhile)\n");
        let names = scene.names();
        assert!(names == ["f"] || names == ["f", "g"], "{command:?}: {names:?}");
        assert!(!scene.path("f").is_file() || scene.text("f") != "new\n");
    }
}

#[test]
fn the_expected_old_content_is_replaced() {
    let scene = Scene::new();
    for word in [OLD, &OLD.to_uppercase(), LONG] {
        for args in [&["--if-match", word, "f"][..], &["--if-match", word, "--lock", "-b", "f"]] {
            scene.write("f", "old");
            scene.cmd().args(args).write_stdin("new").assert().success();
            assert_eq!(scene.text("f"), "new");
        }
        scene.write("f", "old");
        scene.cmd().args(["--append", "--if-match", word, "f"]).write_stdin("new").assert().success();
        assert_eq!(scene.text("f"), "oldnew");
        scene.write("f", "old");
        scene.cmd().args(["-e", "--if-match", word, "f", "--"]).args(does(&["upper"])).assert().success();
        assert_eq!(scene.text("f"), "OLD");
        scene.write("f", "old");
        scene.cmd().args(["-C", "--if-match", word, "f"]).write_stdin("old").assert().success();
        scene.cmd().args(["-C", "--if-match", word, "f"]).write_stdin("old, and more").assert().success();
        assert_eq!(scene.text("f"), "old, and more");
    }
}

#[test]
fn another_old_content_is_refused_and_told() {
    let scene = Scene::with_old();
    let expected = format!("sha256:{}", "0".repeat(64));
    let output = scene.cmd().args(["--if-match", &expected, "f"]).write_stdin("new").output().unwrap();
    refused(&scene, &output, &format!("if-match: expected {expected}, TARGET has {OLD}"));
    let output = scene.cmd().args(["--if-match", OLD, "absent"]).write_stdin("new").output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let words = format!("atomic-write: absent: if-match: expected {OLD}, but TARGET does not exist (unchanged)\n");
    assert_eq!(stderr(&output), words);
    assert_eq!(scene.names(), ["f"]);
}

/// With `--no-dereference` TARGET is the link, which has no content to compare.
#[test]
fn a_link_that_is_itself_replaced_has_no_digest() {
    needs!(symlinks);
    for (leads_to, exists) in [("f", true), ("nowhere", false)] {
        let scene = Scene::with_old();
        scene.symlink(leads_to, "link");
        let output = scene.cmd().args(["-P", "--if-match", OLD, "link"]).write_stdin("new").output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        let text = stderr(&output);
        assert!(text.starts_with("atomic-write: link: if-match: ") && text.contains("is a symbolic link"), "{text}");
        assert!(!text.contains("does not exist") && text.contains("(unchanged)\n"), "{text}");
        assert!(scene.path("link").is_symlink() && scene.path("link").exists() == exists);
        assert_eq!(scene.text("f"), "old");
    }
}

#[test]
fn an_old_content_that_changes_after_the_look_is_not_replaced() {
    let changes: [&[&str]; 4] =
        [&["patch f OLD"], &["append f other\n"], &["write g old", "rename g f"], &["remove f"]];
    for change in changes {
        if lacks_for(change) {
            continue;
        }
        for options in [&["--if-match", OLD][..], &["--if-match", OLD, "--lock"], &["--if-match", OLD, "-a", "-b"]] {
            let scene = Scene::with_old();
            let command = does(&[&["print new\n"], change].concat());
            let output = scene.cmd().args(options).args(["f", "--"]).args(command).output().unwrap();
            assert!(matches!(output.status.code(), Some(123 | 125)), "{change:?}: {output:?}");
            assert!(change == ["remove f"] || !scene.text("f").contains("new"), "{change:?}");
            assert!(scene.names() == ["f"] || scene.names().is_empty());
        }
    }
}
