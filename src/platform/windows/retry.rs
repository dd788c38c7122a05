//! Limits for loops that try again.

use super::errors::{Errno, Result};

/// Counts the attempts of a retry loop, so that a file system that always returns the same error ends it.
#[derive(Debug, Default)]
pub(crate) struct Retries(u32);

impl Retries {
    const MAX: u32 = 1000;

    /// Permits another attempt or, after too many, returns the last error.
    pub(crate) fn retry(&mut self, errno: Errno) -> Result<()> {
        self.0 += 1;
        if self.0 < Self::MAX { Ok(()) } else { Err(errno) }
    }
}
