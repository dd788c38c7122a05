//! Which descriptors can be read, by select(2).
//!
//! poll(2) of macOS "currently does not support devices" (its manual page), such as a terminal, and kqueue(2) is no
//! better there. select(2) does, but has no room for a descriptor of 1024 or more. Such a descriptor was inherited, and
//! then poll(2) answers, which is right for files, pipes and sockets.

use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

use nix::sys::select::{FD_SETSIZE, FdSet, select};
use nix::sys::time::{TimeVal, TimeValLike};

use super::errors::{Result, from_nix};
use super::poll;

/// The longest time that select(2) accepts: three years.
const LONGEST: Duration = Duration::from_secs(100_000_000);

/// Waits until a descriptor can be read without blocking, or for the time. Tells for each whether it can. Not retried
/// after EINTR.
pub(super) fn ready(descriptors: &[BorrowedFd<'_>], time: Option<Duration>) -> Result<Vec<bool>> {
    let fits = |descriptor: &BorrowedFd<'_>| usize::try_from(descriptor.as_raw_fd()).is_ok_and(|fd| fd < FD_SETSIZE);
    if !descriptors.iter().all(fits) {
        return poll::ready(descriptors, time);
    }
    let mut set = FdSet::new();
    for descriptor in descriptors {
        set.insert(*descriptor);
    }
    let mut time = time.map(timeval);
    select(None, &mut set, None, None, time.as_mut()).map_err(from_nix)?;
    Ok(descriptors.iter().map(|descriptor| set.contains(*descriptor)).collect())
}

/// Rounded up, so that a deadline has certainly passed.
fn timeval(time: Duration) -> TimeVal {
    let micros = time.min(LONGEST).as_nanos().div_ceil(1000);
    TimeVal::microseconds(i64::try_from(micros).unwrap_or(i64::MAX))
}
