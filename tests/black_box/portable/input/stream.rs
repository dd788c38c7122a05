//! Streams of every length and pace.
//!
//! Rows: 2.

use std::io::Write;
use std::process::Stdio;

use super::bytes;
use crate::common::{Scene, does};

#[test]
fn every_length_arrives_whole_by_every_way() {
    let scene = Scene::new();
    for length in [0, 1, 511, 512, 513, 4095, 65536, 65537, 262_143, 262_144, 262_145, 1_048_579, 9_000_001] {
        let content = bytes(length);
        scene.write("src", &content);
        scene.cmd().arg("piped").write_stdin(content.clone()).assert().success().stderr("");
        scene.cmd().args(["copied", "--from", "src"]).assert().success().stderr("");
        let command = does(&["cat src"]);
        scene.cmd().args(["commanded", "--allow-empty", "--"]).args(command).assert().success().stderr("");
        assert!(scene.with_stdin(&["redirected"], scene.open("src")).status.success());
        for name in ["piped", "copied", "commanded", "redirected"] {
            assert!(scene.read(name) == content, "{length} bytes {name}");
        }
    }
}

/// More than is copied within the kernel at once.
#[test]
fn a_file_larger_than_one_copy_arrives_whole() {
    let scene = Scene::new();
    let content = bytes((32 << 20) + 12_345);
    scene.write("src", &content);
    scene.cmd().args(["f", "--from", "src"]).assert().success().stderr("");
    assert!(scene.read("f") == content);
}

/// Row 2, reading: what comes in pieces is not over after one.
#[test]
fn pieces_are_put_together() {
    let scene = Scene::new();
    let mut child = scene.process().arg("f").stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for piece in ["1", "2", "3", "4", "5", "6", "7", "8", "9", "end"] {
        stdin.write_all(piece.as_bytes()).unwrap();
        // What it has read by then or not.
        std::thread::yield_now();
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
    assert_eq!(scene.text("f"), "123456789end");
}
