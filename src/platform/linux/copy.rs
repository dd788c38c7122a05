//! What the kernel does to move bytes: shared blocks, copies within it, holes, room, writing back.

use std::num::NonZeroU64;
use std::os::fd::AsFd;

use rustix::fs::{Advice, FallocateFlags, SeekFrom};

use crate::platform::unix::errors::{Errno, Result};
use crate::platform::unix::retry::{retry_on_intr, transfer};

/// Makes `to` share all blocks of `from`.
pub(crate) fn reflink(from: impl AsFd, to: impl AsFd) -> Result<()> {
    retry_on_intr(|| rustix::fs::ioctl_ficlone(&to, &from))
}

/// Copies up to `length` bytes between two offsets. 0 is the end of `from`, or the answer of a kernel that cannot.
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

/// The next stretch of data at or after `offset`, which may reach beyond the end of the file; `None` where only a hole is
/// left.
pub(crate) fn next_data(file: impl AsFd, offset: u64) -> Result<Option<std::ops::Range<u64>>> {
    let seek = |to| retry_on_intr(|| rustix::fs::seek(&file, to));
    match seek(SeekFrom::Data(offset)) {
        Ok(start) => Ok(Some(start..seek(SeekFrom::Hole(start))?)),
        Err(Errno::NXIO) => Ok(None),
        // A file system that does not tell: all is data.
        Err(Errno::INVAL | Errno::NOTSUP) => Ok(Some(offset..u64::MAX)),
        Err(errno) => Err(errno),
    }
}

/// Asks for a larger pipe. Not a pipe, or over the limit: it stays as it is.
pub(crate) fn enlarge_pipe(pipe: impl AsFd, size: usize) {
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, size);
}

/// Reserves room, without a change of the size. That the file system cannot is no error; that there is no room is.
pub(crate) fn reserve(file: impl AsFd, offset: u64, length: u64) -> Result<()> {
    match retry_on_intr(|| rustix::fs::fallocate(&file, FallocateFlags::KEEP_SIZE, offset, length)) {
        Err(errno @ (Errno::NOSPC | Errno::DQUOT | Errno::FBIG | Errno::IO)) => Err(errno),
        _ => Ok(()),
    }
}

/// Begins to write the range back, and does not wait. The advice also drops what is clean, which pages just written are
/// not: they stay cached for those who will read the file.
pub(crate) fn start_writeback(file: impl AsFd, offset: u64, length: u64) {
    let _ = rustix::fs::fadvise(file, offset, NonZeroU64::new(length), Advice::DontNeed);
}
