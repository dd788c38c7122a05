//! Renames with flags, which APFS has.

use rustix::fs::{RenameFlags, renameat_with};
use rustix::path::Arg;

pub(crate) use crate::platform::generic::rename::for_each_name;
use crate::platform::unix::directory::DirectoryHandle;
use crate::platform::unix::errors::Result;
use crate::platform::unix::retry::retry_on_intr;

/// Renames a file, with `RENAME_EXCL`. Fails with EEXIST if `new` exists.
pub(crate) fn rename_noreplace(
    from: &DirectoryHandle,
    old: impl Arg + Copy,
    to: &DirectoryHandle,
    new: impl Arg + Copy,
) -> Result<()> {
    retry_on_intr(|| renameat_with(from, old, to, new, RenameFlags::NOREPLACE))
}

/// Exchanges two names, with `RENAME_SWAP`. Not retried after EINTR: a second exchange would undo the
/// first.
pub(crate) fn exchange_once(
    from: &DirectoryHandle,
    one: impl Arg + Copy,
    to: &DirectoryHandle,
    other: impl Arg + Copy,
) -> Result<()> {
    renameat_with(from, one, to, other, RenameFlags::EXCHANGE)
}
