//! Locks between processes: flock(2), on an open file description.

use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::FlockOperation;

use super::directory::DirectoryHandle;
use super::errors::Result;
use super::retry::retry_on_intr;

/// Locks a name, if the system has a lock of that kind which does not keep the name from getting another file. Here files
/// are locked, not names. The lock lasts as long as the descriptor; EWOULDBLOCK if it is held.
#[allow(clippy::unnecessary_wraps)] // Elsewhere it can fail.
pub(crate) fn try_lock_name(_: &DirectoryHandle, _: &OsStr) -> Result<Option<OwnedFd>> {
    Ok(None)
}

/// Locks the file for this open file description. Waits until the lock is free.
pub(crate) fn lock(file: impl AsFd) -> Result<()> {
    retry_on_intr(|| rustix::fs::flock(&file, FlockOperation::LockExclusive))
}

/// The same, without waiting: EWOULDBLOCK if the lock is held.
pub(crate) fn try_lock(file: impl AsFd) -> Result<()> {
    retry_on_intr(|| rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive))
}

/// Releases the lock.
pub(crate) fn unlock(file: impl AsFd) -> Result<()> {
    retry_on_intr(|| rustix::fs::flock(&file, FlockOperation::Unlock))
}
