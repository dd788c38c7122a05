//! The names in a directory. POSIX has no renames with flags.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{Dir, OFlags};
use rustix::path::Arg;

use crate::platform::unix::directory::DirectoryHandle;
use crate::platform::unix::errors::{Errno, Result};
use crate::platform::unix::open::open;

/// No rename refuses an existing name here.
pub(crate) fn rename_noreplace(
    _: &DirectoryHandle,
    _: impl Arg + Copy,
    _: &DirectoryHandle,
    _: impl Arg + Copy,
) -> Result<()> {
    Err(Errno::NOSYS)
}

/// No two names can be exchanged here.
pub(crate) fn exchange_once(
    _: &DirectoryHandle,
    _: impl Arg + Copy,
    _: &DirectoryHandle,
    _: impl Arg + Copy,
) -> Result<()> {
    Err(Errno::NOSYS)
}

/// Calls `call` with each name in the directory.
pub(crate) fn for_each_name(directory: &DirectoryHandle, mut call: impl FnMut(&OsStr)) -> Result<()> {
    // A separate open file description starts at the first entry.
    let mut entries = Dir::new(open(directory, ".", OFlags::RDONLY | OFlags::DIRECTORY)?)?;
    while let Some(entry) = entries.read() {
        call(OsStr::from_bytes(entry?.file_name().to_bytes()));
    }
    Ok(())
}
