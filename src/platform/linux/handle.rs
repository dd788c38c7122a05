//! Handles, which are descriptors opened with O_PATH, and how to read their files.

use std::ffi::OsString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{CWD, OFlags};
use rustix::path::Arg;

use super::proc::descriptor_path;
use super::stat::of_name;
use crate::platform::unix::directory::DirectoryHandle;
use crate::platform::unix::errors::{Errno, Result};
use crate::platform::unix::names::read_link_at;
use crate::platform::unix::open::open;
use crate::platform::unix::stat::Stat;

/// Opens a directory. A symbolic link in the last component is followed if `follow`. The flag that is returned tells
/// whether the directory is open for reading, so that it can be synced and locked: a directory with mode `-wx` accepts
/// new names but cannot be read.
pub(crate) fn open_directory(
    base: &DirectoryHandle,
    path: impl Arg + Copy,
    follow: bool,
) -> Result<(DirectoryHandle, bool)> {
    let flags = if follow { OFlags::DIRECTORY } else { OFlags::DIRECTORY | OFlags::NOFOLLOW };
    match open(base, path, flags | OFlags::RDONLY) {
        Ok(directory) => Ok((DirectoryHandle::new(directory), true)),
        Err(Errno::ACCESS) => Ok((DirectoryHandle::new(open(base, path, flags | OFlags::PATH)?), false)),
        Err(errno) => Err(errno),
    }
}

/// A file that is identified, but open neither for reading nor for writing.
#[derive(Debug)]
pub(crate) struct FileHandle(OwnedFd);

impl AsFd for FileHandle {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// A handle for the file with this name, even a symbolic link, and its metadata. Opening one is safe for every type of
/// file.
pub(crate) fn open_path(directory: &DirectoryHandle, name: impl Arg + Copy) -> Result<(FileHandle, Stat)> {
    let file = open(directory, name, OFlags::PATH | OFlags::NOFOLLOW)?;
    let stat = of_name(&file, Some(directory.as_fd()))?;
    Ok((FileHandle(file), stat))
}

/// The metadata of the file of a handle as it is now.
pub(crate) fn stat_handle(handle: &FileHandle, _: &DirectoryHandle, _: impl Arg + Copy) -> Result<Stat> {
    Stat::of(handle)
}

/// The text of the symbolic link of a handle.
pub(crate) fn read_link(handle: &FileHandle, _: &DirectoryHandle, _: impl Arg + Copy) -> Result<OsString> {
    read_link_at(handle, "")
}

/// Opens the file of a handle for reading, without an update of the access time where that is permitted. The path in
/// /proc certainly leads to this file, whatever became of its name. Without /proc the name is opened, and the caller
/// must compare the files.
pub(crate) fn open_handle(handle: &FileHandle, directory: &DirectoryHandle, name: impl Arg + Copy) -> Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK;
    let path = descriptor_path(handle);
    let once = |flags| match open(CWD, path.as_str(), flags) {
        Err(Errno::NOENT) => open(directory, name, flags | OFlags::NOFOLLOW),
        opened => opened,
    };
    once(flags | OFlags::NOATIME).or_else(|errno| match errno {
        Errno::PERM => once(flags),
        errno => Err(errno),
    })
}

/// Opens an open file again for reading, with a new open file description. Fails with ENOENT without /proc.
pub(crate) fn reopen_for_reading(file: impl AsFd) -> Result<OwnedFd> {
    open(CWD, descriptor_path(file).as_str(), OFlags::RDONLY)
}
