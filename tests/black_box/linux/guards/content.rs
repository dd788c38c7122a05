//! `--non-empty` and `--checksum`.
//!
//! Rows: none.

use crate::common::Scene;
use crate::portable::guards::content::digest;

#[test]
fn a_file_with_holes_has_the_digest_of_its_zeros() {
    let scene = Scene::new();
    let file = std::fs::File::create(scene.path("source")).unwrap();
    file.set_len(3_000_000).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, b"data", 1_500_000).unwrap();
    let known = digest(&scene, "sha256", "source");
    scene.cmd().args(["--checksum", &known, "f", "--from", "source"]).assert().success();
    assert!(scene.read("f") == scene.read("source"));
}
