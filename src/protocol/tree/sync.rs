//! Making a tree durable.
//!
//! The sync of a directory covers its entries, and with them symbolic links and special files, which have no content and
//! cannot be opened for a sync of their own.

use std::ffi::OsStr;

use super::walk::Walk;
use crate::error::{Error, ErrorExt, Result, at};
use crate::platform::{self, Errno, FileType, Signals, is_unsupported_sync};
use crate::protocol::directory::Directory;

const STEP: &str = "sync";
/// A tree of more entries is synced with its whole file system: one wait in place of many. Not a smaller one: the file
/// system may hold much unwritten data of other programs.
const SMALL: usize = 64;

/// Everything below the directory, and the directory itself, is on disk when this returns.
pub(crate) fn sync(directory: &Directory, signals: &Signals) -> Result<()> {
    let is_large = directory.filesystem().syncfs_suffices(&**directory)
        && has_more_entries(directory, SMALL, signals).or_else(if_closed)?;
    if !is_large {
        match sync_each(directory, signals) {
            // A file that nobody may read has no descriptor to sync it by.
            Err(error) if platform::CAN_SYNC_FILE_SYSTEM && is_closed(&error) => {}
            done => return done,
        }
    }
    match platform::sync_file_system(&**directory) {
        Err(errno) if is_unsupported_sync(errno) => sync_each(directory, signals),
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

/// Syncs every file and every directory.
fn sync_each(directory: &Directory, signals: &Signals) -> Result<()> {
    let mut walk = Walk::new(directory, STEP, signals)?;
    loop {
        match walk.next()? {
            Some(entry) if entry.can_be_entered() => walk.enter(&entry)?,
            Some(entry) if entry.stat.kind() == FileType::RegularFile && !entry.is_mount_point => {
                let file = platform::open_for_reading(walk.cursor.here(), entry.name.as_os_str());
                file.and_then(platform::sync_file).map_err(walk.cursor.failed(&entry.name))?;
            }
            Some(_) => {}
            None => {
                let here = OsStr::new("");
                platform::sync_directory(walk.cursor.here()).map_err(walk.cursor.failed(here))?;
                if !walk.leave()? {
                    return Ok(());
                }
            }
        }
    }
}
