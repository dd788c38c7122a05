//! Links planted by others in sticky world-writable directories. The rule is that of `fs.protected_symlinks`, and holds
//! whatever the sysctl says.
//!
//! Rows: 44.

use std::os::unix::fs::{chown, lchown};

use crate::common::Scene;
use crate::common::needs::needs;
use crate::portable::names::{arrives, refused};

const OTHER: u32 = 65533;

/// A scene with the directory `d` of this mode and owner, in it `link` of this owner, which leads to `victim`.
fn planted(mode: u32, directory_owner: u32, link_owner: u32) -> Scene {
    let scene = Scene::new();
    scene.mkdir("d");
    scene.write("victim", "old");
    scene.symlink("../victim", "d/link");
    lchown(scene.path("d/link"), Some(link_owner), None).unwrap();
    chown(scene.path("d"), Some(directory_owner), None).unwrap();
    scene.chmod("d", mode);
    scene
}

#[test]
fn anothers_link_in_a_sticky_world_writable_directory_is_refused() {
    needs!(root);
    let scene = planted(0o1777, 0, OTHER);
    refused(&scene, &["d/link"], "follow link: is another user's symbolic link in a sticky world-writable directory");
    // By way of a link that is trusted.
    scene.symlink("d/link", "mine");
    refused(&scene, &["mine"], "another user's symbolic link");
    refused(&scene, &["-f", "d/link"], "another user's symbolic link");
    assert_eq!(scene.text("victim"), "old");
}

#[test]
fn a_dangling_one_creates_nothing() {
    needs!(root);
    let scene = planted(0o1777, 0, OTHER);
    std::fs::remove_file(scene.path("victim")).unwrap();
    refused(&scene, &["d/link"], "another user's symbolic link");
    assert_eq!(scene.names(), ["d"]);
}

#[test]
fn ones_own_link_and_that_of_the_directorys_owner_are_followed() {
    needs!(root);
    for (directory, link) in [(OTHER, 0), (0, 0), (OTHER, OTHER)] {
        arrives(&planted(0o1777, directory, link), "d/link", "victim");
    }
}

#[test]
fn without_the_sticky_bit_or_the_worlds_access_every_link_is_followed() {
    needs!(root);
    for mode in [0o777, 0o1775, 0o755, 0o1770] {
        arrives(&planted(mode, 0, OTHER), "d/link", "victim");
    }
}

/// The link itself may go where it stands: root may remove it, and nothing is followed.
#[test]
fn no_dereference_does_not_follow_it() {
    needs!(root);
    let scene = planted(0o1777, 0, OTHER);
    scene.cmd().args(["-P", "d/link"]).write_stdin("new").assert().success();
    assert_eq!((scene.text("d/link").as_str(), scene.text("victim").as_str()), ("new", "old"));
}
