//! The path that COMMAND gets: absolute, beside the final file, with the final file's own name.
//!
//! Rows: 96.

use std::path::{Path, PathBuf};

use super::{run, run_for};
use crate::common::needs::needs;
use crate::common::{Scene, does, names_in, stdout};

/// The path that COMMAND is given for this TARGET.
fn path_for(scene: &Scene, target: &str, options: &[&str]) -> PathBuf {
    let output = run_for(scene, target, options, &["absent {}", "write {} new", "print {}"]);
    assert!(output.status.success(), "{target}: {output:?}");
    PathBuf::from(stdout(&output))
}

/// Asserts that it is `name` in a private directory in `directory`.
#[track_caller]
fn assert_beside(scene: &Scene, path: &Path, directory: &str, name: &str) {
    let shown = path.display();
    assert!(path.is_absolute(), "{shown}");
    assert_eq!(path.file_name().unwrap(), name, "{shown}");
    let private = path.parent().unwrap();
    let random = private.file_name().unwrap().to_str().unwrap().strip_prefix(".aw-").unwrap();
    assert!(random.len() == 12 && random.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{shown}");
    let (beside, expected) = (private.parent().unwrap(), scene.path(directory));
    assert_eq!(beside.canonicalize().unwrap(), expected.canonicalize().unwrap(), "{shown}");
    assert!(!private.exists(), "{shown}");
}

#[test]
fn it_is_absolute_private_and_ends_in_the_targets_name() {
    let scene = Scene::new();
    scene.mkdir("d");
    for (target, directory, name) in
        [("f", "", "f"), ("./g.tar.gz", "", "g.tar.gz"), ("d/h.c", "d", "h.c"), ("d/../i.json", "", "i.json")]
    {
        for _ in 0..2 {
            assert_beside(&scene, &path_for(&scene, target, &[]), directory, name);
            assert_eq!(scene.text(target), "new");
        }
    }
    assert_eq!(scene.names(), ["d", "f", "g.tar.gz", "i.json"]);
    let absolute = scene.path("d/absolute");
    assert_beside(&scene, &path_for(&scene, absolute.to_str().unwrap(), &[]), "d", "absolute");
}

#[test]
fn it_leads_there_from_every_directory() {
    let scene = Scene::new();
    scene.mkdir("d");
    scene.mkdir("d/e");
    let mut process = scene.cmd();
    process.current_dir(scene.path("d/e")).args(["-I", "{}", "../f.x", "--"]).args(does(&["write {} new", "print {}"]));
    let output = process.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_beside(&scene, Path::new(&stdout(&output)), "d", "f.x");
    assert_eq!(scene.text("d/f.x"), "new");
}

#[test]
fn each_run_has_another() {
    let scene = Scene::new();
    assert_ne!(path_for(&scene, "f", &[]), path_for(&scene, "f", &[]));
}

#[test]
fn behind_a_link_it_is_beside_what_the_link_leads_to() {
    needs!(symlinks);
    let scene = Scene::new();
    scene.mkdir("d");
    scene.mkdir("e");
    scene.write("d/file.c", "old");
    scene.symlinks(&[("d/file.c", "link.x"), ("link.x", "hop"), ("e/new.c", "dangling"), ("d", "directory")]);
    for (target, directory, name) in [
        ("link.x", "d", "file.c"),
        ("hop", "d", "file.c"),
        ("dangling", "e", "new.c"),
        ("directory/file.c", "d", "file.c"),
    ] {
        assert_beside(&scene, &path_for(&scene, target, &[]), directory, name);
        assert_eq!(scene.text(target), "new");
    }
    assert!(["link.x", "hop", "dangling", "directory"].iter().all(|link| scene.path(link).is_symlink()));
    assert_eq!(
        (names_in(&scene.path("d")), names_in(&scene.path("e"))),
        (vec!["file.c".to_owned()], vec!["new.c".to_owned()])
    );
    // The link itself.
    assert_beside(&scene, &path_for(&scene, "link.x", &["-P"]), "", "link.x");
    assert!(!scene.path("link.x").is_symlink());
}

#[test]
fn it_is_in_a_directory_that_parents_created() {
    let scene = Scene::new();
    assert_beside(&scene, &path_for(&scene, "a/b/f", &["-D"]), "a/b", "f");
    assert_eq!(scene.text("a/b/f"), "new");
    let output = run_for(&scene, "c/d/f", &["-D"], &["write {} new", "exit 7"]);
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(scene.names(), ["a"]);
}

#[test]
fn names_with_spaces_and_the_longest_name_work() {
    let scene = Scene::new();
    let long = format!("{}.c", "n".repeat(253));
    for name in ["a b  c.txt", &long, ".hidden", "-I", "{}"] {
        let target = format!("./{name}");
        let output = run_for(&scene, &target, &[], &["make new {}", "print {}"]);
        assert!(output.status.success(), "{output:?}");
        assert!(stdout(&output).ends_with(name), "{output:?}");
        assert_eq!(scene.text(name), "new");
    }
    assert_eq!(scene.names().len(), 5);
}

#[test]
fn names_with_control_characters_work() {
    needs!(any_names);
    let scene = Scene::new();
    for name in ["a\nb", "\"'\\", "\t\u{1b}[31m"] {
        let output = run_for(&scene, name, &[], &["make new {}", "print {}"]);
        assert!(output.status.success() && stdout(&output).ends_with(name), "{output:?}");
        assert_eq!(scene.text(name), "new");
    }
}

/// The directory is there only while it is needed, and it is for its owner.
#[test]
fn the_directory_is_private() {
    needs!(shell, permissions);
    let scene = Scene::new();
    let script = r#"umask 0; echo new >"$1"; cd "${1%/*}"; pwd -P; ls -ld .; ls -A .."#;
    let args = ["-I", "{}", "f", "--", "sh", "-c", script, "sh", "{}"];
    let output = scene.cmd().args(args).output().unwrap();
    let said = stdout(&output);
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[1].starts_with("drwx------"), "{said}");
    assert_eq!(lines[2..], [Path::new(lines[0]).file_name().unwrap().to_str().unwrap()], "{said}");
    assert_eq!(scene.names(), ["f"]);
}

#[test]
fn a_failure_leaves_no_directory() {
    let scene = Scene::with_old();
    for steps in [&["print {}", "exit 3"][..], &["write {} new", "exit 3"], &["mkdir {}", "write {}/x", "exit 3"]] {
        let output = run(&scene, &[], steps);
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        scene.has_only("f", "old");
    }
}
