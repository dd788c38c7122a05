//! The names in a directory, and renames that do not replace.

use std::ffi::OsStr;

use super::directory::DirectoryHandle;
use super::errors::{Errno, Result, done};
use super::names::retry_while_open;
use super::win32;

/// Renames a file. Fails with EXIST if `new` exists.
pub(crate) fn rename_noreplace(
    from: &DirectoryHandle,
    old: impl AsRef<OsStr>,
    to: &DirectoryHandle,
    new: impl AsRef<OsStr>,
) -> Result<()> {
    let (old, new) = (from.join(old)?, to.join(new)?);
    retry_while_open(|| done(win32::move_file(&old, &new, false)))
}

/// No two names can be exchanged here.
pub(crate) fn exchange_once(
    _: &DirectoryHandle,
    _: impl AsRef<OsStr>,
    _: &DirectoryHandle,
    _: impl AsRef<OsStr>,
) -> Result<()> {
    Err(Errno::NOSYS)
}

/// Calls `call` with each name in the directory.
pub(crate) fn for_each_name(directory: &DirectoryHandle, mut call: impl FnMut(&OsStr)) -> Result<()> {
    for entry in done(std::fs::read_dir(directory.path()?))? {
        call(&done(entry)?.file_name());
    }
    Ok(())
}
