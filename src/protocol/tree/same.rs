//! Whether two trees have the same content.

use std::ffi::OsStr;
use std::path::Path;

use super::cursor::Cursor;
use super::names::names;
use super::walk::{Entry, Walk};
use crate::error::{Error, Result, at};
use crate::platform::{self, FileType, OwnedFd, Signals, Stat};
use crate::protocol::copy::BUFFER;
use crate::protocol::directory::Directory;
use crate::quote::Shown;

const STEP: &str = "compare";

/// Whether both have the same names, kinds, contents, permission bits, texts of links and device numbers. Owners and
/// times may differ, and the modes of the two top directories. A tree with a mount point is like no other, because what
/// is mounted is not compared.
pub(crate) fn same(one: &Directory, other: &Directory, signals: &Signals) -> Result<bool> {
    let mut walk = Walk::new(one, STEP, signals)?;
    let mut twin = Twin { cursor: Cursor::open(other, STEP)?, signals };
    if !twin.has_names_of(&walk)? {
        return Ok(false);
    }
    loop {
        let Some(entry) = walk.next()? else {
            if !walk.leave()? {
                return Ok(true);
            }
            twin.cursor.leave()?;
            continue;
        };
        let stat = Stat::at(twin.cursor.here(), entry.name.as_os_str());
        let stat = stat.map_err(twin.cursor.failed(&entry.name))?;
        if !twin.is_like(&walk, &entry, &stat)? {
            return Ok(false);
        }
        if entry.stat.kind() == FileType::Directory {
            walk.enter(&entry)?;
            twin.cursor.enter(&entry.name, &stat)?;
            if !twin.has_names_of(&walk)? {
                return Ok(false);
            }
        }
    }
}

/// The place in the other tree.
struct Twin<'a> {
    cursor: Cursor,
    signals: &'a Signals,
}

impl Twin<'_> {
    /// Whether it has the names that the walk has just listed.
    fn has_names_of(&self, walk: &Walk<'_>) -> Result<bool> {
        let names = names(self.cursor.here()).map_err(self.cursor.failed(OsStr::new("")))?;
        Ok(names == walk.names_left())
    }

    /// Whether its entry of the same name, with the state `stat`, is the same. What is in a directory is not compared.
    fn is_like(&self, walk: &Walk<'_>, entry: &Entry, stat: &Stat) -> Result<bool> {
        let is_elsewhere = stat.kind() == FileType::Directory && !stat.is_on_same_device(self.cursor.state());
        if stat.kind() != entry.stat.kind() || entry.is_mount_point || stat.is_mount_point() || is_elsewhere {
            return Ok(false);
        }
        let name = entry.name.as_os_str();
        match stat.kind() {
            FileType::Symlink => {
                let text = |cursor: &Cursor| platform::link_text(cursor.here(), name).map_err(cursor.cannot_read(name));
                Ok(text(&walk.cursor)? == text(&self.cursor)?)
            }
            _ if stat.bits() != entry.stat.bits() => Ok(false),
            FileType::RegularFile => {
                // Two links to one file, as in a copy that shares files.
                let is_same = stat.is_same_file(&entry.stat);
                let may_be_same = stat.size == entry.stat.size || entry.stat.may_end_early();
                Ok(is_same || may_be_same && self.has_content_of(walk, entry, stat)?)
            }
            FileType::CharacterDevice | FileType::BlockDevice => Ok(stat.device_number == entry.stat.device_number),
            _ => Ok(true),
        }
    }

    fn has_content_of(&self, walk: &Walk<'_>, entry: &Entry, stat: &Stat) -> Result<bool> {
        let one = Content::open(&walk.cursor, &entry.name, &entry.stat)?;
        let other = Content::open(&self.cursor, &entry.name, stat)?;
        let (mut buffer, mut other_buffer) = (Vec::with_capacity(one.capacity()), Vec::with_capacity(one.capacity()));
        let mut offset = 0;
        let is_same = loop {
            self.signals.check()?;
            one.fill(&mut buffer, offset)?;
            other.fill(&mut other_buffer, offset)?;
            if buffer != other_buffer || buffer.is_empty() {
                break buffer == other_buffer;
            }
            offset += buffer.len() as u64;
        };
        one.must_be_unchanged(&walk.cursor, &entry.name)?;
        other.must_be_unchanged(&self.cursor, &entry.name)?;
        Ok(is_same)
    }
}

/// An open file that is compared.
struct Content {
    file: OwnedFd,
    stat: Stat,
    path: std::path::PathBuf,
}

impl Content {
    fn open(cursor: &Cursor, name: &OsStr, expected: &Stat) -> Result<Content> {
        let file = platform::open_for_reading(cursor.here(), name).map_err(cursor.cannot_read(name))?;
        let content = Content { file, stat: *expected, path: cursor.path(name) };
        content.must_be_unchanged(cursor, name)?;
        Ok(content)
    }

    /// How much is read at once, in bytes: one more than a small file has.
    fn capacity(&self) -> usize {
        usize::try_from(self.stat.size).unwrap_or(BUFFER).saturating_add(1).min(BUFFER)
    }

    /// Fills the buffer to its capacity, or up to the end of the file.
    fn fill(&self, buffer: &mut Vec<u8>, offset: u64) -> Result<()> {
        buffer.clear();
        while buffer.len() < buffer.capacity() {
            let next = offset + buffer.len() as u64;
            if platform::read_at(&self.file, buffer, next).map_err(cannot_read(&self.path))? == 0 {
                break;
            }
        }
        Ok(())
    }

    fn must_be_unchanged(&self, cursor: &Cursor, name: &OsStr) -> Result<()> {
        let now = Stat::of(&self.file).map_err(cannot_read(&self.path))?;
        if now.is_same_state(&self.stat) { Ok(()) } else { Err(cursor.changed(name)) }
    }
}

fn cannot_read(path: &Path) -> impl FnOnce(platform::Errno) -> Error + '_ {
    at(STEP, Shown(path.as_os_str()))
}
