//! Locks between processes: flock(2), on an open file description.

use std::os::fd::AsFd;

use rustix::fs::FlockOperation;

use super::errors::Result;
use super::retry::retry_on_intr;

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
