//! Which descriptors can be read, by poll(2).

use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::errors::Result;

/// Waits until a descriptor can be read without blocking, or for the time. Tells for each whether it can. Not retried
/// after EINTR.
pub(super) fn ready(descriptors: &[BorrowedFd<'_>], time: Option<Duration>) -> Result<Vec<bool>> {
    let mut polled: Vec<PollFd<'_>> = descriptors.iter().copied().map(for_reading).collect();
    poll(&mut polled, time.map(timespec).as_ref())?;
    Ok(polled.iter().map(|polled| !polled.revents().is_empty()).collect())
}

fn for_reading(descriptor: BorrowedFd<'_>) -> PollFd<'_> {
    PollFd::from_borrowed_fd(descriptor, PollFlags::IN)
}

fn timespec(duration: Duration) -> Timespec {
    Timespec { tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX), tv_nsec: duration.subsec_nanos().into() }
}
