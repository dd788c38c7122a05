//! Opening files. Every descriptor is close-on-exec. A symbolic link in the last component is not followed unless a
//! function says so. No open waits for the other end of a FIFO or acquires a controlling terminal.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, RawMode};
use rustix::path::Arg;

use super::directory::DirectoryHandle;
use super::errors::Result;
use super::retry::retry_on_intr;

const NONBLOCK_NOCTTY: OFlags = OFlags::NONBLOCK.union(OFlags::NOCTTY);

pub(crate) fn openat(directory: impl AsFd, path: impl Arg + Copy, flags: OFlags, mode: Mode) -> Result<OwnedFd> {
    retry_on_intr(|| rustix::fs::openat(&directory, path, flags | OFlags::CLOEXEC, mode))
}

/// Opens an existing file.
pub(crate) fn open(directory: impl AsFd, path: impl Arg + Copy, flags: OFlags) -> Result<OwnedFd> {
    openat(directory, path, flags, Mode::empty())
}

/// Opens the file that the user named, for reading, and follows symbolic links. Opening a FIFO without a writer
/// succeeds; the caller waits for the writer.
pub(crate) fn open_source(path: &Path) -> Result<OwnedFd> {
    open(CWD, path, OFlags::RDONLY | NONBLOCK_NOCTTY)
}

/// Opens the file `name` in `directory` for reading.
pub(crate) fn open_for_reading(directory: &DirectoryHandle, name: impl Arg + Copy) -> Result<OwnedFd> {
    open(directory, name, OFlags::RDONLY | OFlags::NOFOLLOW | NONBLOCK_NOCTTY)
}

/// Opens a staged file again: for reading, and so that its metadata can be set, which every descriptor permits here.
pub(crate) fn open_staged(directory: &DirectoryHandle, name: impl Arg + Copy) -> Result<OwnedFd> {
    open_for_reading(directory, name)
}

/// Opens a file that another program has written, for what [`open_staged`] permits and for a sync.
pub(crate) fn open_written(directory: &DirectoryHandle, name: impl Arg + Copy) -> Result<OwnedFd> {
    // Not for writing: nobody could execute the file meanwhile.
    open_for_reading(directory, name)
}

/// Opens the file `name` in `directory` for writing, without truncating it.
pub(crate) fn open_for_writing(directory: &DirectoryHandle, name: impl Arg + Copy) -> Result<OwnedFd> {
    open(directory, name, OFlags::WRONLY | OFlags::NOFOLLOW | NONBLOCK_NOCTTY)
}

/// Creates the file `name` in `directory`, for writing and reading. Fails with EEXIST if the name exists, even as a
/// symbolic link.
pub(crate) fn create_new(directory: &DirectoryHandle, name: impl Arg + Copy, mode: u32) -> Result<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
    #[allow(clippy::cast_possible_truncation, clippy::unnecessary_cast)] // No bit is lost: 0o7777 fits everywhere.
    let mode = Mode::from_raw_mode(mode as RawMode);
    openat(directory, name, flags, mode)
}
