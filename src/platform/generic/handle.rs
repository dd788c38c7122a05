//! Files that are identified. POSIX has no descriptor for that alone, so a handle is open for reading, or remembers which
//! file it was.

use std::ffi::OsString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::OFlags;
use rustix::path::Arg;

use super::stat::of_name;
use crate::platform::unix::directory::DirectoryHandle;
use crate::platform::unix::errors::{Errno, Result};
use crate::platform::unix::names::read_link_at;
use crate::platform::unix::open::{open, open_for_reading};
use crate::platform::unix::stat::{FileType, Stat};

/// How to open a directory that may be searched, but not read. POSIX has `O_SEARCH`; not every system does.
const SEARCH: Option<OFlags> = if cfg!(target_os = "macos") {
    Some(OFlags::from_bits_retain(0x4010_0000))
} else if cfg!(target_os = "freebsd") {
    Some(OFlags::from_bits_retain(0x0004_0000))
} else if cfg!(target_os = "netbsd") {
    Some(OFlags::from_bits_retain(0x0080_0000))
} else if cfg!(target_os = "illumos") {
    Some(OFlags::from_bits_retain(0x0020_0000))
} else {
    None
};

/// Opens a directory. A symbolic link in the last component is followed if `follow`. The flag that is returned tells
/// whether the directory is open for reading, so that it can be synced and locked: a directory with mode `-wx` accepts
/// new names but cannot be read.
pub(crate) fn open_directory(
    base: &DirectoryHandle,
    path: impl Arg + Copy,
    follow: bool,
) -> Result<(DirectoryHandle, bool)> {
    let flags = if follow { OFlags::DIRECTORY } else { OFlags::DIRECTORY | OFlags::NOFOLLOW };
    match (open(base, path, flags | OFlags::RDONLY), SEARCH) {
        (Ok(directory), _) => Ok((DirectoryHandle::new(directory), true)),
        (Err(Errno::ACCESS), Some(search)) => Ok((DirectoryHandle::new(open(base, path, flags | search)?), false)),
        (Err(errno), _) => Err(errno),
    }
}

/// A file that is identified. It is open for reading if that is permitted, so that its metadata can be read whatever
/// becomes of its name, and no other file can get its inode number.
#[derive(Debug)]
pub(crate) struct FileHandle {
    open: Option<OwnedFd>,
    /// As it was at the lookup.
    stat: Stat,
}

impl FileHandle {
    /// The open file. `None` if it may not be read.
    #[cfg_attr(not(any(target_os = "macos", target_os = "freebsd")), allow(dead_code))] // POSIX has no use for it.
    pub(in crate::platform) fn file(&self) -> Option<BorrowedFd<'_>> {
        self.open.as_ref().map(AsFd::as_fd)
    }
}

/// A handle for the file with this name, even a symbolic link, and its metadata. Only a regular file is opened. Fails
/// with ESTALE if another file gets the name at this moment.
pub(crate) fn open_path(directory: &DirectoryHandle, name: impl Arg + Copy) -> Result<(FileHandle, Stat)> {
    let mut stat = of_name(directory, name)?;
    if stat.kind() != FileType::RegularFile {
        return Ok((FileHandle { open: None, stat }, stat));
    }
    let open = match open_for_reading(directory, name) {
        Ok(file) => {
            let now = Stat::of(&file)?;
            if !now.is_same_file(&stat) {
                return Err(Errno::STALE);
            }
            stat = Stat { flags: stat.flags, ..now };
            Some(file)
        }
        Err(Errno::NOENT) => return Err(Errno::NOENT),
        // A symbolic link by now.
        Err(Errno::LOOP) => return Err(Errno::STALE),
        Err(_) => None,
    };
    Ok((FileHandle { open, stat }, stat))
}

/// The metadata of the file of a handle as it is now. A file that is not open and has lost its name is as it was.
pub(crate) fn stat_handle(handle: &FileHandle, directory: &DirectoryHandle, name: impl Arg + Copy) -> Result<Stat> {
    if let Some(file) = &handle.open {
        return Ok(Stat { flags: handle.stat.flags, ..Stat::of(file)? });
    }
    match of_name(directory, name) {
        Ok(now) if now.is_same_file(&handle.stat) => Ok(now),
        Ok(_) | Err(Errno::NOENT) => Ok(handle.stat),
        Err(errno) => Err(errno),
    }
}

/// The text of the symbolic link of a handle. Fails with ESTALE if it is another link by now.
pub(crate) fn read_link(handle: &FileHandle, directory: &DirectoryHandle, name: impl Arg + Copy) -> Result<OsString> {
    let text = read_link_at(directory, name)?;
    let now = Stat::at(directory, name)?;
    if now.is_same_state(&handle.stat) { Ok(text) } else { Err(Errno::STALE) }
}

/// Opens the file of a handle for reading, by its name, with an offset of its own. Fails with ESTALE if the name is
/// gone. The caller must compare the files.
pub(crate) fn open_handle(_: &FileHandle, directory: &DirectoryHandle, name: impl Arg + Copy) -> Result<OwnedFd> {
    open_for_reading(directory, name).map_err(|errno| match errno {
        Errno::NOENT | Errno::LOOP => Errno::STALE,
        errno => errno,
    })
}

/// An open file cannot be opened again by its descriptor here.
pub(crate) fn reopen_for_reading(_: impl AsFd) -> Result<OwnedFd> {
    Err(Errno::NOENT)
}
