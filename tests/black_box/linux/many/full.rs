//! A disk that fills in the middle.
//!
//! Rows: 9, 110.

use std::fs;
use std::path::Path;

use super::{args, sources};
use crate::common::needs::needs;
use crate::common::{Mounted, Scene, names_in, stderr};

/// A small file system in `outer`.
fn small(outer: &Scene, kind: &str, mebibytes: u64) -> Mounted {
    match kind {
        "ext4" => Mounted::image(outer, "ext4", mebibytes, ""),
        _ => Mounted::with(outer, "memory", &["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "none"]),
    }
}

/// `count` sources of `size` bytes, each of which can be told from the others.
fn large_sources(outer: &Scene, count: usize, size: usize) -> Vec<String> {
    let paths = sources(outer, count);
    for (number, path) in paths.iter().enumerate() {
        fs::write(outer.path(path), new(number, size)).unwrap();
    }
    paths.iter().map(|path| outer.path(path).to_str().unwrap().to_owned()).collect()
}

fn new(number: usize, size: usize) -> Vec<u8> {
    format!("new {number} ").into_bytes().into_iter().cycle().take(size).collect()
}

/// Each file is as it was, `old`, or new. Returns how many are old, and how many of the new ones there were not before.
fn whole(directory: &Path, olds: usize, size: usize) -> (usize, usize) {
    let (mut kept, mut created) = (0, 0);
    for name in names_in(directory) {
        let number: usize = name.parse().unwrap_or_else(|_| panic!("{name} was left"));
        let content = fs::read(directory.join(&name)).unwrap();
        if content == b"old" && number < olds {
            kept += 1;
        } else {
            assert!(content == new(number, size), "{name} has {} bytes", content.len());
            created += usize::from(number >= olds);
        }
    }
    (kept, created)
}

#[test]
fn a_thousand_files_are_each_old_or_new_and_counted() {
    needs!(root);
    for kind in ["ext4", "tmpfs"] {
        let outer = Scene::new();
        let mounted = small(&outer, kind, 12);
        let files = large_sources(&outer, 1000, 16 << 10);
        let scene = Scene::on(mounted.path());
        scene.mkdir("d");
        for number in 0..100 {
            scene.write(format!("d/{number}"), "old");
        }
        let output = scene.cmd().args(args(&["--report"], &files)).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{kind}: {output:?}");
        let text = stderr(&output);
        let (kept, created) = whole(&scene.path("d"), 100, 16 << 10);
        let (replaced, failed) = (100 - kept, 1000 - created - (100 - kept));
        assert!(created > 300 && failed > 100, "{kind}: {created} {failed}");
        let count = format!("1000 files: {failed} failed, {created} created, {replaced} replaced\n");
        assert!(text.ends_with(&format!("atomic-write: d: {count}")), "{kind}: {text}");
        assert_eq!(text.matches(": No space left on device (unchanged)\n").count(), failed, "{kind}: {text}");
        assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), created + replaced);
        // Nothing is held: what is removed can be used.
        for number in 100..150 {
            let _ = fs::remove_file(scene.path(format!("d/{number}")));
        }
        scene.cmd().args(args(&[], &files[100..120])).assert().success().stderr("");
        drop(scene);
    }
}

/// Each file fits beside its old content, and so does the group only if the old contents go in between.
#[test]
fn files_of_which_few_fit_beside_the_old_ones_are_all_replaced() {
    needs!(root);
    for (kind, reserved) in [("ext4", 3), ("tmpfs", 0)] {
        let outer = Scene::new();
        let mounted = small(&outer, kind, 12 + reserved);
        let files = large_sources(&outer, 16, 512 << 10);
        let scene = Scene::on(mounted.path());
        scene.mkdir("d");
        for number in 0..16 {
            scene.write(format!("d/{number}"), vec![b'o'; 512 << 10]);
        }
        scene.cmd().args(args(&[], &files)).assert().success().stderr("").stdout("");
        assert_eq!(whole(&scene.path("d"), 0, 512 << 10), (0, 16));
        drop(scene);
    }
}

#[test]
fn a_disk_without_inodes_is_told_of_each_file() {
    needs!(root);
    let outer = Scene::new();
    let mounted = Mounted::with(&outer, "memory", &["-t", "tmpfs", "-o", "nr_inodes=30", "none"]);
    let files = large_sources(&outer, 60, 3);
    let scene = Scene::on(mounted.path());
    scene.mkdir("d");
    let output = scene.cmd().args(args(&[], &files)).output().unwrap();
    let (_, created) = whole(&scene.path("d"), 0, 3);
    assert!(created > 20, "{output:?}");
    let count = format!("60 files: {} failed, {created} created\n", 60 - created);
    assert!(output.status.code() == Some(1) && stderr(&output).ends_with(&count), "{output:?}");
    drop(scene);
}
