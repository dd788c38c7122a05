//! Making things durable.

use std::os::fd::BorrowedFd;

use rustix::io::Errno;

use super::names::Directory;

/// Syncs a file's content and metadata. Never retried: after an error the kernel marks the pages clean, and a second
/// call would succeed without having written anything.
pub(crate) fn file(descriptor: BorrowedFd<'_>) -> Result<(), Errno> {
    uninterrupted(|| rustix::fs::fsync(descriptor))
}

/// Syncs a directory's entries. Where the directory cannot be opened for reading, or its file system knows no sync of
/// directories, the whole file system of `inside` is synced instead.
pub(crate) fn directory(directory: &Directory, inside: BorrowedFd<'_>) -> Result<(), Errno> {
    if directory.readable() {
        match uninterrupted(|| rustix::fs::fsync(directory)) {
            Err(Errno::INVAL | Errno::NOTSUP) => {}
            done => return done,
        }
    }
    uninterrupted(|| rustix::fs::syncfs(inside))
}

/// EINTR says that nothing was done yet, unlike every other error.
fn uninterrupted(mut call: impl FnMut() -> Result<(), Errno>) -> Result<(), Errno> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            done => return done,
        }
    }
}
