//! Waiting for several events at once.

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::errors::{Errno, Result};
use super::retry::Retries;
use crate::platform::system::signals::Signals;

/// Why [`wait`] returned.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Woken<const N: usize> {
    /// For each event, whether it has occurred. All are false if only a signal has arrived.
    Ready([bool; N]),
    Deadline,
}

/// What [`wait`] waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event<'a> {
    /// The descriptor can be read without blocking: it has data, is at its end, or in error.
    Readable(BorrowedFd<'a>),
    /// A child has ended. [`Signals::watch_children`] must have been called.
    ChildEnded,
}

/// Waits for one of `events`, until a watched signal arrives, or until the deadline. An event that is `None` never
/// occurs.
pub(crate) fn wait<const N: usize>(
    events: [Option<Event<'_>>; N],
    signals: Option<&Signals>,
    deadline: Option<Instant>,
) -> Result<Woken<N>> {
    let descriptor = |event| match event {
        Event::Readable(descriptor) => Some(descriptor),
        Event::ChildEnded => signals.and_then(Signals::children),
    };
    let descriptors = events.map(|event| event.and_then(descriptor));
    let watched: Vec<BorrowedFd<'_>> = signals.into_iter().flat_map(Signals::descriptors).collect();
    let mut retries = Retries::default();
    loop {
        let mut polled: Vec<PollFd<'_>> =
            descriptors.iter().flatten().copied().chain(watched.iter().copied()).map(for_reading).collect();
        let left = deadline.map(|deadline| timespec(deadline.saturating_duration_since(Instant::now())));
        match poll(&mut polled, left.as_ref()) {
            Ok(0) => return Ok(Woken::Deadline),
            Ok(_) => {
                let mut answers = polled.iter().map(|polled| !polled.revents().is_empty());
                let ready = descriptors.map(|descriptor| descriptor.is_some() && answers.next().unwrap_or(false));
                return Ok(Woken::Ready(ready));
            }
            Err(Errno::INTR) => retries.retry(Errno::INTR)?,
            Err(errno) => return Err(errno),
        }
    }
}

fn for_reading(descriptor: BorrowedFd<'_>) -> PollFd<'_> {
    PollFd::from_borrowed_fd(descriptor, PollFlags::IN)
}

fn timespec(duration: Duration) -> Timespec {
    Timespec { tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX), tv_nsec: duration.subsec_nanos().into() }
}
