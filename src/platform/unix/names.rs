//! Names in directories: create, rename, remove.

use std::ffi::{OsStr, OsString};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;

use rustix::fs::{AtFlags, Mode, RawMode};
use rustix::path::Arg;

use super::directory::DirectoryHandle;
use super::errors::Result;
use super::retry::retry_on_intr;

/// The longest name, in [`NAME_UNITS`], on every file system that the program supports.
pub(crate) const MAX_NAME_LENGTH: usize = 255;
/// In what the length of a name is measured.
pub(crate) const NAME_UNITS: &str = "bytes";

/// The length of a name, in [`NAME_UNITS`].
pub(crate) fn name_length(name: &OsStr) -> usize {
    name.len()
}

/// Why the system would take `name` for something other than a file's name in a directory.
pub(crate) fn misleading_name(_: &OsStr) -> Option<&'static str> {
    None
}

/// Whether a directory can be renamed while it is open.
pub(crate) const RENAMES_OPEN_DIRECTORIES: bool = true;

/// Renames a file. Replaces an existing `new`.
pub(crate) fn rename(
    from: &DirectoryHandle,
    old: impl Arg + Copy,
    to: &DirectoryHandle,
    new: impl Arg + Copy,
) -> Result<()> {
    retry_on_intr(|| rustix::fs::renameat(from, old, to, new))
}

/// Creates a hard link. Fails with EEXIST if `new` exists.
pub(crate) fn link(
    from: &DirectoryHandle,
    old: impl Arg + Copy,
    to: &DirectoryHandle,
    new: impl Arg + Copy,
) -> Result<()> {
    retry_on_intr(|| rustix::fs::linkat(from, old, to, new, AtFlags::empty()))
}

/// Removes a name that is not a directory's.
pub(crate) fn unlink(directory: &DirectoryHandle, name: impl Arg + Copy) -> Result<()> {
    retry_on_intr(|| rustix::fs::unlinkat(directory, name, AtFlags::empty()))
}

pub(crate) fn remove_directory(directory: &DirectoryHandle, name: impl Arg + Copy) -> Result<()> {
    retry_on_intr(|| rustix::fs::unlinkat(directory, name, AtFlags::REMOVEDIR))
}

/// Creates a directory with this mode, less the umask.
pub(crate) fn make_directory(directory: &DirectoryHandle, name: impl Arg + Copy, mode: u32) -> Result<()> {
    #[allow(clippy::cast_possible_truncation, clippy::unnecessary_cast)] // No bit is lost: 0o7777 fits everywhere.
    let mode = Mode::from_raw_mode(mode as RawMode);
    retry_on_intr(|| rustix::fs::mkdirat(directory, name, mode))
}

/// The text of the symbolic link `name`.
pub(in crate::platform) fn read_link_at(directory: impl AsFd, name: impl Arg + Copy) -> Result<OsString> {
    let text = retry_on_intr(|| rustix::fs::readlinkat(&directory, name, Vec::new()))?;
    Ok(OsString::from_vec(text.into_bytes()))
}
