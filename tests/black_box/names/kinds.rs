//! What is no regular file, and names that can be none (rows 45 and 46). All of it is refused before input is read.

use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixListener;

use rustix::fs::{CWD, FileType, Mode, mkfifoat, mknodat};

use super::refused;
use crate::common::Scene;
use crate::common::needs::needs;

#[test]
fn a_directory_is_refused() {
    let scene = Scene::new();
    scene.mkdir("d");
    scene.symlink("d", "link");
    refused(&scene, &["d"], "d: replace: is a directory");
    refused(&scene, &["link"], "link: replace: is a directory");
    refused(&scene, &["-P", "d"], "d: replace: is a directory");
}

/// Row 45: opening it would wait for a reader, and a rename would silently put a file in its place.
#[test]
fn a_fifo_is_refused() {
    let scene = Scene::new();
    mkfifoat(CWD, scene.path("fifo"), Mode::from_raw_mode(0o644)).unwrap();
    scene.symlink("fifo", "link");
    for args in [&["fifo"][..], &["link"], &["-f", "fifo"], &["-P", "fifo"], &["--allow-in-place", "fifo"]] {
        refused(&scene, args, "replace: is a FIFO");
    }
    assert!(fs::symlink_metadata(scene.path("fifo")).unwrap().file_type().is_fifo());
}

/// Row 45.
#[test]
fn a_socket_is_refused() {
    let scene = Scene::new();
    // In a place whose path is short enough for a socket.
    let beside = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(beside.path().join("socket")).unwrap();
    scene.symlink(beside.path().join("socket"), "link");
    refused(&scene, &["link"], "replace: is a socket");
    refused(&scene, &[beside.path().join("socket").to_str().unwrap()], "replace: is a socket");
    assert!(fs::symlink_metadata(beside.path().join("socket")).unwrap().file_type().is_socket());
    drop(listener);
}

/// Row 45.
#[test]
fn a_device_is_refused() {
    let scene = Scene::new();
    scene.symlink("/dev/null", "link");
    for args in [&["/dev/null"][..], &["link"], &["-f", "/dev/full"], &["--allow-in-place", "/dev/null"]] {
        refused(&scene, args, "replace: is a device");
    }
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
}

#[test]
fn a_device_node_of_ones_own_is_refused() {
    needs!(root);
    let scene = Scene::new();
    for (name, kind, number) in [("null", FileType::CharacterDevice, (1, 3)), ("loop", FileType::BlockDevice, (7, 0))] {
        let device = rustix::fs::makedev(number.0, number.1);
        mknodat(CWD, scene.path(name), kind, Mode::from_raw_mode(0o600), device).unwrap();
        refused(&scene, &[name], "replace: is a device");
    }
}

/// Row 46.
#[test]
fn names_that_can_only_be_directories_are_refused_each_with_its_words() {
    let scene = Scene::new();
    scene.mkdir("d");
    scene.write("f", "old");
    for (name, words) in [
        ("d/", "d/: replace: ends in a slash"),
        ("f/", "f/: replace: ends in a slash"),
        ("new/", "new/: replace: ends in a slash"),
        ("f//", "f//: replace: ends in a slash"),
        ("/", "/: replace: ends in a slash"),
        (".", ".: replace: names a directory, the one that holds it (.)"),
        ("d/.", "d/.: replace: names a directory, the one that holds it (.)"),
        ("..", "..: replace: names a directory, the parent (..)"),
        ("d/..", "d/..: replace: names a directory, the parent (..)"),
        ("", "'': replace: the name is empty"),
    ] {
        for args in [&[name][..], &["-P", name], &["-D", name], &["-n", name], &["-f", name]] {
            refused(&scene, args, words);
        }
    }
}

#[test]
fn a_missing_directory_is_refused_with_a_hint() {
    let scene = Scene::new();
    scene.write("f", "old");
    refused(&scene, &["missing/f"], "hint: --parents");
    refused(&scene, &["f/g"], "f/g: open directory: f/: Not a directory");
    refused(&scene, &["-D", "f/g"], "Not a directory");
}

/// The working directory need not exist any more for a path to be told that it does not.
#[test]
fn a_removed_working_directory_is_told() {
    let scene = Scene::new();
    scene.mkdir("d");
    let output = scene.sh(r#"cd d; rmdir ../d; printf new | "$AW" f 2>&1"#);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let output = scene.sh(r#"mkdir d; cd d; rmdir ../d; printf new | "$AW" "$OLDPWD/f""#);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(scene.text("f"), "new");
}
