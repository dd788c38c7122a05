//! How far the run is, as both threads know it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::line::{Phase, Short, Snapshot};
use crate::platform;
use crate::quote::Shown;

pub(super) struct State {
    target: PathBuf,
    start: Instant,
    bytes: AtomicU64,
    /// The size of the whole content; [`UNKNOWN`] if it is not known.
    total: AtomicU64,
    phase: AtomicU8,
    /// How many of the files are done, and how many there are; 0 if it is one TARGET.
    files: [AtomicUsize; 2],
    /// How many columns of the terminal's line are drawn.
    drawn: Mutex<usize>,
}

const UNKNOWN: u64 = u64::MAX;

impl State {
    pub(super) fn new(target: &Path) -> Self {
        State {
            target: target.to_owned(),
            start: Instant::now(),
            bytes: AtomicU64::new(0),
            total: AtomicU64::new(UNKNOWN),
            phase: AtomicU8::new(Phase::Receiving as u8),
            files: [AtomicUsize::new(0), AtomicUsize::new(0)],
            drawn: Mutex::new(0),
        }
    }

    pub(super) fn expect(&self, total: u64) {
        // Of many files, this is the size of one.
        if self.files().is_none() {
            self.total.store(total, Relaxed);
        }
    }

    pub(super) fn expect_files(&self, count: usize) {
        self.files[1].store(count, Relaxed);
    }

    pub(super) fn file_done(&self) {
        self.files[0].fetch_add(1, Relaxed);
    }

    fn files(&self) -> Option<[usize; 2]> {
        let [done, count] = self.files.each_ref().map(|number| number.load(Relaxed));
        (count > 0).then_some([done, count])
    }

    pub(super) fn add(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Relaxed);
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Relaxed);
    }

    /// Draws the line on the terminal, over what it was before.
    pub(super) fn draw(&self) {
        // Blanks, as not every terminal can erase the rest of a line.
        let line = Short(&self.snapshot()).to_string();
        let mut drawn = lock(&self.drawn);
        print(&format!("\r{line:<0$}", *drawn));
        *drawn = line.len();
    }

    /// Removes the line from the terminal.
    pub(super) fn clear(&self) {
        erase(&mut lock(&self.drawn));
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let bytes = self.bytes.load(Relaxed);
        // A file that grows is longer than was expected.
        let total = Some(self.total.load(Relaxed)).filter(|&total| total != UNKNOWN && total >= bytes);
        let phases = [Phase::Receiving, Phase::Running, Phase::Syncing];
        let phase = self.phase.load(Relaxed);
        let phase = phases.into_iter().find(|&other| other as u8 == phase).unwrap_or(Phase::Swapping);
        Snapshot { phase, files: self.files(), bytes, total, elapsed: self.start.elapsed() }
    }

    /// Prints one line about it.
    pub(super) fn tell(&self) {
        let line = format!("atomic-write: {}: {}\n", Shown(self.target.as_os_str()), self.snapshot());
        self.suspend(|| print(&line));
    }

    /// Prints something else in a line of its own.
    pub(super) fn suspend(&self, print: impl FnOnce()) {
        let mut drawn = lock(&self.drawn);
        erase(&mut drawn);
        print();
    }
}

fn erase(drawn: &mut usize) {
    /// After it there may be the ^C that the terminal shows.
    const TYPED: usize = 2;
    if *drawn > 0 {
        print(&format!("\r{:1$}\r", "", *drawn + TYPED));
        *drawn = 0;
    }
}

fn print(text: &str) {
    // A failure is ignored, as for a warning.
    let _ = platform::write_all(std::io::stderr(), text.as_bytes());
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
