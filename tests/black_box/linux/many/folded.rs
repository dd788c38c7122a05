//! Where upper and lower case are the same, two names may be one file.
//!
//! Rows: 108.

use std::fs;

use crate::common::needs::needs;
use crate::common::{Mounted, Scene, driver, names_in, stderr, tool};

#[test]
fn on_vfat_the_second_of_two_names_of_one_file_is_told() {
    needs!(root, "mkfs.vfat");
    second_is_told_on("vfat");
}

#[test]
fn on_exfat_the_second_of_two_names_of_one_file_is_told() {
    needs!(root, "mkfs.exfat");
    second_is_told_on("exfat");
}

fn second_is_told_on(kind: &'static str) {
    let Some(driver) = driver(kind) else { return };
    let scene = Scene::new();
    let image = scene.path("image");
    fs::File::create(&image).unwrap().set_len(16 << 20).unwrap();
    tool(&format!("mkfs.{kind}"), &[image.to_str().unwrap()]);
    let far = Mounted::with(&scene, "far", &["-t", driver, "-o", "loop", image.to_str().unwrap()]);
    fs::write(far.path().join("name"), "old").unwrap();
    for directory in ["one", "other"] {
        scene.mkdir(directory);
    }
    scene.write("one/name", "one");
    scene.write("other/NAME", "other");
    for sources in [["one/name", "other/NAME"], ["other/NAME", "one/name"]] {
        let output = scene.cmd().args(["-q", "-t", "far"]).args(sources).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{kind}: {output:?}");
        let [first, second] = sources.map(|source| source.split_once('/').unwrap().1);
        let line = format!("atomic-write: far/{second}: replace: is the file that far/{first} has become (");
        assert!(stderr(&output).contains(&line), "{kind}: {output:?}");
        // By another way to write the name, FUSE may show what it has cached.
        let [name] = &names_in(far.path())[..] else { panic!("{kind}: {:?}", names_in(far.path())) };
        assert_eq!(fs::read(far.path().join(name)).unwrap(), scene.read(sources[0]), "{kind}");
    }
}
