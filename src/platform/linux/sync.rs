//! Making a whole file system durable.

use std::os::fd::AsFd;

use crate::platform::unix::errors::Result;
use crate::platform::unix::retry::retry_on_intr;

/// Syncs the whole file system that the file is on.
pub(crate) fn sync_file_system(file: impl AsFd) -> Result<()> {
    retry_on_intr(|| rustix::fs::syncfs(&file))
}
