//! Opening files. No child inherits a handle. A symbolic link in the last component is not followed unless a function
//! says so.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::os::windows::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::descriptor::OwnedFd;
use super::directory::DirectoryHandle;
use super::errors::{Errno, Result, done};
use super::path::verbatim;
use super::rights::{SHARE_ALL, open};
use super::stat::{FileType, Stat};
use super::win32::{
    FILE_ATTRIBUTE_NORMAL, FILE_ATTRIBUTE_READONLY, FILE_SHARE_DELETE, FILE_WRITE_ATTRIBUTES, GENERIC_READ,
    GENERIC_WRITE, READ_CONTROL, WRITE_DAC, WRITE_OWNER,
};

/// The rights that only metadata needs. No open of another program excludes them.
const METADATA: u32 = FILE_WRITE_ATTRIBUTES | READ_CONTROL | WRITE_DAC | WRITE_OWNER;

/// Opens the file that the user named, for reading, and follows symbolic links.
pub(crate) fn open_source(path: &Path) -> Result<OwnedFd> {
    let opened = done(std::fs::File::open(path));
    match opened {
        Ok(file) => Ok(OwnedFd::new(file, verbatim(path)?)),
        Err(Errno::ACCESS) if path.is_dir() => Err(Errno::ISDIR),
        Err(errno) => Err(errno),
    }
}

/// Opens the file `name` in `directory` for reading.
pub(crate) fn open_for_reading(directory: &DirectoryHandle, name: impl AsRef<OsStr>) -> Result<OwnedFd> {
    open(not_a_link(directory, name)?, OpenOptions::new().read(true).share_mode(SHARE_ALL), &[GENERIC_READ])
}

/// Opens a staged file again: for reading, and so that its metadata can be set. Other programs can open it meanwhile,
/// even those that want nobody to write it.
pub(crate) fn open_staged(directory: &DirectoryHandle, name: impl AsRef<OsStr>) -> Result<OwnedFd> {
    let rights = [GENERIC_READ | METADATA, GENERIC_READ | FILE_WRITE_ATTRIBUTES, GENERIC_READ];
    open(not_a_link(directory, name)?, OpenOptions::new().read(true).share_mode(SHARE_ALL), &rights)
}

/// Opens a file that another program has written, for what [`open_staged`] permits and for a sync, which needs the right
/// to write.
pub(crate) fn open_written(directory: &DirectoryHandle, name: impl AsRef<OsStr>) -> Result<OwnedFd> {
    let rights = [GENERIC_READ | GENERIC_WRITE | METADATA, GENERIC_READ | GENERIC_WRITE];
    open(not_a_link(directory, name)?, OpenOptions::new().read(true).write(true).share_mode(SHARE_ALL), &rights)
}

/// Opens the file `name` in `directory` for writing, without truncating it.
pub(crate) fn open_for_writing(directory: &DirectoryHandle, name: impl AsRef<OsStr>) -> Result<OwnedFd> {
    open(not_a_link(directory, name)?, OpenOptions::new().write(true).share_mode(SHARE_ALL), &[GENERIC_WRITE])
}

/// Without following a link by `FILE_FLAG_OPEN_REPARSE_POINT`: that would also read what stands for the content of a
/// file which is deduplicated or in a cloud. The callers compare files, so a link that appears after the look is found.
fn not_a_link(directory: &DirectoryHandle, name: impl AsRef<OsStr>) -> Result<PathBuf> {
    match Stat::at(directory, name.as_ref())?.kind() {
        FileType::Symlink => Err(Errno::LOOP),
        _ => directory.join(name),
    }
}

/// Creates the file `name` in `directory`, for writing and reading. Fails with EXIST if the name exists, even as a
/// symbolic link. Until it is closed, others can rename or delete it, and neither read nor write it: it has its final
/// access control list only in the end.
pub(crate) fn create_new(directory: &DirectoryHandle, name: impl AsRef<OsStr>, mode: u32) -> Result<OwnedFd> {
    let attributes = if mode & 0o222 == 0 { FILE_ATTRIBUTE_READONLY } else { FILE_ATTRIBUTE_NORMAL };
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).share_mode(FILE_SHARE_DELETE).attributes(attributes);
    let rights = [GENERIC_READ | GENERIC_WRITE | METADATA, GENERIC_READ | GENERIC_WRITE];
    open(directory.join(name)?, &mut options, &rights)
}
