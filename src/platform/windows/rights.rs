//! Opening by rights and sharing, which the standard library offers, and the flags that it does not name.

use std::fs::OpenOptions;
use std::os::windows::fs::OpenOptionsExt;
use std::path::PathBuf;

use super::descriptor::OwnedFd;
use super::errors::{Errno, Result, done};
use super::win32::{
    FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT, FILE_SHARE_DELETE, FILE_SHARE_READ, FILE_SHARE_WRITE,
};

/// Others may do anything with the file.
pub(super) const SHARE_ALL: u32 = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

/// Opens with the first of `rights` that the caller has.
pub(super) fn open(path: PathBuf, options: &mut OpenOptions, rights: &[u32]) -> Result<OwnedFd> {
    let mut refused = Errno::ACCESS;
    for &rights in rights {
        match done(options.access_mode(rights).open(&path)) {
            Ok(file) => return Ok(OwnedFd::new(file, path)),
            Err(errno @ (Errno::ACCESS | Errno::PERM)) => refused = errno,
            Err(errno) => return Err(errno),
        }
    }
    Err(refused)
}

/// Opens the file, directory or link itself, with rights that concern its metadata only.
pub(super) fn open_itself(path: PathBuf, rights: &[u32]) -> Result<OwnedFd> {
    let flags = FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT;
    open(path, OpenOptions::new().read(true).share_mode(SHARE_ALL).custom_flags(flags), rights)
}
