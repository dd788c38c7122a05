//! Files that are identified but not open. POSIX has no descriptor for that, so a handle remembers which file it was.

use std::ffi::OsString;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use rustix::fs::OFlags;
use rustix::path::Arg;

use super::stat::of_name;
use crate::platform::unix::directory::DirectoryHandle;
use crate::platform::unix::errors::{Errno, Result};
use crate::platform::unix::names::read_link_at;
use crate::platform::unix::open::{open, open_for_reading};
use crate::platform::unix::stat::Stat;

/// Opens a directory. A symbolic link in the last component is followed if `follow`. The flag that is returned tells
/// whether the directory is open for reading, which is the only way here.
pub(crate) fn open_directory(
    base: &DirectoryHandle,
    path: impl Arg + Copy,
    follow: bool,
) -> Result<(DirectoryHandle, bool)> {
    let flags = if follow { OFlags::DIRECTORY } else { OFlags::DIRECTORY | OFlags::NOFOLLOW };
    Ok((DirectoryHandle::new(open(base, path, flags | OFlags::RDONLY)?), true))
}

/// A file that is identified, but not open.
#[derive(Debug)]
pub(crate) struct FileHandle(Stat);

/// A handle for the file with this name, even a symbolic link, and its metadata.
pub(crate) fn open_path(directory: &DirectoryHandle, name: impl Arg + Copy) -> Result<(FileHandle, Stat)> {
    let stat = of_name(directory, name)?;
    Ok((FileHandle(stat), stat))
}

/// The metadata of the file of a handle as it is now. Fails with ESTALE if the name leads to another file.
pub(crate) fn stat_handle(handle: &FileHandle, directory: &DirectoryHandle, name: impl Arg + Copy) -> Result<Stat> {
    let now = of_name(directory, name)?;
    if now.is_same_file(&handle.0) { Ok(now) } else { Err(Errno::STALE) }
}

/// The text of the symbolic link of a handle. Fails with ESTALE if it is another link by now.
pub(crate) fn read_link(handle: &FileHandle, directory: &DirectoryHandle, name: impl Arg + Copy) -> Result<OsString> {
    let text = read_link_at(directory, name)?;
    let now = Stat::at(directory, name)?;
    if now.is_same_state(&handle.0) { Ok(text) } else { Err(Errno::STALE) }
}

/// Opens the file of a handle for reading, by its name. The caller must compare the files.
pub(crate) fn open_handle(_: &FileHandle, directory: &DirectoryHandle, name: impl Arg + Copy) -> Result<OwnedFd> {
    open_for_reading(directory, name)
}

/// An open file cannot be opened again by its descriptor here.
pub(crate) fn reopen_for_reading(_: impl AsFd) -> Result<OwnedFd> {
    Err(Errno::NOENT)
}

/// A descriptor has no path for other processes here.
pub(crate) fn path_for_others(_: impl AsFd) -> Option<PathBuf> {
    None
}

/// Whether a staged file will have a path for others: here it always has a name.
pub(crate) fn can_show_to_others() -> bool {
    true
}
