//! Writers one after another: `--lock`, `--lock-timeout`.

mod lost;
mod nested;
mod others;
mod refused;
mod waiting;

use std::fs::{self, File};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use crate::common::events::until;

/// Another writer, who has the lock as long as this lives.
struct Holder {
    _locked: File,
}

impl Holder {
    /// The lock on a file, or, for what is absent, on its directory.
    fn of(path: &Path) -> Holder {
        let locked = File::open(path).unwrap();
        flock(&locked, FlockOperation::NonBlockingLockExclusive).unwrap();
        Holder { _locked: locked }
    }
}

/// Whether somebody has the lock.
fn is_locked(path: &Path) -> bool {
    flock(File::open(path).unwrap(), FlockOperation::NonBlockingLockExclusive).is_err()
}

/// Waits until the process waits for a lock on the file with this inode.
fn until_it_waits(id: u32, inode: u64) {
    until("it waits for the lock", || {
        // `1: -> FLOCK  ADVISORY  WRITE 123 08:01:456 0 EOF`
        let locks = fs::read_to_string("/proc/locks").unwrap();
        locks.lines().any(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let place = words.iter().position(|word| *word == "FLOCK");
            let word = |offset| place.and_then(|place| words.get(place + offset)).copied().unwrap_or_default();
            words.get(1) == Some(&"->") && word(3) == id.to_string() && word(4).ends_with(&format!(":{inode}"))
        })
    });
}
