//! Making files durable.

use std::os::fd::AsFd;

use crate::platform::unix::directory::DirectoryHandle;
use crate::platform::unix::errors::{Errno, Result};
use crate::platform::unix::retry::retry_on_intr;

/// Syncs content and metadata of a file. Never retried after a write error: the kernel may mark the pages clean, and a
/// second call would succeed without having written them.
pub(crate) fn sync_file(file: impl AsFd) -> Result<()> {
    retry_on_intr(|| rustix::fs::fsync(&file))
}

/// Syncs the content of a file, and the metadata that is needed to read it.
pub(crate) fn sync_data(file: impl AsFd) -> Result<()> {
    sync_file(file)
}

/// Syncs the entries of a directory.
pub(crate) fn sync_directory(directory: &DirectoryHandle) -> Result<()> {
    sync_file(directory)
}

/// How many bytes the system has to write to all its disks, as far as it tells.
pub(crate) fn dirty_bytes() -> Option<u64> {
    None
}

/// Whether [`sync_file_system`] is possible.
pub(crate) const CAN_SYNC_FILE_SYSTEM: bool = false;

/// POSIX syncs single files only; sync(2) reports no errors and need not wait.
pub(crate) fn sync_file_system(_: impl AsFd) -> Result<()> {
    Err(Errno::NOSYS)
}
