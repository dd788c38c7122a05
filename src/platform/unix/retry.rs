//! System calls that are made again when a signal interrupts them.
//!
//! Local file systems do not say EINTR for most calls; FUSE and NFS may. It means that nothing was done or, on a network,
//! that nothing is known: links and renames are verified after any error (`Directory::verify_after_error`). Calls that
//! move bytes have loops of their own, as they may also be short. Every loop ends: [`Retries`] counts.

use super::errors::{Errno, Result};

/// Counts the attempts of a loop that makes a call again. A file system or a filter that gives the same answer for ever
/// must not keep the program for ever.
#[derive(Debug, Default)]
pub(crate) struct Retries(u32);

impl Retries {
    /// More in a row than signals or other readers of one pipe bring about, and soon over.
    const MOST: u32 = 1000;

    /// Once more, or, after too many attempts, the error of the last one.
    pub(crate) fn again(&mut self, errno: Errno) -> Result<()> {
        self.0 += 1;
        if self.0 < Self::MOST { Ok(()) } else { Err(errno) }
    }
}

/// Makes the call again after EINTR.
pub(crate) fn retry_on_intr<T>(mut call: impl FnMut() -> Result<T>) -> Result<T> {
    let mut retries = Retries::default();
    loop {
        match call() {
            Err(Errno::INTR) => retries.again(Errno::INTR)?,
            done => return done,
        }
    }
}

/// One read or write at an offset. Somebody may have set `O_NONBLOCK` on the description, or a signal may interrupt it.
pub(crate) fn transfer(mut call: impl FnMut() -> Result<usize>) -> Result<usize> {
    let mut retries = Retries::default();
    loop {
        match call() {
            Err(errno @ (Errno::INTR | Errno::AGAIN)) => retries.again(errno)?,
            done => return done,
        }
    }
}
