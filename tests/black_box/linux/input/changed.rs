//! A source that changes while it is read.
//!
//! Rows: 7, 88.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use super::NO_SHARING;
use crate::common::needs::needs;
use crate::common::strace::Strace;
use crate::common::{Scene, stderr};
use crate::portable::input::bytes;

/// Stops the program before it copies `src` and when it has copied it, changes that by `change`, and lets the program
/// go on; it must fail with TARGET unchanged.
fn aborts(change: impl Fn(&Path)) {
    needs!(strace);
    for stop in ["lseek:when=1", "ftruncate:when=1"] {
        aborts_at(stop, &change);
    }
}

fn aborts_at(stop: &str, change: impl Fn(&Path)) {
    let scene = Scene::new();
    scene.write("src", bytes(100_000));
    scene.write("f", "old");
    let stopped = Strace::new(&scene, &["--from", "src", "f"]).inject(NO_SHARING).stopped_after(stop);
    change(&scene.path("src"));
    let traced = stopped.resume();
    assert_eq!(traced.output.status.code(), Some(1), "{traced:?}");
    assert_eq!(stderr(&traced.output), "atomic-write: f: read: src: changed while it was read (unchanged)\n");
    assert_eq!((scene.text("f").as_str(), scene.names()), ("old", vec!["f".to_owned(), "src".to_owned()]));
}

fn open(path: &Path) -> fs::File {
    OpenOptions::new().write(true).open(path).unwrap()
}

#[test]
fn rewritten_at_the_same_length() {
    aborts(|src| open(src).write_all(b"new").unwrap());
}

#[test]
fn appended_to() {
    aborts(|src| OpenOptions::new().append(true).open(src).unwrap().write_all(b"more").unwrap());
}

#[test]
fn truncated() {
    aborts(|src| open(src).set_len(10).unwrap());
}

#[test]
fn emptied_and_written_again() {
    aborts(|src| fs::write(src, bytes(100_000)).unwrap());
}

/// With its modification time set back, as some programs do.
#[test]
fn rewritten_in_disguise() {
    aborts(|src| {
        let before = fs::metadata(src).unwrap().modified().unwrap();
        let mut file = open(src);
        file.write_all(b"new").unwrap();
        file.set_modified(before).unwrap();
    });
}

/// The name may lead to another file by then: what was opened has not changed.
#[test]
fn a_source_replaced_by_another_file_is_read_as_it_was() {
    needs!(strace);
    let scene = Scene::new();
    scene.write("src", "old source");
    scene.write("other", "new source");
    let stopped = Strace::new(&scene, &["--from", "src", "f"]).inject(NO_SHARING).stopped_after("lseek:when=1");
    fs::rename(scene.path("other"), scene.path("src")).unwrap();
    let traced = stopped.resume();
    assert!(traced.output.status.success(), "{traced:?}");
    assert_eq!(scene.text("f"), "old source");
}

/// Another name is no other content.
#[test]
fn a_source_that_is_linked_meanwhile_is_read() {
    needs!(strace);
    let scene = Scene::new();
    scene.write("src", "source");
    let stopped = Strace::new(&scene, &["--from", "src", "f"]).inject(NO_SHARING).stopped_after("lseek:when=1");
    fs::hard_link(scene.path("src"), scene.path("other")).unwrap();
    assert!(stopped.resume().output.status.success());
    assert_eq!(scene.text("f"), "source");
}
