//! The bytes of files and pipes.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::buffer::spare_capacity;
use rustix::fs::{OFlags, SeekFrom};

use super::errors::{Errno, Result, from_io, from_nix};
use super::retry::{retry_on_intr, transfer};

/// One read, appended to `buffer` up to its capacity. Not retried after EINTR.
pub(crate) fn read_once(file: impl AsFd, buffer: &mut Vec<u8>) -> Result<usize> {
    rustix::io::read(&file, spare_capacity(buffer))
}

/// One read at `offset`, appended to `buffer` up to its capacity. 0 is the end of the file.
pub(crate) fn read_at(file: impl AsFd, buffer: &mut Vec<u8>, offset: u64) -> Result<usize> {
    transfer(|| rustix::io::pread(&file, spare_capacity(buffer), offset))
}

/// One read at `offset` into `buffer`. 0 is the end of the file.
pub(crate) fn read_at_into(file: impl AsFd, buffer: &mut [u8], offset: u64) -> Result<usize> {
    transfer(|| rustix::io::pread(&file, &mut *buffer, offset))
}

/// One write at `offset`.
pub(crate) fn write_at(file: impl AsFd, bytes: &[u8], offset: u64) -> Result<usize> {
    transfer(|| rustix::io::pwrite(&file, bytes, offset))
}

/// Writes all of `bytes`, for messages. The standard library would retry after EINTR without limit.
pub(crate) fn write_all(file: impl AsFd, mut bytes: &[u8]) -> Result<()> {
    while !bytes.is_empty() {
        match transfer(|| rustix::io::write(&file, bytes))? {
            0 => return Err(Errno::IO),
            count => bytes = bytes.get(count..).unwrap_or_default(),
        }
    }
    Ok(())
}

/// The file offset, in bytes.
pub(crate) fn offset(file: impl AsFd) -> Result<u64> {
    retry_on_intr(|| rustix::fs::seek(&file, SeekFrom::Current(0)))
}

/// Sets the file offset, in bytes.
pub(crate) fn seek(file: impl AsFd, offset: u64) -> Result<()> {
    retry_on_intr(|| rustix::fs::seek(&file, SeekFrom::Start(offset)).map(drop))
}

/// Sets the size, in bytes.
pub(crate) fn set_size(file: impl AsFd, size: u64) -> Result<()> {
    retry_on_intr(|| rustix::fs::ftruncate(&file, size))
}

/// A close-on-exec pipe: read end and write end.
pub(crate) fn pipe() -> Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = std::io::pipe().map_err(|error| from_io(&error))?;
    Ok((reader.into(), writer.into()))
}

/// Replaces standard input by the read end of an empty pipe, so that no later open reuses descriptor 0.
pub(crate) fn close_stdin() {
    if let Ok((empty, _)) = pipe() {
        let _ = rustix::stdio::dup2_stdin(empty);
    }
}

pub(crate) fn stdin() -> BorrowedFd<'static> {
    rustix::stdio::stdin()
}

/// Whether the descriptor cannot be read.
pub(crate) fn is_write_only(file: impl AsFd) -> Result<bool> {
    Ok(rustix::fs::fcntl_getfl(file)? & OFlags::RWMODE == OFlags::WRONLY)
}

/// Closes the file. Network file systems report a full disk here, and without a sync only here.
pub(crate) fn close(file: OwnedFd) -> Result<()> {
    match nix::unistd::close(file) {
        // After EINTR the descriptor is closed as well.
        Ok(()) | Err(nix::errno::Errno::EINTR) => Ok(()),
        Err(errno) => Err(from_nix(errno)),
    }
}
