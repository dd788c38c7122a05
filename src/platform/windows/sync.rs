//! Making files durable, by `FlushFileBuffers`: it writes what is cached of the file, its metadata included, and has the
//! disk write its own cache. For a directory it writes the entries.

use std::fs::OpenOptions;
use std::os::windows::fs::OpenOptionsExt;

use super::descriptor::{AsFd, OwnedFd};
use super::directory::DirectoryHandle;
use super::errors::{Errno, Result, done};
use super::metadata::set_read_only;
use super::rights::{SHARE_ALL, open};
use super::stat::Stat;
use super::win32::FILE_APPEND_DATA;

/// Syncs content and metadata of a file. Never retried after a write error.
pub(crate) fn sync_file(file: impl AsFd) -> Result<()> {
    let file = file.as_fd();
    match done(file.file()?.sync_all()) {
        // It is open for reading only.
        Err(Errno::ACCESS) if !file.path().as_os_str().is_empty() => sync_by_path(file),
        synced => synced,
    }
}

/// A sync needs the right to write, so the file is opened once more. A read-only file refuses that.
fn sync_by_path(file: &OwnedFd) -> Result<()> {
    let stat = Stat::of(file)?;
    if stat.is_read_only() {
        set_read_only(file, false)?;
    }
    let opened =
        open(file.path().to_owned(), OpenOptions::new().append(true).share_mode(SHARE_ALL), &[FILE_APPEND_DATA]);
    if stat.is_read_only() {
        set_read_only(file, true)?;
    }
    let writable = opened?;
    if !Stat::of(&writable)?.is_same_file(&stat) {
        return Err(Errno::STALE);
    }
    done(writable.file()?.sync_all())
}

/// Syncs the content of a file, and the metadata that is needed to read it.
pub(crate) fn sync_data(file: impl AsFd) -> Result<()> {
    sync_file(file)
}

/// Syncs the entries of a directory. The handle is open for writing, so "access denied" means that the file system does
/// not do that.
pub(crate) fn sync_directory(directory: &DirectoryHandle) -> Result<()> {
    match done(directory.as_fd().file()?.sync_all()) {
        Err(Errno::ACCESS) => Err(Errno::NOTSUP),
        synced => synced,
    }
}

/// How many bytes the system has to write to all its disks, as far as it tells.
pub(crate) fn dirty_bytes() -> Option<u64> {
    None
}

/// Whether [`sync_file_system`] is possible.
pub(crate) const CAN_SYNC_FILE_SYSTEM: bool = false;

/// Only an administrator can sync a whole volume.
pub(crate) fn sync_file_system(_: impl AsFd) -> Result<()> {
    Err(Errno::NOSYS)
}
