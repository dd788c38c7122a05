//! Links and directories that are swapped while the program is on its way: what was resolved is resolved once, and the
//! directory that it led to is held.
//!
//! Rows: 43.

use std::fs;
use std::process::Stdio;

use crate::common::needs::needs;
use crate::common::{Scene, write_until_read};

/// A scene in which `link` leads to `a/f`, and `b/f` is what an attacker wants to have overwritten.
pub fn scene() -> Scene {
    let scene = Scene::new();
    for directory in ["a", "b"] {
        scene.mkdir(directory);
        scene.write(format!("{directory}/f"), directory);
    }
    scene.symlink("a/f", "link");
    scene
}

/// Makes `name` a link to `to`.
pub fn swap(scene: &Scene, to: &str, name: &str) {
    scene.symlink(to, "other");
    fs::rename(scene.path("other"), scene.path(name)).unwrap();
}

#[test]
fn swaps_while_the_input_is_received_change_nothing() {
    needs!(symlinks, open_files_give_way);
    let scene = scene();
    let mut child = scene.process().arg("link").stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let content = write_until_read(&mut stdin);
    swap(&scene, "b/f", "link");
    fs::rename(scene.path("a"), scene.path("moved")).unwrap();
    scene.symlink("b", "a");
    drop(stdin);
    assert!(child.wait().unwrap().success());
    assert_eq!((scene.read("moved/f"), scene.text("b/f").as_str()), (content, "b"));
    assert_eq!(
        (crate::common::names_in(&scene.path("moved")), crate::common::names_in(&scene.path("b"))),
        (vec!["f".to_owned()], vec!["f".to_owned()])
    );
}
