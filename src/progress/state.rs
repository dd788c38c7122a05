//! How far the run is, as both threads know it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use indicatif::ProgressBar;

use super::line::{Phase, Snapshot};
use crate::platform;
use crate::quote::Shown;

pub(super) struct State {
    target: PathBuf,
    pub(super) start: Instant,
    bytes: AtomicU64,
    /// The size of the whole content; [`UNKNOWN`] if it is not known.
    total: AtomicU64,
    phase: AtomicU8,
    /// The line on the terminal, once it is drawn.
    pub(super) bar: Mutex<Option<ProgressBar>>,
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
            bar: Mutex::new(None),
        }
    }

    pub(super) fn expect(&self, total: u64) {
        self.total.store(total, Relaxed);
    }

    pub(super) fn add(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Relaxed);
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Relaxed);
    }

    /// Removes the line from the terminal.
    pub(super) fn clear(&self) {
        if let Some(bar) = lock(&self.bar).take() {
            bar.finish_and_clear();
        }
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let bytes = self.bytes.load(Relaxed);
        // A file that grows is longer than was expected.
        let total = Some(self.total.load(Relaxed)).filter(|&total| total != UNKNOWN && total >= bytes);
        let phases = [Phase::Receiving, Phase::Running, Phase::Syncing];
        let phase = self.phase.load(Relaxed);
        let phase = phases.into_iter().find(|&other| other as u8 == phase).unwrap_or(Phase::Swapping);
        Snapshot { phase, bytes, total, elapsed: self.start.elapsed() }
    }

    /// Prints one line about it.
    pub(super) fn tell(&self) {
        let line = format!("atomic-write: {}: {}\n", Shown(self.target.as_os_str()), self.snapshot());
        self.suspend(|| {
            // A failure to print is ignored, as for a warning.
            let _ = platform::write_all(std::io::stderr(), line.as_bytes());
        });
    }

    /// Prints something else in a line of its own.
    pub(super) fn suspend(&self, print: impl FnOnce()) {
        match &*lock(&self.bar) {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
