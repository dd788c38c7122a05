//! Renames with flags, which APFS has.

use rustix::fs::{RenameFlags, renameat_with};
use rustix::path::Arg;

pub(crate) use crate::platform::generic::rename::for_each_name;
use crate::platform::unix::directory::DirectoryHandle;
use crate::platform::unix::errors::Result;
use crate::platform::unix::retry::retry_on_intr;

/// Renames within one directory, with `RENAME_EXCL`. Fails with EEXIST if `new` exists.
pub(crate) fn rename_noreplace(directory: &DirectoryHandle, old: impl Arg + Copy, new: impl Arg + Copy) -> Result<()> {
    retry_on_intr(|| renameat_with(directory, old, directory, new, RenameFlags::NOREPLACE))
}

/// Exchanges two names of one directory, with `RENAME_SWAP`. Not retried after EINTR: a second exchange would undo the
/// first.
pub(crate) fn exchange_once(directory: &DirectoryHandle, one: impl Arg + Copy, other: impl Arg + Copy) -> Result<()> {
    renameat_with(directory, one, directory, other, RenameFlags::EXCHANGE)
}
