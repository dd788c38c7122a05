//! Moving bytes within the kernel: shared blocks, copies, holes, reservations, writeback.

use std::num::NonZeroU64;
use std::os::fd::AsFd;

use rustix::fs::{Advice, FallocateFlags, SeekFrom};

use crate::platform::refusals::is_full;
use crate::platform::unix::errors::{Errno, Result};
use crate::platform::unix::retry::{retry_on_intr, transfer};

/// Makes `to` share all blocks of `from`.
pub(crate) fn reflink(from: impl AsFd, to: impl AsFd) -> Result<()> {
    retry_on_intr(|| rustix::fs::ioctl_ficlone(&to, &from))
}

/// Copies up to `length` bytes between two offsets. 0 is the end of `from`, but some kernels also return it if they
/// cannot copy.
pub(crate) fn copy_range(
    from: impl AsFd,
    from_offset: u64,
    to: impl AsFd,
    to_offset: u64,
    length: usize,
) -> Result<usize> {
    transfer(|| {
        let (mut from_offset, mut to_offset) = (from_offset, to_offset);
        rustix::fs::copy_file_range(&from, Some(&mut from_offset), &to, Some(&mut to_offset), length)
    })
}

/// The next range of data at or after `offset`, which may extend beyond the end of the file; `None` if only a hole
/// remains.
pub(crate) fn next_data(file: impl AsFd, offset: u64) -> Result<Option<std::ops::Range<u64>>> {
    let seek = |to| retry_on_intr(|| rustix::fs::seek(&file, to));
    match seek(SeekFrom::Data(offset)) {
        Ok(start) => Ok(Some(start..seek(SeekFrom::Hole(start))?)),
        Err(Errno::NXIO) => Ok(None),
        // A file system that does not report holes: everything is data.
        Err(Errno::INVAL | Errno::NOTSUP) => Ok(Some(offset..u64::MAX)),
        Err(errno) => Err(errno),
    }
}

/// Requests a larger pipe. If it is not a pipe or the limit is reached, nothing changes.
pub(crate) fn enlarge_pipe(pipe: impl AsFd, size: usize) {
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, size);
}

/// Reserves space without changing the size. It is no error if the file system cannot, but it is one if the disk is
/// full.
pub(crate) fn reserve(file: impl AsFd, offset: u64, length: u64) -> Result<()> {
    match retry_on_intr(|| rustix::fs::fallocate(&file, FallocateFlags::KEEP_SIZE, offset, length)) {
        Err(errno) if is_full(errno) || errno == Errno::IO => Err(errno),
        _ => Ok(()),
    }
}

/// Starts writeback of the range without waiting for it. The advice also drops clean pages from the cache, but pages
/// just written are dirty and stay cached for later readers.
pub(crate) fn start_writeback(file: impl AsFd, offset: u64, length: u64) {
    let _ = rustix::fs::fadvise(file, offset, NonZeroU64::new(length), Advice::DontNeed);
}
