//! Making a file or a directory's entries durable.

use super::directory::Directory;
use crate::error::{self, Context, Error, ErrorExt};
use crate::platform::{self, AsFd, Errno, Result, is_unsupported_sync};

/// Syncs a file's content and metadata.
pub(super) fn file(file: impl AsFd) -> error::Result<()> {
    platform::sync_file(file).map_err(of_file)
}

/// The error of a file's sync.
pub(super) fn of_file(errno: Errno) -> Error {
    with_hint(Error::new(errno).context("sync"))
}

/// Syncs a directory's entries for a TARGET that is left alone. Not the whole file system instead: that would write the unsynced
/// data of other programs.
pub(super) fn unchanged_directory(directory: &Directory) -> error::Result<()> {
    if !directory.readable() {
        return Ok(());
    }
    match platform::sync_directory(directory) {
        // EINVAL or ENOTSUP: this file system cannot sync directories.
        Err(errno) if is_unsupported_sync(errno) => Ok(()),
        done => done.context("sync directory"),
    }
}

/// Syncs a directory's entries. If the directory cannot be opened for reading, or its file system cannot sync
/// directories, the whole file system is synced instead, through the open file `inside` if there is one.
pub(super) fn directory(directory: &Directory, inside: Option<impl AsFd>) -> Result<()> {
    if directory.readable() {
        match platform::sync_directory(directory) {
            Err(errno) if is_unsupported_sync(errno) => {}
            Ok(()) if directory.filesystem().hides_failed_sync() => return directory.stat().map(drop),
            done => return done,
        }
    }
    match inside {
        Some(inside) => platform::sync_file_system(inside),
        None => platform::sync_file_system(&**directory),
    }
}

/// Adds a hint to a sync error if the file system does not support sync.
pub(super) fn with_hint(error: Error) -> Error {
    match error.errno() {
        Some(errno) if is_unsupported_sync(errno) => error.hint("--sync none leaves the sync out"),
        _ => error,
    }
}
