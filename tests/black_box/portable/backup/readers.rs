//! TARGET is never absent, and whole whenever it is opened.
//!
//! Rows: 62.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::common::needs::needs;
use crate::common::{Scene, rounds};

/// Several pages.
const SIZE: usize = 20_000;

/// Replaces `f` as often as this, each time by another digit, while a reader looks. Returns how often it did.
fn replace_under_readers(option: &str, times: usize) -> usize {
    let scene = Scene::new();
    scene.write("f", "0".repeat(SIZE));
    let versions: Vec<Vec<u8>> = (b'0'..=b'9').map(|digit| vec![digit; SIZE]).collect();
    for (name, content) in versions.iter().enumerate() {
        scene.write(name.to_string(), content);
    }
    let stop = AtomicBool::new(false);
    let read = || {
        let mut reads = 0;
        while !stop.load(Ordering::Relaxed) {
            let content = fs::read(scene.path("f")).expect("it is absent");
            assert!(versions.contains(&content), "{} bytes, of no one version", content.len());
            reads += 1;
        }
        reads
    };
    std::thread::scope(|scope| {
        let reader = scope.spawn(read);
        let write =
            |number: usize| scene.with_stdin(&[option, "--sync", "none", "f"], scene.open((number % 10).to_string()));
        let failed = (0..times).map(write).find(|output| !output.status.success());
        stop.store(true, Ordering::Relaxed);
        let reads = reader.join().expect("a reader saw it");
        assert!(failed.is_none(), "{failed:?}");
        reads
    })
}

#[test]
fn target_is_never_absent_while_thousands_of_replacements_keep_a_backup() {
    needs!(open_files_give_way);
    assert!(replace_under_readers("--backup=simple", rounds(2_000)) > 0);
}

#[test]
fn target_is_never_absent_while_numbered_backups_pile_up() {
    needs!(open_files_give_way);
    assert!(replace_under_readers("--backup=numbered", rounds(500)) > 0);
}
