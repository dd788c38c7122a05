//! Readers see one tree, always.
//!
//! Rows: 100.

use std::ffi::CString;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{AtFlags, CWD, Dir, Mode, OFlags, openat, statat};

use crate::common::needs::needs;
use crate::common::{Scene, rounds, stderr};

/// How many files each version has.
const FILES: usize = 8;

/// The version `number`: each of its names and each of its files has the number.
fn make(scene: &Scene, name: &str, number: usize) {
    scene.mkdir(name);
    for file in 0..FILES {
        scene.write(format!("{name}/{number}-{file}"), number.to_string());
    }
}

/// Opens the directory once; all that is found by that descriptor must be of one version. How much there was.
fn look(path: &Path) -> usize {
    let directory = openat(CWD, path, OFlags::DIRECTORY | OFlags::RDONLY, Mode::empty()).expect("TARGET is absent");
    let mut versions = Vec::new();
    let names: Vec<CString> =
        Dir::read_from(&directory).unwrap().map(|entry| entry.unwrap().file_name().to_owned()).collect();
    for name in names.into_iter().filter(|name| !name.to_bytes().starts_with(b".")) {
        let text = name.to_str().unwrap();
        versions.push(text.split('-').next().unwrap().to_owned());
        // The old tree is being removed, which is no other version.
        let Ok(file) = openat(&directory, &name, OFlags::RDONLY, Mode::empty()) else { continue };
        let mut content = String::new();
        std::fs::File::from(file).read_to_string(&mut content).unwrap();
        versions.push(content);
    }
    let count = versions.len();
    versions.dedup();
    assert!(versions.len() <= 1, "more than one version: {versions:?}");
    count
}

fn all_the_while(options: &[&str], count: usize) {
    let scene = Scene::new();
    for number in [0, 1] {
        make(&scene, &format!("src{number}"), number);
    }
    make(&scene, "d", 0);
    let (path, over) = (scene.path("d"), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut whole = 0_usize;
            while !over.load(Ordering::Relaxed) {
                whole += usize::from(look(&path) == 2 * FILES);
            }
            whole
        });
        let opener = scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                assert!(statat(CWD, &path, AtFlags::SYMLINK_NOFOLLOW).is_ok(), "TARGET is absent");
            }
        });
        let _over = crate::common::Over(&over);
        for number in 0..count {
            let source = format!("src{}", number % 2);
            let args = [&["--tree", "--from", &source], options, &["d"]].concat();
            let output = scene.cmd().args(args).output().unwrap();
            assert!(output.status.success(), "{}", stderr(&output));
            assert!(!reader.is_finished() && !opener.is_finished(), "a reader has failed");
        }
        over.store(true, Ordering::Relaxed);
        assert!(reader.join().unwrap() > 0);
        opener.join().unwrap();
    });
}

#[test]
fn target_is_never_absent_and_never_mixed() {
    needs!(exchange);
    all_the_while(&["--sync", "none"], rounds(150));
    all_the_while(&[], rounds(20));
}

#[test]
fn nor_is_it_with_backups() {
    needs!(exchange);
    all_the_while(&["--sync", "none", "--backup=simple"], rounds(100));
    all_the_while(&["--sync", "none", "--backup=numbered"], rounds(40));
}
