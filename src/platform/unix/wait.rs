//! Waiting for several events at once.

use std::os::fd::BorrowedFd;
use std::time::Instant;

use super::errors::{Errno, Result};
#[cfg(not(target_os = "macos"))]
use super::poll::ready;
use super::retry::Retries;
#[cfg(target_os = "macos")]
use super::select::ready;
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
    let watched = signals.into_iter().flat_map(Signals::descriptors);
    let all: Vec<BorrowedFd<'_>> = descriptors.iter().flatten().copied().chain(watched).collect();
    let mut retries = Retries::default();
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        match ready(&all, left) {
            Ok(answers) if !answers.contains(&true) => return Ok(Woken::Deadline),
            Ok(answers) => {
                let mut answers = answers.into_iter();
                let ready = descriptors.map(|descriptor| descriptor.is_some() && answers.next().unwrap_or(false));
                return Ok(Woken::Ready(ready));
            }
            Err(Errno::INTR) => retries.retry(Errno::INTR)?,
            Err(errno) => return Err(errno),
        }
    }
}
