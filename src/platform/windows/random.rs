//! Random bytes.

use super::errors::{Errno, Result};

/// From the system's generator.
pub(crate) fn random_bytes(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).map_err(|error| {
        error.raw_os_error().and_then(|code| u32::try_from(code).ok()).map_or(Errno::IO, Errno::from_code)
    })
}
