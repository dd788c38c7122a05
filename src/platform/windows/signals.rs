//! The console's requests to end, which take the place of signals.
//!
//! - *default*: no file of ours has a name, so the default action, which ends the process, is correct.
//! - *watched*: something needs cleanup first. The console's handler records the request; every wait ends when one arrives.
//! - *held*: the commit is in progress. Requests are recorded and nobody looks, until the exit.
//!
//! When its window is closed, the console ends the process as soon as the handler returns, or after five seconds.
//! Therefore the handler does not return then, and the process ends itself.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::thread::JoinHandle;

use super::errors::{Result, done};
use super::event;
use super::termination::{Interrupted, TerminationSignal};
use super::win32::{self, ConsoleEvent};

/// The request that has arrived: 0 is none, otherwise one of the following.
static ARRIVED: AtomicU8 = AtomicU8::new(0);
/// Whether a child has ended since the last look.
static CHILD_ENDED: AtomicBool = AtomicBool::new(false);

/// Whether requests are watched.
pub(crate) struct Signals {
    watched: Cell<bool>,
}

impl Signals {
    /// Nobody can ask how far the run is, so there is nothing to tell.
    pub(crate) fn at_start(_tell: impl Fn() + 'static) -> Self {
        Signals { watched: Cell::new(false) }
    }

    /// There is no SIGPIPE.
    pub(crate) fn restore_pipe(&self) -> Result<()> {
        Ok(())
    }

    /// default -> watched.
    pub(crate) fn watch(&self) -> Result<()> {
        if !self.watched.get() {
            done(win32::set_console_handler(record))?;
            self.watched.set(true);
        }
        Ok(())
    }

    pub(crate) fn may_be_asked(&self) -> bool {
        false
    }

    pub(crate) fn watch_requests(&self) {}

    pub(crate) fn answers_requests(&self) -> bool {
        self.watched()
    }

    /// watched -> held. Without a file of ours that has a name, the commit does not begin, so requests are watched.
    pub(crate) fn hold(&self) -> Result<()> {
        done(win32::set_console_handler(record))
    }

    /// held -> watched. Nothing is blocked: requests are only recorded.
    pub(crate) fn release(&self) -> Result<()> {
        Ok(())
    }

    /// Threads report the end of each child anyway.
    pub(crate) fn watch_children(&self) -> Result<()> {
        Ok(())
    }

    /// Clears the notification that a child has ended.
    pub(crate) fn clear_children(&self) {
        CHILD_ENDED.store(false, Ordering::SeqCst);
    }

    /// Whether requests must be waited for.
    pub(crate) fn watched(&self) -> bool {
        self.watched.get()
    }

    /// Whether [`Signals::caught`] returns one.
    pub(super) fn has_arrived(&self) -> bool {
        self.watched.get() && ARRIVED.load(Ordering::SeqCst) != 0
    }

    /// The request that has arrived.
    pub(crate) fn caught(&self) -> Option<TerminationSignal> {
        if !self.watched.get() {
            return None;
        }
        match ARRIVED.swap(0, Ordering::SeqCst) {
            0 => None,
            1 => Some(TerminationSignal::Interrupt),
            2 => Some(TerminationSignal::Break),
            _ => Some(TerminationSignal::Close),
        }
    }

    /// Returns the request that has arrived as an error.
    pub(crate) fn check(&self) -> std::result::Result<(), Interrupted> {
        self.caught().map_or(Ok(()), |caught| Err(Interrupted(caught)))
    }

    /// No process can end by a signal here; the exit status tells.
    pub(crate) fn die(&self, _: TerminationSignal) {}
}

/// Starts a thread.
pub(crate) fn start_thread(run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    done(std::thread::Builder::new().spawn(run))
}

/// The console's handler. The system calls it in a thread of its own.
fn record(event: ConsoleEvent) {
    let number = match event {
        ConsoleEvent::Interrupt => 1,
        ConsoleEvent::Break => 2,
        ConsoleEvent::Close => 3,
    };
    ARRIVED.store(number, Ordering::SeqCst);
    event::notify();
    if event == ConsoleEvent::Close {
        loop {
            std::thread::park();
        }
    }
}

/// Called when a child has ended.
pub(super) fn report_ended_child() {
    CHILD_ENDED.store(true, Ordering::SeqCst);
    event::notify();
}

/// Whether a child has ended since the last look.
pub(super) fn a_child_has_ended() -> bool {
    CHILD_ENDED.load(Ordering::SeqCst)
}
