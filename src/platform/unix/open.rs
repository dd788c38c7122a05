//! Opening files. No child inherits what is opened here, no link in the last component is followed unless it is said, and
//! no open waits for the other side of a FIFO or makes a terminal ours.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags};
use rustix::path::Arg;

use super::errors::Result;
use super::retry::retry_on_intr;

const HARMLESS: OFlags = OFlags::NONBLOCK.union(OFlags::NOCTTY);

pub(crate) fn openat(directory: impl AsFd, path: impl Arg + Copy, flags: OFlags, mode: Mode) -> Result<OwnedFd> {
    retry_on_intr(|| rustix::fs::openat(&directory, path, flags | OFlags::CLOEXEC, mode))
}

/// Opens what exists.
pub(crate) fn open(directory: impl AsFd, path: impl Arg + Copy, flags: OFlags) -> Result<OwnedFd> {
    openat(directory, path, flags, Mode::empty())
}

/// Opens the file that a user names, for reading; links are followed. A FIFO without a writer is no error: a wait finds
/// out.
pub(crate) fn open_source(path: &Path) -> Result<OwnedFd> {
    open(CWD, path, OFlags::RDONLY | HARMLESS)
}

/// Opens the file `name` in `directory` for reading.
pub(crate) fn open_for_reading(directory: impl AsFd, name: impl Arg + Copy) -> Result<OwnedFd> {
    open(directory, name, OFlags::RDONLY | OFlags::NOFOLLOW | HARMLESS)
}

/// Opens the file `name` in `directory` for writing, as it is: not truncated.
pub(crate) fn open_for_writing(directory: impl AsFd, name: impl Arg + Copy) -> Result<OwnedFd> {
    open(directory, name, OFlags::WRONLY | OFlags::NOFOLLOW | HARMLESS)
}

/// Creates the file `name` in `directory`, for writing and reading. Fails with EEXIST if the name is taken, by a link as
/// well.
pub(crate) fn create_new(directory: impl AsFd, name: impl Arg + Copy, mode: u32) -> Result<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
    openat(directory, name, flags, Mode::from_raw_mode(mode))
}

/// The working directory, to open relative to.
pub(crate) fn working_directory() -> BorrowedFd<'static> {
    CWD
}
