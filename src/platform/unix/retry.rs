//! Retrying interrupted system calls.
//!
//! Most calls on local file systems never fail with EINTR; on FUSE and NFS they may. EINTR means that nothing was done
//! or, on a network, that the result is unknown. Links and renames are therefore verified after any error
//! (`Directory::verify_after_error`). Calls that transfer bytes have loops of their own, because they can also be
//! short. [`Retries`] limits every loop.

use super::errors::{Errno, Result};

/// Counts the attempts of a retry loop. A file system or seccomp filter that always returns the same error must not
/// keep the program in the loop forever.
#[derive(Debug, Default)]
pub(crate) struct Retries(u32);

impl Retries {
    /// More retries in a row than signals or other readers of the same pipe cause, yet quickly done.
    const MAX: u32 = 1000;

    /// Permits another attempt or, after too many, returns the last error.
    pub(crate) fn retry(&mut self, errno: Errno) -> Result<()> {
        self.0 += 1;
        if self.0 < Self::MAX { Ok(()) } else { Err(errno) }
    }
}

/// Retries the call after EINTR.
pub(crate) fn retry_on_intr<T>(mut call: impl FnMut() -> Result<T>) -> Result<T> {
    let mut retries = Retries::default();
    loop {
        match call() {
            Err(Errno::INTR) => retries.retry(Errno::INTR)?,
            done => return done,
        }
    }
}

/// Retries a read or write after EINTR, and after EAGAIN, which occurs if another process sets `O_NONBLOCK` on the open
/// file description.
pub(crate) fn transfer(mut call: impl FnMut() -> Result<usize>) -> Result<usize> {
    let mut retries = Retries::default();
    loop {
        match call() {
            Err(errno @ (Errno::INTR | Errno::AGAIN)) => retries.retry(errno)?,
            done => return done,
        }
    }
}
