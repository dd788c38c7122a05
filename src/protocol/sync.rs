//! Making a file or a directory's entries durable.

use super::directory::Directory;
use crate::error::{self, Context, Error, ErrorExt};
use crate::platform::{self, AsFd, Result, is_unsupported_sync};

/// Syncs a file's content and metadata.
pub(super) fn file(file: impl AsFd) -> error::Result<()> {
    platform::sync_file(file).context("sync").map_err(with_hint)
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
