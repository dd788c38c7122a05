//! Files that are identified but open neither for reading nor for writing, and directories.

use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::os::windows::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::descriptor::{AsFd, OwnedFd};
use super::directory::DirectoryHandle;
use super::errors::{Errno, Result, done};
use super::open::open_for_reading;
use super::rights::{SHARE_ALL, open, open_itself};
use super::stat::{FileType, Stat};
use super::win32::{
    FILE_ADD_FILE, FILE_ADD_SUBDIRECTORY, FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT,
    FILE_READ_ATTRIBUTES, FILE_SHARE_DELETE, GENERIC_READ, GENERIC_WRITE, READ_CONTROL,
};

/// Opens a directory. A symbolic link in the last component is followed if `follow`. The flag that is returned tells
/// whether the directory can be synced, which needs the right to create names in it.
///
/// Its path cannot be moved while it is open, unless another program has it open to delete or rename it.
pub(crate) fn open_directory(
    base: &DirectoryHandle,
    path: impl AsRef<OsStr>,
    follow: bool,
) -> Result<(DirectoryHandle, bool)> {
    let path = base.join(path)?;
    let opened = open_with(&path, SHARE_ALL & !FILE_SHARE_DELETE, follow);
    let (directory, can_sync) = match opened {
        Err(Errno::BUSY) => open_with(&path, SHARE_ALL, follow)?,
        opened => opened?,
    };
    let stat = Stat::of(&directory)?;
    if stat.kind() != FileType::Directory {
        return Err(Errno::NOTDIR);
    }
    let directory = match real_path(&path, &stat) {
        Some(real) => directory.with_path(real),
        None => directory,
    };
    Ok((DirectoryHandle::new(directory), can_sync))
}

/// The path without symbolic links, which others could change, and without the letter of a network drive. Some drivers of
/// disks do not tell it.
fn real_path(path: &Path, directory: &Stat) -> Option<PathBuf> {
    let real = std::fs::canonicalize(path).ok()?;
    let stat = open_itself(real.clone(), &[FILE_READ_ATTRIBUTES]).and_then(Stat::of).ok()?;
    stat.is_same_file(directory).then_some(real)
}

fn open_with(path: &Path, share: u32, follow: bool) -> Result<(OwnedFd, bool)> {
    let flags = FILE_FLAG_BACKUP_SEMANTICS | if follow { 0 } else { FILE_FLAG_OPEN_REPARSE_POINT };
    let mut options = OpenOptions::new();
    options.read(true).share_mode(share).custom_flags(flags);
    let for_sync = [
        GENERIC_READ | GENERIC_WRITE,
        FILE_READ_ATTRIBUTES | FILE_ADD_FILE,
        FILE_READ_ATTRIBUTES | FILE_ADD_SUBDIRECTORY,
    ];
    match open(path.to_owned(), &mut options, &for_sync) {
        Err(Errno::ACCESS | Errno::PERM | Errno::ROFS) => {
            open(path.to_owned(), &mut options, &[FILE_READ_ATTRIBUTES]).map(|directory| (directory, false))
        }
        opened => opened.map(|directory| (directory, true)),
    }
}

/// A file that is identified, but not open: on many file systems no open file can be replaced, and TARGET may have to wait
/// long for its new content.
#[derive(Debug)]
pub(crate) struct FileHandle {
    path: PathBuf,
    stat: Stat,
}

impl FileHandle {
    /// Opens the file for its metadata. Fails with STALE if the name leads to another file.
    pub(super) fn open(&self) -> Result<OwnedFd> {
        let file = open_itself(self.path.clone(), &[FILE_READ_ATTRIBUTES | READ_CONTROL, FILE_READ_ATTRIBUTES])?;
        if Stat::of(&file)?.is_same_file(&self.stat) { Ok(file) } else { Err(Errno::STALE) }
    }
}

/// A handle for the file with this name, even a symbolic link, and its metadata.
pub(crate) fn open_path(directory: &DirectoryHandle, name: impl AsRef<OsStr>) -> Result<(FileHandle, Stat)> {
    let stat = Stat::at(directory, name.as_ref())?;
    Ok((FileHandle { path: directory.join(name)?, stat }, stat))
}

/// The metadata of the file of a handle as it is now. Fails with STALE if the name leads to another file.
pub(crate) fn stat_handle(handle: &FileHandle, _: &DirectoryHandle, _: impl AsRef<OsStr>) -> Result<Stat> {
    Stat::of(handle.open()?)
}

/// The text of the symbolic link of a handle. Fails with STALE if it is another link by now.
pub(crate) fn read_link(handle: &FileHandle, _: &DirectoryHandle, _: impl AsRef<OsStr>) -> Result<OsString> {
    let text = done(std::fs::read_link(&handle.path))?;
    let is_same = Stat::of(handle.open()?)?.is_same_state(&handle.stat);
    if is_same { Ok(text.into_os_string()) } else { Err(Errno::STALE) }
}

/// Opens the file of a handle for reading, by its name. The caller must compare the files.
pub(crate) fn open_handle(_: &FileHandle, directory: &DirectoryHandle, name: impl AsRef<OsStr>) -> Result<OwnedFd> {
    open_for_reading(directory, name)
}

/// A handle gives no second one with its own offset here.
pub(crate) fn reopen_for_reading(_: impl AsFd) -> Result<OwnedFd> {
    Err(Errno::NOENT)
}
