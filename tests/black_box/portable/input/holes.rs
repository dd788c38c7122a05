//! Holes stay holes.
//!
//! Rows: 8.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use super::sha256;
use crate::common::needs::needs;
use crate::common::{Scene, stderr, system};

/// Creates a file of `size` bytes with data of (offset, length) only.
pub fn sparse(path: &Path, data: &[(u64, usize)], size: u64) {
    let mut file = File::create(path).unwrap();
    file.set_len(size).unwrap();
    for &(offset, length) in data {
        file.seek(SeekFrom::Start(offset)).unwrap();
        file.write_all(&vec![b'x'; length]).unwrap();
    }
    file.sync_all().unwrap();
}

/// Bytes on the disk.
fn allocated(path: &Path) -> u64 {
    system::allocated(path).unwrap()
}

pub const MEBIBYTE: u64 = 1 << 20;

/// Holes and data in every order.
pub const SHAPES: [(&[(u64, usize)], u64); 5] = [
    (&[], 3 * MEBIBYTE),
    (&[(0, 65536)], 3 * MEBIBYTE),
    (&[(3 * MEBIBYTE - 65536, 65536)], 3 * MEBIBYTE),
    (&[(MEBIBYTE, 65536), (2 * MEBIBYTE, 3)], 3 * MEBIBYTE),
    (&[(0, 65536), (2 * MEBIBYTE, 65536)], 2 * MEBIBYTE + 65536),
];

/// Asserts that `f` has the content of `src`, and not much more on the disk.
pub fn assert_sparse(scene: &Scene, what: &str) {
    assert!(scene.read("f") == scene.read("src"), "{what}");
    let (source, target) = (allocated(&scene.path("src")), allocated(&scene.path("f")));
    assert!(target <= source + 128 * 1024, "{what}: {target} bytes on the disk, {source} in the source");
}

#[test]
fn holes_stay_holes_by_name_and_by_redirection() {
    needs!(holes);
    let scene = Scene::new();
    for (data, size) in SHAPES {
        sparse(&scene.path("src"), data, size);
        let by_name = || scene.cmd().args(["f", "--from", "src"]).assert().success().stderr("");
        by_name();
        assert_sparse(&scene, &format!("by name {data:?}"));
        let output = scene.with_stdin(&["f"], scene.open("src"));
        assert!(output.status.success(), "{}", stderr(&output));
        assert_sparse(&scene, &format!("by redirection {data:?}"));
        std::fs::remove_file(scene.path("f")).unwrap();
        by_name();
        assert_sparse(&scene, &format!("anew {data:?}"));
    }
}

/// A hole counts as zeros for a digest, and need not be read for it.
#[test]
fn holes_stay_holes_under_a_digest() {
    needs!(holes);
    let scene = Scene::new();
    for (data, size) in SHAPES {
        sparse(&scene.path("src"), data, size);
        scene
            .cmd()
            .args(["--checksum", &sha256(&scene.read("src")), "--from", "src", "f"])
            .assert()
            .success()
            .stderr("");
        assert_sparse(&scene, &format!("{data:?}"));
    }
}

#[test]
fn the_old_contents_holes_stay_when_it_is_appended_to() {
    needs!(holes);
    for (data, size) in SHAPES {
        let scene = Scene::new();
        sparse(&scene.path("src"), data, size);
        sparse(&scene.path("f"), data, size);
        scene.cmd().args(["-a", "f"]).write_stdin("new").assert().success().stderr("");
        let expected = [scene.read("src"), b"new".to_vec()].concat();
        assert!(scene.read("f") == expected);
        assert!(allocated(&scene.path("f")) <= allocated(&scene.path("src")) + 128 * 1024, "{data:?}");
    }
}

#[test]
fn what_is_left_of_a_sparse_input_begins_at_the_offset() {
    needs!(holes);
    let scene = Scene::new();
    sparse(&scene.path("src"), &[(0, 10), (8 * MEBIBYTE, 10)], 16 * MEBIBYTE);
    let mut file = File::open(scene.path("src")).unwrap();
    file.seek(SeekFrom::Start(5)).unwrap();
    assert!(scene.process().arg("f").stdin(file).status().unwrap().success());
    assert!(scene.read("f") == scene.read("src").split_off(5));
    assert!(allocated(&scene.path("f")) <= 256 * 1024);
}
