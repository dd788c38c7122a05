//! How far the run is: told on request (SIGUSR1), and shown all the time with `--progress`.
//!
//! Whoever does the work only counts, and names the phase. A thread of its own draws, because a sync can keep the other
//! one for minutes. Without `--progress` there is no such thread, and a request is answered where signals are looked at.

mod line;
mod state;
mod ticker;

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

pub(crate) use line::Phase;
use state::State;
use ticker::Ticker;

/// Content of this size, in bytes, takes so long to copy that somebody may ask how far that is.
pub(crate) const LONG: u64 = 64 * 1024 * 1024;

/// How far the run is. Clones share it.
#[derive(Clone)]
pub(crate) struct Progress {
    state: Arc<State>,
    ticker: Rc<RefCell<Option<Ticker>>>,
}

impl Progress {
    pub(crate) fn new(target: &Path) -> Self {
        Progress { state: Arc::new(State::new(target)), ticker: Rc::default() }
    }

    /// The content will have this size, in bytes.
    pub(crate) fn expect(&self, total: u64) {
        self.state.expect(total);
    }

    /// So many files will be replaced.
    pub(crate) fn expect_files(&self, count: usize) {
        self.state.expect_files(count);
    }

    /// One of them is done.
    pub(crate) fn file_done(&self) {
        self.state.file_done();
    }

    /// So many more bytes have been received.
    pub(crate) fn added(&self, bytes: u64) {
        self.state.add(bytes);
    }

    pub(crate) fn phase(&self, phase: Phase) {
        self.state.enter(phase);
    }

    /// Prints one line about it.
    pub(crate) fn tell(&self) {
        self.state.tell();
    }

    /// Shows it from now on: on a terminal in a line that stays up to date, elsewhere in a line from time to time. Work
    /// that is soon done shows nothing.
    pub(crate) fn show(&self) {
        // Without a thread, nothing is shown: that is no reason to fail.
        *self.ticker.borrow_mut() = Ticker::start(&self.state).ok();
    }

    /// Prints something else in a line of its own.
    pub(crate) fn suspend(&self, print: impl FnOnce()) {
        self.state.suspend(print);
    }

    /// Ends the display, and leaves nothing of it on the terminal.
    pub(crate) fn clear(&self) {
        if let Some(ticker) = self.ticker.take() {
            ticker.stop();
        }
        self.state.clear();
    }
}
