//! Making files durable.

use std::os::fd::AsFd;

use super::proc;
use crate::platform::unix::directory::DirectoryHandle;
use crate::platform::unix::errors::Result;
use crate::platform::unix::retry::retry_on_intr;

/// Syncs content and metadata of a file. Never retried after a write error: the kernel
/// then marks the pages clean, and a second call would succeed without having written them.
pub(crate) fn sync_file(file: impl AsFd) -> Result<()> {
    retry_on_intr(|| rustix::fs::fsync(&file))
}

/// Syncs the content of a file, and the metadata that is needed to read it.
pub(crate) fn sync_data(file: impl AsFd) -> Result<()> {
    retry_on_intr(|| rustix::fs::fdatasync(&file))
}

/// Syncs the entries of a directory.
pub(crate) fn sync_directory(directory: &DirectoryHandle) -> Result<()> {
    sync_file(directory)
}

/// Whether [`sync_file_system`] is possible.
pub(crate) const CAN_SYNC_FILE_SYSTEM: bool = true;

/// How many bytes the system has to write to all its disks, as far as it tells.
pub(crate) fn dirty_bytes() -> Option<u64> {
    let text = proc::read("/proc/meminfo")?;
    let kilobytes = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_start_matches(':').trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()
    };
    Some((kilobytes("Dirty:")? + kilobytes("Writeback:")?).saturating_mul(1024))
}

/// Syncs the whole file system that the file is on.
pub(crate) fn sync_file_system(file: impl AsFd) -> Result<()> {
    retry_on_intr(|| rustix::fs::syncfs(&file))
}
