//! The signal mask, and what does not depend on how signals are watched.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::JoinHandle;

use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};

use super::errors::{Result, from_io, from_nix};
use super::startup;
use super::termination::{PROGRESS_REQUESTS, requests_progress, requests_termination};

/// The mask that the program started with.
pub(in crate::platform) struct InheritedMask(SigSet);

impl InheritedMask {
    /// Records the mask and blocks SIGXFSZ.
    pub(in crate::platform) fn at_start() -> Self {
        let mut file_size = SigSet::empty();
        file_size.add(Signal::SIGXFSZ);
        let mut at_start = SigSet::empty();
        // nix's calls for a thread report no refusal, and return an arbitrary mask then. Without this one, a write beyond
        // the file size limit has its default action.
        let _ = sigprocmask(SigmaskHow::SIG_BLOCK, Some(&file_size), Some(&mut at_start));
        InheritedMask(at_start)
    }

    pub(in crate::platform) fn get(&self) -> &SigSet {
        &self.0
    }

    /// Calls with this mask. In this instant a signal has its default action or handler.
    pub(in crate::platform) fn during<T>(&self, call: impl FnOnce() -> T) -> Result<T> {
        let mut ours = SigSet::empty();
        sigprocmask(SigmaskHow::SIG_SETMASK, Some(&self.0), Some(&mut ours)).map_err(from_nix)?;
        let done = call();
        sigprocmask(SigmaskHow::SIG_SETMASK, Some(&ours), None).map_err(from_nix)?;
        Ok(done)
    }

    /// The named signals to watch, except those inherited as ignored (nohup) or blocked.
    pub(in crate::platform) fn to_watch(&self) -> impl Iterator<Item = Signal> {
        Signal::iterator()
            .filter(|&signal| (requests_termination(signal) || requests_progress(signal)) && self.is_open(signal))
    }

    /// Those of them that ask how far the run is.
    pub(in crate::platform) fn progress_requests(&self) -> impl Iterator<Item = Signal> {
        PROGRESS_REQUESTS.iter().copied().filter(|&signal| self.is_open(signal))
    }

    /// Whether the signal was neither ignored nor blocked when the program started.
    fn is_open(&self, signal: Signal) -> bool {
        !startup::was_ignored(signal as i32) && !self.0.contains(signal)
    }
}

/// Restores SIGPIPE's default action, unless the program started with the signal ignored.
pub(in crate::platform) fn restore_pipe() -> Result<()> {
    if !startup::was_ignored(Signal::SIGPIPE as i32) {
        let always = Arc::new(AtomicBool::new(true));
        signal_hook::flag::register_conditional_default(Signal::SIGPIPE as i32, always)
            .map_err(|error| from_io(&error))?;
    }
    Ok(())
}

/// Starts a thread that gets no signal.
pub(crate) fn start_thread(run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    let mut ours = SigSet::empty();
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::all()), Some(&mut ours)).map_err(from_nix)?;
    // It inherits the mask.
    let started = std::thread::Builder::new().spawn(run).map_err(|error| from_io(&error));
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&ours), None).map_err(from_nix)?;
    started
}

/// The mask while every signal is blocked that can be, and the one before.
#[derive(Default)]
pub(in crate::platform) struct Hold(Cell<Option<SigSet>>);

impl Hold {
    /// Blocks every signal that can be blocked.
    pub(in crate::platform) fn block_all(&self) -> Result<()> {
        let mut before = SigSet::empty();
        sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::all()), Some(&mut before)).map_err(from_nix)?;
        // The mask of a hold within a hold is that of the first.
        self.0.set(self.0.take().or(Some(before)));
        Ok(())
    }

    /// Restores the mask from before, if signals are held.
    pub(in crate::platform) fn release(&self) -> Result<()> {
        let Some(before) = self.0.take() else { return Ok(()) };
        sigprocmask(SigmaskHow::SIG_SETMASK, Some(&before), None).map_err(from_nix)
    }
}
