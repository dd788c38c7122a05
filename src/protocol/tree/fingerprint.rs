//! Whether a tree has changed: a digest of the state of everything in it.

use std::ffi::OsStr;

use super::walk::{Entry, Walk};
use crate::digest::{Digest, Hasher};
use crate::error::Result;
use crate::platform::{self, FileType, Signals, Stat};
use crate::protocol::directory::Directory;

/// The digest of the names and states of all entries, and of the text of links. Contents are not read: a write changes
/// the times. Of the top directory itself, the times are left out, because a rename of it changes them.
pub(crate) fn fingerprint(directory: &Directory, signals: &Signals) -> Result<Digest> {
    /// Ends the entries of a directory, where the length of a name would be.
    const END: u64 = u64::MAX;
    let mut walk = Walk::new(directory, "read directory", signals)?;
    let mut hasher = Hasher::default();
    add_file(&mut hasher, walk.cursor.state());
    loop {
        if let Some(entry) = walk.next()? {
            add_entry(&mut hasher, &walk, &entry)?;
            if entry.can_be_entered() {
                walk.enter(&entry)?;
            }
            continue;
        }
        hasher.update(&END.to_le_bytes());
        if !walk.leave()? {
            return Ok(hasher.finish());
        }
    }
}

fn add_entry(hasher: &mut Hasher, walk: &Walk<'_>, entry: &Entry) -> Result<()> {
    add_text(hasher, &entry.name);
    add_file(hasher, &entry.stat);
    add_state(hasher, &entry.stat);
    if entry.stat.kind() == FileType::Symlink {
        let text = platform::link_text(walk.cursor.here(), entry.name.as_os_str());
        add_text(hasher, &text.map_err(walk.cursor.cannot_read(&entry.name))?);
    }
    Ok(())
}

/// With its length in front, so that no two sequences of texts look the same.
fn add_text(hasher: &mut Hasher, text: &OsStr) {
    hasher.update(&(text.len() as u64).to_le_bytes());
    hasher.update(text.as_encoded_bytes());
}

/// Which file it is, and who may do what with it.
fn add_file(hasher: &mut Hasher, stat: &Stat) {
    let (device, inode) = stat.identity();
    // On some systems the mode does not tell the kind.
    hasher.update(format!("{:?}", stat.kind()).as_bytes());
    for number in [device, inode, stat.device_number] {
        hasher.update(&number.to_le_bytes());
    }
    for number in [stat.mode, stat.uid, stat.gid] {
        hasher.update(&number.to_le_bytes());
    }
}

/// What changes with the content. Not the access time, which a read changes.
fn add_state(hasher: &mut Hasher, stat: &Stat) {
    for number in [stat.links, stat.size] {
        hasher.update(&number.to_le_bytes());
    }
    for (seconds, nanoseconds) in [stat.mtime, stat.ctime] {
        hasher.update(&seconds.to_le_bytes());
        hasher.update(&nanoseconds.to_le_bytes());
    }
}
