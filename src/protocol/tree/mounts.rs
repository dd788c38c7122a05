//! Mount points in a tree.

use std::path::PathBuf;

use super::walk::Walk;
use crate::error::Result;
use crate::platform::Signals;
use crate::protocol::directory::Directory;

/// The path of the first mount point below the directory.
pub(crate) fn first_mount_point(directory: &Directory, signals: &Signals) -> Result<Option<PathBuf>> {
    let mut walk = Walk::tolerant(directory, "look for mount points", signals)?;
    loop {
        match walk.next()? {
            Some(entry) if entry.is_mount_point => return Ok(Some(walk.cursor.path(&entry.name))),
            Some(entry) if entry.can_be_entered() => walk.enter(&entry)?,
            Some(_) => {}
            None if walk.leave()? => {}
            None => return Ok(None),
        }
    }
}
