//! Where upper and lower case are the same, two names may be one file.
//!
//! Rows: 108.

use std::fs;

use crate::common::needs::{needs, skip_on_this_kernel};
use crate::common::{Mounted, Scene, names_in, stderr};

#[test]
fn the_second_of_two_names_of_one_file_is_told() {
    needs!(root, "mkfs.vfat");
    let known = fs::read_to_string("/proc/filesystems").unwrap();
    if !known.lines().any(|line| line.trim() == "vfat") {
        skip_on_this_kernel("this kernel has no vfat");
        return;
    }
    let scene = Scene::new();
    let image = scene.path("image");
    fs::File::create(&image).unwrap().set_len(8 << 20).unwrap();
    crate::common::tool("mkfs.vfat", &[image.to_str().unwrap()]);
    let mounted = Mounted::with(&scene, "far", &["-o", "loop", image.to_str().unwrap()]);
    fs::write(mounted.path().join("x"), "").unwrap();
    for directory in ["one", "other"] {
        scene.mkdir(directory);
    }
    scene.write("one/name", "one");
    scene.write("other/NAME", "other");
    for sources in [["one/name", "other/NAME"], ["other/NAME", "one/name"]] {
        let output = scene.cmd().args(["-t", "far"]).args(sources).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let (first, second) = (sources[0].split_once('/').unwrap().1, sources[1].split_once('/').unwrap().1);
        let line = format!("atomic-write: far/{second}: replace: is the file that far/{first} has become (");
        assert!(stderr(&output).contains(&line), "{output:?}");
        assert_eq!(names_in(mounted.path()).len(), 2);
        assert_eq!(fs::read(mounted.path().join("name")).unwrap(), fs::read(scene.path(sources[0])).unwrap());
    }
}
