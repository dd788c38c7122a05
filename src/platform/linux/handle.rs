//! Handles: open files that are neither read nor written, and how to read what they hold.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use rustix::fs::{Access, CWD, OFlags};
use rustix::path::Arg;

use super::proc::descriptor_path;
use crate::platform::unix::errors::{Errno, Result};
use crate::platform::unix::open::open;

/// Opens a directory; a symbolic link in the last component is followed if `follow`. The flag says whether it is open for
/// reading, so that it can be synced and locked: a `-wx` directory takes new names and cannot be read.
pub(crate) fn open_directory(base: impl AsFd, path: impl Arg + Copy, follow: bool) -> Result<(OwnedFd, bool)> {
    let flags = if follow { OFlags::DIRECTORY } else { OFlags::DIRECTORY | OFlags::NOFOLLOW };
    match open(&base, path, flags | OFlags::RDONLY) {
        Ok(directory) => Ok((directory, true)),
        Err(Errno::ACCESS) => Ok((open(&base, path, flags | OFlags::PATH)?, false)),
        Err(errno) => Err(errno),
    }
}

/// A handle for whatever has the name, a symbolic link included. It can neither read nor write the file, so that opening
/// it is safe whatever it is.
pub(crate) fn open_path(directory: impl AsFd, name: impl Arg + Copy) -> Result<OwnedFd> {
    open(directory, name, OFlags::PATH | OFlags::NOFOLLOW)
}

/// Opens the file of a handle for reading, without a new access time where that is permitted. Through /proc it is certainly
/// this file and not what the name has become; without /proc the name is opened, and the caller must compare.
pub(crate) fn open_handle(handle: impl AsFd, directory: impl AsFd, name: impl Arg + Copy) -> Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK;
    let path = descriptor_path(handle);
    let once = |flags| match open(CWD, path.as_str(), flags) {
        Err(Errno::NOENT) => open(&directory, name, flags | OFlags::NOFOLLOW),
        opened => opened,
    };
    once(flags | OFlags::NOATIME).or_else(|errno| match errno {
        Errno::PERM => once(flags),
        errno => Err(errno),
    })
}

/// Another description of an open file, for reading. ENOENT without /proc.
pub(crate) fn reopen_for_reading(file: impl AsFd) -> Result<OwnedFd> {
    open(CWD, descriptor_path(file).as_str(), OFlags::RDONLY)
}

/// A path by which other processes of the same user find the open file, as long as it is open here.
pub(crate) fn path_for_others(file: impl AsFd) -> String {
    // /proc/self would be the process that opens it.
    format!("/proc/{}/fd/{}", std::process::id(), file.as_fd().as_raw_fd())
}

/// Whether [`path_for_others`] leads anywhere: not where /proc is not mounted.
pub(crate) fn has_path_for_others() -> bool {
    rustix::fs::access("/proc/self/fd", Access::EXEC_OK).is_ok()
}
