//! What a file takes on a file system that compresses. Space that is reserved beforehand would turn the compression off for
//! good.
//!
//! Rows: 83.

use std::fs::{self, File};
use std::path::Path;

use crate::common::needs::needs;
use crate::common::{Disk, Mounted, Scene, tool};

const MEBIBYTE: u64 = 1 << 20;

/// Bytes in use on the file system, once everything is on the disk.
fn used(directory: &Path) -> u64 {
    tool("sync", &["-f", directory.to_str().unwrap()]);
    let stat = rustix::fs::statvfs(directory).unwrap();
    (stat.f_blocks - stat.f_bfree) * stat.f_frsize
}

/// Ways to 8 MiB in `f`, the source being `SRC`.
const WAYS: [&str; 6] = [
    "\"$AW\" --from \"$SRC\" f",
    "\"$AW\" f <\"$SRC\"",
    "cat \"$SRC\" | \"$AW\" f",
    "\"$AW\" f -- cat \"$SRC\"",
    "\"$AW\" --checksum \"sha256:$(sha256sum <\"$SRC\" | cut -c-64)\" --from \"$SRC\" f",
    "\"$AW\" --backup=none --if-changed --from \"$SRC\" f",
];

#[test]
fn on_btrfs_a_file_is_compressed_as_by_cp() {
    needs!(root, "mkfs.btrfs");
    let outer = Scene::new();
    let source = outer.path("src");
    fs::write(&source, "compressible text\n".repeat(500_000).as_bytes().get(..8 << 20).unwrap()).unwrap();
    let mounted = Mounted::image(&outer, "btrfs", 256, "compress=zstd");
    let scene = Scene::on(mounted.path());
    let before = used(scene.root());
    tool("cp", &[source.to_str().unwrap(), scene.path("f").to_str().unwrap()]);
    let by_cp = used(scene.root()) - before;
    // Or there would be nothing to be seen here.
    assert!(by_cp < 2 * MEBIBYTE, "{by_cp} bytes by cp(1)");
    let run = |way: &str, source: &Path, what: &str| {
        let output =
            scene.other("sh").args(["-c", way]).env("AW", crate::common::program()).env("SRC", source).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{what} {way}: {output:?}");
        assert!(scene.read("f") == fs::read(source).unwrap(), "{what} {way}");
        let taken = used(scene.root()).saturating_sub(before);
        assert!(taken <= by_cp + MEBIBYTE, "{what} {way}: {taken} bytes, {by_cp} by cp(1)");
    };
    for way in WAYS {
        fs::remove_file(scene.path("f")).unwrap();
        run(way, &source, "new");
        run(way, &source, "replaced");
    }
    // Blocks that are shared are compressed as they were.
    tool("cp", &["--reflink=never", source.to_str().unwrap(), scene.path("inside").to_str().unwrap()]);
    for way in &WAYS[..2] {
        run(way, &scene.path("inside"), "shared");
    }
}

/// The old content, which is kept, too.
#[test]
fn on_btrfs_what_is_appended_to_stays_compressed() {
    needs!(root, "mkfs.btrfs");
    let scene = Disk::new("btrfs", 256, "compress=zstd");
    let before = used(scene.root());
    let content = "compressible text\n".repeat(500_000);
    scene.write("f", &content);
    let old = used(scene.root()) - before;
    assert!(old < 2 * MEBIBYTE, "{old} bytes");
    let input = File::open(scene.write("more", "more\n")).unwrap();
    assert!(scene.process().args(["--append", "f"]).stdin(input).status().unwrap().success());
    assert!(scene.text("f") == content + "more\n");
    let taken = used(scene.root()) - before;
    assert!(taken <= old + MEBIBYTE, "{taken} bytes, {old} before");
}
