//! Moving bytes within the system, of which the standard library offers nothing.

use super::descriptor::AsFd;
use super::errors::{Errno, Result};

/// No blocks are shared here.
pub(crate) fn reflink(_: impl AsFd, _: impl AsFd) -> Result<()> {
    Err(Errno::NOTSUP)
}

/// No bytes are copied within the system here.
pub(crate) fn copy_range(_: impl AsFd, _: u64, _: impl AsFd, _: u64, _: usize) -> Result<usize> {
    Err(Errno::NOSYS)
}

/// Everything is data: a sparse file must be declared as one, and the copy is none.
pub(crate) fn next_data(_: impl AsFd, offset: u64) -> Result<Option<std::ops::Range<u64>>> {
    Ok(Some(offset..u64::MAX))
}

/// The capacity of a pipe is fixed here.
pub(crate) fn enlarge_pipe(_: impl AsFd, _: usize) {}

/// Nothing is reserved here, so a full disk is found by the write.
pub(crate) fn reserve(_: impl AsFd, _: u64, _: u64) -> Result<()> {
    Ok(())
}

/// Writeback cannot be started early here; the sync does it all.
pub(crate) fn start_writeback(_: impl AsFd, _: u64, _: u64) {}
