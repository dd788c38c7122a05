//! Making a tree durable.
//!
//! The sync of a directory covers its entries, and with them symbolic links and special files, which have no content and
//! cannot be opened for a sync of their own.

use std::ffi::OsStr;
use std::path::PathBuf;

use super::walk::Walk;
use crate::error::{Error, ErrorExt, Result, at};
use crate::platform::{self, AsFd, Errno, FileType, OwnedFd, Signals, is_out_of_descriptors, is_unsupported_sync};
use crate::protocol::directory::Directory;
use crate::protocol::sync;
use crate::quote::Shown;

const STEP: &str = "sync";
/// A tree of more entries is synced with its whole file system: one wait in place of many. Not a smaller one: the file
/// system may hold much unwritten data of other programs.
const SMALL: usize = 64;
/// How many files of a large tree are synced at once where that is not known to be enough.
const AT_ONCE: usize = 16;

/// Everything below the directory, and the directory itself, is on disk when this returns.
pub(crate) fn sync(directory: &Directory, signals: &Signals) -> Result<()> {
    let is_large = platform::CAN_SYNC_FILE_SYSTEM && has_more_entries(directory, SMALL, signals).or_else(if_closed)?;
    if !is_large || !directory.filesystem().syncfs_suffices(&**directory) {
        match sync_each(directory, if is_large { AT_ONCE } else { 1 }, signals) {
            // A file that nobody may read has no descriptor to sync it by.
            Err(error) if platform::CAN_SYNC_FILE_SYSTEM && is_closed(&error) => {}
            done => return done,
        }
    }
    match platform::sync_file_system(&**directory) {
        Err(errno) if is_unsupported_sync(errno) => sync_each(directory, 1, signals),
        done => done.map_err(at(STEP, directory.shown())),
    }
}

/// Whether a part of the tree cannot be opened, or not be synced alone.
fn is_closed(error: &Error) -> bool {
    error.errno().is_some_and(|errno| errno == Errno::ACCESS || is_unsupported_sync(errno))
}

/// A tree that cannot be read counts as large: only the sync of the whole file system reaches all of it.
fn if_closed(error: Error) -> Result<bool> {
    if is_closed(&error) { Ok(true) } else { Err(error) }
}

/// Whether the tree has more than `limit` entries. Stops as soon as it knows.
fn has_more_entries(directory: &Directory, limit: usize, signals: &Signals) -> Result<bool> {
    let mut walk = Walk::new(directory, STEP, signals)?;
    let mut count = walk.names_left().len();
    while count <= limit {
        match walk.next()? {
            Some(entry) if entry.can_be_entered() => {
                walk.enter(&entry)?;
                count += walk.names_left().len();
            }
            Some(_) => {}
            None if walk.leave()? => {}
            None => return Ok(false),
        }
    }
    Ok(true)
}

/// Syncs every file and every directory, `at_once` files at a time.
fn sync_each(directory: &Directory, at_once: usize, signals: &Signals) -> Result<()> {
    let mut walk = Walk::new(directory, STEP, signals)?;
    let mut files = Vec::with_capacity(at_once);
    loop {
        match walk.next()? {
            Some(entry) if entry.can_be_entered() => walk.enter(&entry)?,
            Some(entry) if entry.stat.kind() == FileType::RegularFile && !entry.is_mount_point => {
                let open = || platform::open_for_reading(walk.cursor.here(), entry.name.as_os_str());
                let mut file = open();
                if file.as_ref().is_err_and(|errno| is_out_of_descriptors(*errno)) {
                    sync_files(&mut files)?;
                    file = open();
                }
                files.push((file.map_err(walk.cursor.failed(&entry.name))?, walk.cursor.path(&entry.name)));
                if files.len() == at_once {
                    sync_files(&mut files)?;
                }
            }
            Some(_) => {}
            None => {
                let here = OsStr::new("");
                platform::sync_directory(walk.cursor.here()).map_err(walk.cursor.failed(here))?;
                if !walk.leave()? {
                    return sync_files(&mut files);
                }
            }
        }
    }
}

/// Syncs the files, each with its path for messages, and closes them.
fn sync_files(files: &mut Vec<(OwnedFd, PathBuf)>) -> Result<()> {
    let opened: Vec<_> = files.iter().map(|(file, _)| file.as_fd()).collect();
    let results = sync::each(&opened);
    let failed = |path: PathBuf| move |errno| at(STEP, Shown(path.as_os_str()))(errno);
    files.drain(..).zip(results).try_for_each(|((_, path), result)| result.map_err(failed(path)))
}
