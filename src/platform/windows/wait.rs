//! Waiting for several events at once.

use std::time::Instant;

use super::descriptor::BorrowedFd;
use super::errors::Result;
use super::event;
use super::relay::Relay;
use super::signals::{Signals, a_child_has_ended};
use super::stat::is_on_disk;

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
    /// The file can be read without blocking: it has data, is at its end, or in error.
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
    for event in events.iter().flatten() {
        if let Event::Readable(file) = event {
            read_ahead(file)?;
        }
    }
    loop {
        let seen = event::count();
        let ready = events.map(|event| event.is_some_and(has_occurred));
        if ready.contains(&true) || signals.is_some_and(Signals::has_arrived) {
            return Ok(Woken::Ready(ready));
        }
        if !event::wait_since(seen, deadline) {
            return Ok(Woken::Deadline);
        }
    }
}

fn has_occurred(event: Event<'_>) -> bool {
    match event {
        // What is not read ahead is a file on a disk, which never blocks.
        Event::Readable(file) => file.relay.get().is_none_or(Relay::is_ready),
        Event::ChildEnded => a_child_has_ended(),
    }
}

/// Starts to read a pipe or a console ahead.
fn read_ahead(file: BorrowedFd<'_>) -> Result<()> {
    if file.relay.get().is_none() && !is_on_disk(file) {
        let _ = file.relay.set(Relay::start(file)?);
    }
    Ok(())
}
