//! Hardly any descriptors, memory or stack: the program does its work or says that it cannot, and TARGET is whole.

use std::process::Output;

use crate::common::{Scene, stderr};
use crate::staging_names;

const MODES: [&str; 6] = [
    "\"$AW\" f",
    "\"$AW\" --lock --backup=simple f",
    "\"$AW\" -D d/e/f",
    "\"$AW\" --edit f -- tr o n",
    "\"$AW\" f -- echo new",
    "\"$AW\" --validate true f",
];

/// Runs each mode under `ulimit OPTION` with each value, and judges what it left.
fn under(option: &str, values: &[u64], enough: u64) {
    for mode in MODES {
        for &value in values {
            let scene = Scene::new();
            scene.write("f", "old\n");
            // The limit is the program's alone: the shell needs more than some of these.
            let script = format!("echo new | (ulimit {option} {value} && exec {mode})");
            judge(&scene, mode, &scene.sh(&script), value >= enough);
        }
    }
}

fn judge(scene: &Scene, mode: &str, output: &Output, must: bool) {
    let (said, status) = (stderr(output), output.status.code());
    assert!(!said.contains("panicked"), "{mode}: {said}");
    assert!(!must || status == Some(0), "{mode}: {status:?}: {said}");
    assert_eq!(staging_names(scene.root()), [""; 0], "{mode}: {said}");
    let target = if mode.contains("d/e/f") { "d/e/f" } else { "f" };
    let content = std::fs::read_to_string(scene.path(target)).unwrap_or_default();
    if status == Some(0) {
        assert!(content == "new\n" || content == "nld\n", "{mode}: {content:?}");
    } else {
        let old = if target == "f" { "old\n" } else { "" };
        assert_eq!(content, old, "{mode}: {status:?}: {said}");
        // What it had made on the way goes too, unless it was killed.
        assert!(status.is_none_or(|status| status > 125) || scene.names() == ["f"], "{mode}: {status:?}: {said}");
    }
}

#[test]
fn with_few_descriptors() {
    let values: Vec<u64> = (3..=16).collect();
    under("-n", &values, 16);
}

/// From where not even the dynamic linker has room. The runtime ends a program that gets no memory by an abort; TARGET is
/// whole all the same, and nothing is left.
#[test]
fn with_little_memory() {
    let values: Vec<u64> = (2048..=8192).step_by(512).collect();
    under("-v", &values, 8192);
}

#[test]
fn with_little_stack() {
    under("-s", &[16, 32, 64, 128, 256, 1024], 1024);
}

/// Row 16: the limit on a file's size is an error like any other.
#[test]
fn with_small_files_only() {
    let scene = Scene::new();
    scene.write("f", "old\n");
    for mode in ["\"$AW\" f", "\"$AW\" f -- cat", "\"$AW\" --from big f"] {
        scene.sh("head -c 100000 /dev/zero > big");
        let output = scene.sh(&format!("(ulimit -f 8 && exec {mode}) < big"));
        assert!(matches!(output.status.code(), Some(1 | 125)), "{mode}: {output:?}");
        assert!(stderr(&output).contains("File too large"), "{mode}: {}", stderr(&output));
        assert_eq!(scene.text("f"), "old\n");
        assert_eq!(scene.names(), ["big", "f"]);
    }
}
