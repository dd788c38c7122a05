//! What the caller may do to a file: the system answers by opening it, which changes nothing.

use std::ffi::OsStr;

use super::directory::DirectoryHandle;
use super::errors::{Errno, Result};
use super::handle::{FileHandle, open_itself};
use super::stat::Stat;
use super::win32::{FILE_ADD_FILE, FILE_WRITE_ATTRIBUTES, FILE_WRITE_EA};

/// Whether the caller may write `name` in `directory`. ACCESS means no.
///
/// Asked for are two rights that whoever may write has as well: if the file were opened to be written, even for a
/// moment, other programs could be refused.
pub(crate) fn may_write(_: &FileHandle, directory: &DirectoryHandle, name: impl AsRef<OsStr>) -> Result<()> {
    if Stat::at(directory, name.as_ref())?.is_read_only() {
        return Err(Errno::ACCESS);
    }
    open_itself(directory.join(name)?, &[FILE_WRITE_ATTRIBUTES | FILE_WRITE_EA]).map(drop)
}

/// Whether the caller may create names in the directory. ACCESS means no.
pub(crate) fn may_write_directory(directory: &DirectoryHandle) -> Result<()> {
    match open_itself(directory.path()?, &[FILE_ADD_FILE]) {
        Ok(_) => Ok(()),
        // Unknown.
        Err(Errno::BUSY) => Err(Errno::NOSYS),
        Err(errno) => Err(errno),
    }
}
