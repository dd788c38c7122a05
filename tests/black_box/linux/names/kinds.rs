//! What is no regular file, and names that can be none. All of it is refused before input is read.
//!
//! Rows: 45.

use std::fs;
use std::os::unix::fs::FileTypeExt;

use rustix::fs::{CWD, FileType, Mode, mkfifoat, mknodat};

use crate::common::Scene;
use crate::common::needs::needs;
use crate::portable::names::refused;

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
