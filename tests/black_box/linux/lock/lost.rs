//! Many at once: no update is lost, no two hold the lock.
//!
//! Rows: none.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{FlockOperation, flock};

use crate::common::Scene;
use crate::portable::lock::lost::at_once;

/// Takes the file away, under the lock; returns what was in it.
fn take_away(path: &Path) -> Option<String> {
    let file = File::open(path).ok()?;
    flock(&file, FlockOperation::LockExclusive).unwrap();
    let same = fs::metadata(path).is_ok_and(|now| now.ino() == file.metadata().unwrap().ino());
    let content = same.then(|| fs::read_to_string(path).unwrap());
    content.inspect(|_| fs::remove_file(path).unwrap())
}

#[test]
fn no_line_is_lost_of_a_file_taken_away_under_the_lock() {
    let scene = Scene::new();
    let (path, done) = (scene.path("f"), AtomicBool::new(false));
    let mut lines: Vec<usize> = std::thread::scope(|scope| {
        let taker = scope.spawn(|| {
            let mut taken = String::new();
            while !done.load(Ordering::Relaxed) {
                taken.extend(take_away(&path));
            }
            taken.extend(take_away(&path));
            taken
        });
        let ends = at_once(60, |number| {
            let line = number.to_string();
            scene.process().args(["--append", "--lock", "f", "--", "echo", &line]).spawn().unwrap()
        });
        done.store(true, Ordering::Relaxed);
        let taken = taker.join().unwrap();
        assert_eq!(ends, [0; 60]);
        taken.lines().map(|line| line.parse().unwrap()).collect()
    });
    lines.sort_unstable();
    assert_eq!(lines, (0..60).collect::<Vec<_>>());
}
