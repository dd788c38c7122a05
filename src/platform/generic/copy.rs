//! Moving bytes within the kernel: of this, POSIX provides only the search for holes.

use std::os::fd::AsFd;

use rustix::fs::SeekFrom;

use crate::platform::unix::errors::{Errno, Result};
use crate::platform::unix::retry::retry_on_intr;

/// No blocks are shared here.
pub(crate) fn reflink(_: impl AsFd, _: impl AsFd) -> Result<()> {
    Err(Errno::NOTSUP)
}

/// No bytes are copied within the kernel here.
pub(crate) fn copy_range(_: impl AsFd, _: u64, _: impl AsFd, _: u64, _: usize) -> Result<usize> {
    Err(Errno::NOSYS)
}

/// The next range of data at or after `offset`, which may extend beyond the end of the file; `None` if only a hole
/// remains.
pub(crate) fn next_data(file: impl AsFd, offset: u64) -> Result<Option<std::ops::Range<u64>>> {
    let seek = |to| retry_on_intr(|| rustix::fs::seek(&file, to));
    match seek(SeekFrom::Data(offset)) {
        Ok(start) => Ok(Some(start..seek(SeekFrom::Hole(start))?)),
        Err(Errno::NXIO) => Ok(None),
        // A file system that does not report holes: everything is data.
        Err(Errno::INVAL | Errno::NOTSUP | Errno::NOTTY) => Ok(Some(offset..u64::MAX)),
        Err(errno) => Err(errno),
    }
}

/// The capacity of a pipe is fixed here.
pub(crate) fn enlarge_pipe(_: impl AsFd, _: usize) {}

/// Nothing is reserved here, so a full disk is found by the write.
pub(crate) fn reserve(_: impl AsFd, _: u64, _: u64) -> Result<()> {
    Ok(())
}

/// Writeback cannot be started early here; the sync does it all.
pub(crate) fn start_writeback(_: impl AsFd, _: u64, _: u64) {}
