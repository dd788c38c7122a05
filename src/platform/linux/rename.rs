//! Renames with flags, and the names in a directory.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{Dir, OFlags, RenameFlags, renameat_with};
use rustix::path::Arg;

use crate::platform::unix::directory::DirectoryHandle;
use crate::platform::unix::errors::Result;
use crate::platform::unix::open::open;
use crate::platform::unix::retry::retry_on_intr;

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

/// Calls `call` with each name in the directory.
pub(crate) fn for_each_name(directory: &DirectoryHandle, mut call: impl FnMut(&OsStr)) -> Result<()> {
    // A separate open file description starts at the first entry. Reading the names should not update the access time;
    // only the owner may request that.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY;
    let open = |flags| open(directory, ".", flags);
    let mut entries = Dir::new(open(flags | OFlags::NOATIME).or_else(|_| open(flags))?)?;
    while let Some(entry) = entries.read() {
        call(OsStr::from_bytes(entry?.file_name().to_bytes()));
    }
    Ok(())
}
