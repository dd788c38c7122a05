//! `--from DIR`: a copy of files and directories.
//!
//! Rows: 103.

use std::fs::{self, FileTimes};
use std::time::{Duration, SystemTime};

use super::{made, make, tree, with_tree};
use crate::common::needs::needs;
use crate::common::{Scene, stderr};

#[track_caller]
fn copy(scene: &Scene, args: &[&str]) {
    let output = scene.cmd().args(["--tree", "--from"]).args(args).output().unwrap();
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{args:?}");
}

#[test]
fn files_and_directories_are_copied() {
    let scene = Scene::new();
    make(&scene, "src", "new");
    scene.mkdir("src/empty");
    scene.write("src/large", "x".repeat(3 << 20));
    copy(&scene, &["src", "new"]);
    assert_eq!(tree(&scene, "new"), tree(&scene, "src"));
    assert_eq!(scene.names(), ["new", "src"]);
}

#[test]
fn a_copy_replaces_the_old_tree() {
    needs!(exchange);
    let scene = with_tree();
    make(&scene, "src", "new");
    for source in ["src", "src/", "./src/."] {
        copy(&scene, &[source, "d"]);
        assert_eq!((tree(&scene, "d"), tree(&scene, "src")), (made("new"), made("new")));
        assert_eq!(scene.names(), ["d", "src"]);
    }
}

#[test]
fn source_may_be_target() {
    needs!(exchange);
    let scene = with_tree();
    let inode = scene.inode("d");
    copy(&scene, &["d", "d"]);
    assert_eq!((tree(&scene, "d"), scene.names()), (made("old"), vec!["d".to_owned()]));
    assert_ne!(scene.inode("d"), inode);
    let inode = scene.inode("d");
    copy(&scene, &["d", "-C", "d"]);
    assert_eq!(scene.inode("d"), inode);
}

#[test]
fn links_are_copied_and_not_followed() {
    needs!(symlinks);
    let scene = Scene::new();
    make(&scene, "src", "new");
    scene.mkdir("outside");
    scene.write("outside/f", "secret");
    for (text, name) in [("../outside", "src/out"), ("nowhere", "src/dangling"), ("f", "src/in"), (".", "src/sub/loop")]
    {
        scene.symlink(text, name);
    }
    copy(&scene, &["src", "new"]);
    let listed = tree(&scene, "new");
    assert_eq!(
        listed,
        ["dangling -> nowhere", "f = new", "in -> f", "out -> ../outside", "sub/", "sub/g = new", "sub/loop -> ."]
    );
    assert_eq!(tree(&scene, "outside"), ["f = secret"]);
}

#[test]
fn a_source_by_a_link_is_the_directory() {
    needs!(symlinks);
    let scene = Scene::new();
    make(&scene, "src", "new");
    scene.symlink("src", "link");
    copy(&scene, &["link", "new"]);
    assert_eq!(tree(&scene, "new"), made("new"));
}

#[test]
fn hard_links_among_the_files_are_links_in_the_copy() {
    needs!(hard_links);
    let scene = Scene::new();
    make(&scene, "src", "new");
    fs::hard_link(scene.path("src/f"), scene.path("src/sub/same")).unwrap();
    fs::hard_link(scene.path("src/f"), scene.path("src/zz")).unwrap();
    copy(&scene, &["src", "new"]);
    assert_eq!(scene.inode("new/f"), scene.inode("new/sub/same"));
    assert_eq!(scene.inode("new/f"), scene.inode("new/zz"));
    assert_ne!(scene.inode("new/f"), scene.inode("new/sub/g"));
    assert_ne!(scene.inode("new/f"), scene.inode("src/f"));
}

#[test]
fn times_and_modes_of_everything_are_those_of_the_source() {
    needs!(permissions);
    let scene = Scene::new();
    make(&scene, "src", "new");
    let long_ago = SystemTime::UNIX_EPOCH + Duration::new(1_000_000_000, 123_456_700);
    for (name, mode) in [("src/f", 0o640), ("src/sub/g", 0o400), ("src/sub", 0o711), ("src", 0o750)] {
        let file = fs::File::open(scene.path(name)).unwrap();
        scene.chmod(name, mode);
        file.set_times(FileTimes::new().set_modified(long_ago).set_accessed(long_ago)).unwrap();
    }
    copy(&scene, &["src", "new"]);
    for name in ["", "/f", "/sub", "/sub/g"] {
        let [from, to] = ["src", "new"].map(|top| fs::metadata(scene.path(format!("{top}{name}"))).unwrap());
        assert_eq!(to.modified().unwrap(), from.modified().unwrap(), "{name:?}");
        assert_eq!(scene.mode(format!("new{name}")), scene.mode(format!("src{name}")), "{name:?}");
    }
}

#[test]
fn holes_stay_holes() {
    needs!(holes);
    let scene = Scene::new();
    scene.mkdir("src");
    let file = fs::File::create(scene.path("src/f")).unwrap();
    file.set_len(64 << 20).unwrap();
    copy(&scene, &["src", "new"]);
    assert_eq!(fs::metadata(scene.path("new/f")).unwrap().len(), 64 << 20);
    assert!(crate::common::system::allocated(&scene.path("new/f")).unwrap() < 1 << 20);
}
