//! Making things durable.

use std::os::fd::{AsFd, BorrowedFd};

use rustix::io::Errno;

use super::directory::Directory;
use crate::failure::Failure;

use crate::sys;

/// Syncs a file's content and metadata. Never retried: after an error the kernel marks the pages clean, and a second
/// call would succeed without having written anything.
pub(crate) fn file(descriptor: BorrowedFd<'_>) -> Result<(), Errno> {
    sys::fsync(descriptor)
}

/// Adds to a failure of [`file`] what helps where its file system knows no sync.
pub(crate) fn failed(failure: Failure) -> Failure {
    match failure.errno {
        Some(Errno::INVAL | Errno::NOTSUP | Errno::NOSYS) => failure.hint("--sync none leaves the sync out"),
        _ => failure,
    }
}

/// Syncs a directory's entries. Where the directory cannot be opened for reading, or its file system knows no sync of
/// directories, the whole file system is synced instead, by way of `inside` where that is open.
pub(crate) fn directory(directory: &Directory, inside: Option<impl AsFd>) -> Result<(), Errno> {
    if directory.readable() {
        match sys::fsync(directory.as_fd()) {
            Err(Errno::INVAL | Errno::NOTSUP | Errno::NOSYS) => {}
            done => return done,
        }
    }
    match inside {
        Some(inside) => sys::syncfs(inside.as_fd()),
        None => sys::syncfs(directory.as_fd()),
    }
}
