//! Renames with flags, which Linux and macOS have: on macOS they are called `RENAME_EXCL` and `RENAME_SWAP`.

use rustix::fs::{RenameFlags, renameat_with};
use rustix::path::Arg;

use super::directory::DirectoryHandle;
use super::errors::Result;
use super::retry::retry_on_intr;

/// Renames a file. Fails with EEXIST if `new` exists.
pub(crate) fn rename_noreplace(
    from: &DirectoryHandle,
    old: impl Arg + Copy,
    to: &DirectoryHandle,
    new: impl Arg + Copy,
) -> Result<()> {
    retry_on_intr(|| renameat_with(from, old, to, new, RenameFlags::NOREPLACE))
}

/// Exchanges two names. Not retried after EINTR: a second exchange would undo the first.
pub(crate) fn exchange_once(
    from: &DirectoryHandle,
    one: impl Arg + Copy,
    to: &DirectoryHandle,
    other: impl Arg + Copy,
) -> Result<()> {
    renameat_with(from, one, to, other, RenameFlags::EXCHANGE)
}
