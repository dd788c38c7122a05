//! What is no regular file, and names that can be none. All of it is refused before input is read.
//!
//! Rows: 45, 46.

use super::refused;
use crate::common::Scene;
use crate::common::needs::needs;

#[test]
fn a_directory_is_refused() {
    let scene = Scene::new();
    scene.mkdir("d");
    refused(&scene, &["d"], "d: replace: is a directory");
    refused(&scene, &["-P", "d"], "d: replace: is a directory");
    needs!(symlinks);
    scene.symlink("d", "link");
    refused(&scene, &["link"], "link: replace: is a directory");
}

/// Row 45.
#[cfg(unix)]
#[test]
fn a_socket_is_refused() {
    use std::fs;
    use std::os::unix::fs::FileTypeExt;
    use std::os::unix::net::UnixListener;
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
    let scene = Scene::with_old();
    refused(&scene, &["missing/f"], "hint: --parents");
    refused(&scene, &["f/g"], "f/g: open directory: f");
    refused(&scene, &["-D", "f/g"], "f/g: ");
}

/// The working directory need not exist any more for a path to be told that it does not.
#[test]
fn a_removed_working_directory_is_told() {
    needs!(shell, permissions);
    let scene = Scene::new();
    scene.mkdir("d");
    let output = scene.sh(r#"cd d; rmdir ../d; printf new | "$AW" f 2>&1"#);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let output = scene.sh(r#"mkdir d; cd d; rmdir ../d; printf new | "$AW" "$OLDPWD/f""#);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(scene.text("f"), "new");
}
