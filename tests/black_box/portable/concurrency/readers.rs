//! Readers see a whole file, always.
//!
//! Rows: 57, 62.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{tagged, writer_of};
use crate::common::needs::needs;
use crate::common::{Scene, does, rounds, stderr};

/// How many replacements: `ATOMIC_WRITE_TEST_REPLACEMENTS`, or what does not take long.
fn replacements() -> usize {
    let asked = std::env::var("ATOMIC_WRITE_TEST_REPLACEMENTS").ok();
    asked.map_or(rounds(60), |count| count.parse().unwrap())
}

/// Opens and reads the file until `writing` is done; `look` judges what was read. Counts the times.
fn read_all_the_while(path: &Path, look: impl Fn(Vec<u8>) + Sync, writing: impl FnOnce()) {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut times = 0_u64;
            while !done.load(Ordering::Relaxed) {
                look(std::fs::read(path).expect("the file is absent"));
                times += 1;
            }
            times
        });
        // It looks far more often than who reads: an instant is enough for it.
        let opener = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                File::open(path).expect("the file is absent");
            }
        });
        // A failed writer must not leave the reader at it.
        let written = std::panic::catch_unwind(std::panic::AssertUnwindSafe(writing));
        done.store(true, Ordering::Relaxed);
        assert!(reader.join().unwrap() > 0);
        opener.join().unwrap();
        written.unwrap();
    });
}

const LINES: usize = 2000;

fn replaced(options: &[&str]) {
    needs!(open_files_give_way);
    let scene = Scene::new();
    let path = scene.write("f", tagged(0, LINES));
    let look = |content: Vec<u8>| {
        writer_of(&content, LINES);
    };
    read_all_the_while(&path, look, || {
        for number in 1..=replacements() {
            let output = scene.cmd().args(options).arg("f").write_stdin(tagged(number, LINES)).output().unwrap();
            // With the signal that it died of, if one came from outside.
            assert!(output.status.success(), "replacement {number}: {}: {}", output.status, stderr(&output));
        }
    });
    assert_eq!(writer_of(&scene.read("f"), LINES), replacements());
}

#[test]
fn a_file_that_is_replaced_is_always_whole() {
    replaced(&[]);
}

#[test]
fn a_file_that_is_replaced_with_a_simple_backup_is_always_whole() {
    replaced(&["--backup=simple"]);
}

#[test]
fn a_file_that_is_replaced_with_numbered_backups_is_always_whole() {
    replaced(&["--backup=numbered", "--lock", "--validate", "exit 0"]);
}

#[test]
fn a_file_that_is_replaced_where_it_changed_is_always_whole() {
    replaced(&["-C", "-D", "-m", "644"]);
}

#[test]
fn a_file_that_is_edited_is_always_whole() {
    needs!(open_files_give_way);
    let scene = Scene::new();
    let path = scene.write("f", tagged(0, LINES));
    let look = |content: Vec<u8>| {
        writer_of(&content, LINES);
    };
    read_all_the_while(&path, look, || {
        for _ in 0..replacements() {
            let args = ["--edit", "--lock", "-b", "f", "--"];
            scene.cmd().args(args).args(does(&["increment"])).assert().success();
        }
    });
    assert_eq!(writer_of(&scene.read("f"), LINES), replacements());
}

#[test]
fn a_file_appended_to_is_always_a_row_of_whole_parts() {
    const PART: usize = 20;
    needs!(open_files_give_way);
    let scene = Scene::new();
    let path = scene.write("f", tagged(0, PART));
    let look = |content: Vec<u8>| {
        assert!(!content.is_empty());
        for (number, part) in content.chunks(PART * 10).enumerate() {
            assert_eq!(writer_of(part, PART), number);
        }
    };
    read_all_the_while(&path, look, || {
        for number in 1..=replacements() {
            scene.cmd().args(["--append", "f"]).write_stdin(tagged(number, PART)).assert().success();
        }
    });
    assert_eq!(scene.read("f").len(), (replacements() + 1) * PART * 10);
}
