//! Making files or a directory's entries durable.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::directory::Directory;
use crate::error::{self, Context, Error, ErrorExt};
use crate::platform::{self, AsFd, BorrowedFd, Errno, Result, is_unsupported_sync};

/// How many threads sync files one by one: a journal takes those together that wait for it at the same time.
const THREADS: usize = 16;

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

/// Syncs the files one by one, several at a time.
pub(super) fn each(files: &[BorrowedFd<'_>]) -> Vec<Result<()>> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<Result<()>>>> = Mutex::new(files.iter().map(|_| None).collect());
    let work = || {
        while let Some((at, file)) = Some(next.fetch_add(1, Relaxed)).and_then(|at| Some((at, files.get(at)?))) {
            let result = platform::sync_file(file);
            let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(place) = results.get_mut(at) {
                *place = Some(result);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..THREADS.min(files.len()) {
            // Without threads, this one does it all.
            if thread::Builder::new().spawn_scoped(scope, work).is_err() {
                break;
            }
        }
        work();
    });
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.into_iter().map(|result| result.unwrap_or(Err(platform::Errno::IO))).collect()
}
