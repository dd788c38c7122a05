//! Locks between processes: on names, by a file that only one process can have open.
//!
//! A lock on a file itself would deny reads, and keep the file from being replaced. So the lock is a file beside TARGET
//! that is open without any sharing, and that the system deletes when its handle is closed, also after a kill. Its name
//! has the form of a staging file's, and follows from TARGET's.

use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::os::windows::fs::OpenOptionsExt;

use sha2::{Digest, Sha256};

use super::access::may_write_directory;
use super::descriptor::{AsFd, OwnedFd};
use super::directory::DirectoryHandle;
use super::errors::{Errno, Result};
use super::open::open;
use super::win32::{DELETE, FILE_ATTRIBUTE_HIDDEN, FILE_FLAG_DELETE_ON_CLOSE, GENERIC_WRITE};

/// Locks a name. The lock lasts as long as the handle; WOULDBLOCK if it is held.
pub(crate) fn try_lock_name(directory: &DirectoryHandle, name: &OsStr) -> Result<Option<OwnedFd>> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).share_mode(0).attributes(FILE_ATTRIBUTE_HIDDEN);
    options.custom_flags(FILE_FLAG_DELETE_ON_CLOSE);
    match open(directory.join(lock_name(name))?, &mut options, &[GENERIC_WRITE | DELETE]) {
        Ok(lock) => Ok(Some(lock)),
        Err(Errno::BUSY) => Err(Errno::WOULDBLOCK),
        // So says the system while the file is being deleted.
        Err(Errno::ACCESS) if may_write_directory(directory).is_ok() => Err(Errno::WOULDBLOCK),
        Err(errno) => Err(errno),
    }
}

/// Names that differ in case only are one. That other names might share a lock would do no harm.
fn lock_name(name: &OsStr) -> OsString {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnopqrstuvwxyz2345678";
    let digest = Sha256::digest(name.to_string_lossy().to_lowercase().as_bytes());
    let letters = digest.iter().take(12).map(|byte| char::from(LETTERS[usize::from(byte % 32)]));
    ".aw-".chars().chain(letters).collect::<String>().into()
}

/// Never called: the name is locked.
pub(crate) fn lock(_: impl AsFd) -> Result<()> {
    Ok(())
}

/// A staged file needs no lock: the name is locked.
pub(crate) fn try_lock(_: impl AsFd) -> Result<()> {
    Ok(())
}

/// Never called: the name is locked.
pub(crate) fn unlock(_: impl AsFd) -> Result<()> {
    Ok(())
}
