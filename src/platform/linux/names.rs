//! Renames with flags, and the names in a directory.

use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{Dir, OFlags, RenameFlags, renameat_with};
use rustix::path::Arg;

use crate::platform::unix::errors::Result;
use crate::platform::unix::open::open;
use crate::platform::unix::retry::retry_on_intr;

/// Renames within one directory. Fails with EEXIST if `new` is taken.
pub(crate) fn rename_noreplace(directory: impl AsFd, old: impl Arg + Copy, new: impl Arg + Copy) -> Result<()> {
    retry_on_intr(|| renameat_with(&directory, old, &directory, new, RenameFlags::NOREPLACE))
}

/// Exchanges two names of one directory. Not made again when it is interrupted: made twice, it is none.
pub(crate) fn exchange_once(directory: impl AsFd, one: impl Arg + Copy, other: impl Arg + Copy) -> Result<()> {
    renameat_with(&directory, one, &directory, other, RenameFlags::EXCHANGE)
}

/// Calls with each name in the directory.
pub(crate) fn each_name(directory: impl AsFd, mut call: impl FnMut(&OsStr)) -> Result<()> {
    // A description of its own, at its beginning. Looking must not cost the disk an access time; the permission for that
    // is the owner's.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY;
    let open = |flags| open(&directory, ".", flags);
    let mut entries = Dir::new(open(flags | OFlags::NOATIME).or_else(|_| open(flags))?)?;
    while let Some(entry) = entries.read() {
        call(OsStr::from_bytes(entry?.file_name().to_bytes()));
    }
    Ok(())
}
