//! Waiting for several events at once.

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::errors::{Errno, Result};
use super::retry::Retries;
use crate::platform::linux::signals::Signals;

/// Why [`wait`] returned.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Woken<const N: usize> {
    /// For each descriptor, whether it can be read without blocking. All are false if only a signal has arrived.
    Ready([bool; N]),
    Deadline,
}

/// Waits until one of `descriptors` is readable, at its end or in error, until a watched signal arrives, or until the
/// deadline. A descriptor that is `None` is never ready.
pub(crate) fn wait<const N: usize>(
    descriptors: [Option<BorrowedFd<'_>>; N],
    signals: Option<&Signals>,
    deadline: Option<Instant>,
) -> Result<Woken<N>> {
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
