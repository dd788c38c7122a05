//! The wait for a lock: its limit, what is told of it, and when it would be in vain.

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::callers::{Callers, Identity};
use super::run::Run;
use crate::error::{Error, ErrorExt, Result, failed, refused_by_guard};

pub(super) const STEP: &str = "lock";
/// What is locked, in messages.
pub(super) const TARGET: &str = "TARGET";
/// How long the wait for another writer is silent.
const NOTICE: Duration = Duration::from_secs(2);

pub(super) struct Deadline {
    pub(super) at: Instant,
    seconds: f64,
}

impl Deadline {
    /// `None`, which is no time limit, if the clock cannot represent the time.
    fn after(seconds: f64) -> Option<Deadline> {
        let duration = Duration::try_from_secs_f64(seconds).ok()?;
        Instant::now().checked_add(duration).map(|at| Deadline { at, seconds })
    }
}

/// The wait for another writer: its limit, the callers that would never end it, and whom to tell that it lasts.
pub(super) struct Waiting<'a> {
    pub(super) deadline: Option<Deadline>,
    pub(super) callers: Callers,
    pub(super) run: Run<'a>,
    /// When a note says that the wait lasts; `None` once it has.
    notice: Cell<Option<Instant>>,
}

impl<'a> Waiting<'a> {
    pub(super) fn new(timeout: Option<f64>, run: Run<'a>) -> Self {
        let notice = Cell::new(Instant::now().checked_add(NOTICE));
        Waiting { deadline: timeout.and_then(Deadline::after), callers: Callers::from_environment(), run, notice }
    }

    /// When there is something to do, if the lock is not had before.
    pub(super) fn next(&self) -> Option<Instant> {
        let deadline = self.deadline.as_ref().map(|deadline| deadline.at);
        self.notice.get().into_iter().chain(deadline).min()
    }

    /// Fails if the lock is held by a run that waits for this one.
    pub(super) fn begin(&self, held: &Identity, what: &'static str) -> Result<()> {
        if !self.callers.hold(held) {
            // The wait may be long.
            self.run.signals.watch_requests();
            return Ok(());
        }
        let reason = format!("{what} is locked by the atomic-write that runs this command, which would wait for ever");
        Err(failed(STEP, reason).hint(if what == TARGET {
            "print the content, which the outer one writes"
        } else {
            "without --lock, --no-lock leaves the lock out"
        }))
    }

    /// Fails if the time is over. Tells once that the wait lasts.
    pub(super) fn check(&self) -> Result<()> {
        let now = Instant::now();
        if self.deadline.as_ref().is_some_and(|deadline| deadline.at <= now) {
            return Err(self.timed_out());
        }
        if self.notice.get().is_some_and(|notice| notice <= now) {
            self.notice.set(None);
            (self.run.note)("waiting: another writer holds the lock");
        }
        Ok(())
    }

    pub(super) fn timed_out(&self) -> Error {
        let seconds = self.deadline.as_ref().map_or(0.0, |deadline| deadline.seconds);
        refused_by_guard(STEP, format_args!("another writer holds the lock (waited {seconds} s)"))
    }
}
