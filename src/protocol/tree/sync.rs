//! Making a tree durable.
//!
//! The sync of a directory covers its entries, and with them symbolic links and special files, which have no content and
//! cannot be opened for a sync of their own.

use std::ffi::OsStr;

use super::walk::{Entry, Walk};
use crate::error::{Result, at};
use crate::platform::{self, Errno, FileType, Signals, is_unsupported_sync};
use crate::protocol::directory::Directory;

const STEP: &str = "sync";
/// A tree of more entries is synced with its whole file system: one wait in place of many. Not a smaller one: the file
/// system may hold much unwritten data of other programs.
const SMALL: usize = 64;

/// Everything below the directory, and the directory itself, is on disk when this returns.
pub(crate) fn sync(directory: &Directory, signals: &Signals) -> Result<()> {
    if platform::CAN_SYNC_FILE_SYSTEM && has_more_entries(directory, SMALL, signals)? {
        match platform::sync_file_system(&**directory) {
            Err(errno) if is_unsupported_sync(errno) => {}
            done => return done.map_err(at(STEP, directory.shown())),
        }
    }
    sync_each(directory, signals)
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
                sync_file(&walk, &entry)?;
            }
            Some(_) => {}
            None => {
                sync_directory(&walk)?;
                if !walk.leave()? {
                    return Ok(());
                }
            }
        }
    }
}

fn sync_file(walk: &Walk<'_>, entry: &Entry) -> Result<()> {
    let cursor = &walk.cursor;
    match platform::open_for_reading(cursor.here(), entry.name.as_os_str()) {
        Ok(file) => platform::sync_file(&file),
        // Nobody may read it, and it has no descriptor.
        Err(Errno::ACCESS | Errno::PERM) => platform::sync_file_system(cursor.here()),
        Err(errno) => Err(errno),
    }
    .map_err(cursor.failed(&entry.name))
}

fn sync_directory(walk: &Walk<'_>) -> Result<()> {
    let here = walk.cursor.here();
    match platform::sync_directory(here) {
        Err(errno) if is_unsupported_sync(errno) => platform::sync_file_system(here),
        done => done,
    }
    .map_err(walk.cursor.failed(OsStr::new("")))
}
