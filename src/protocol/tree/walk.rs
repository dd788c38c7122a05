//! A walk through a tree, entry by entry. Without recursion, so that depth needs no stack.

use std::ffi::{OsStr, OsString};
use std::vec::IntoIter;

use super::cursor::Cursor;
use super::names::names;
use crate::error::Result;
use crate::platform::{Errno, FileType, Signals, Stat};
use crate::protocol::directory::Directory;

/// One entry of a directory.
pub(super) struct Entry {
    pub(super) name: OsString,
    pub(super) stat: Stat,
    /// Whether a file system is mounted on it, so far as the system tells: otherwise only if it is on another device.
    pub(super) is_mount_point: bool,
}

impl Entry {
    /// Whether it is a directory of this tree.
    pub(super) fn can_be_entered(&self) -> bool {
        self.stat.kind() == FileType::Directory && !self.is_mount_point
    }
}

/// A walk. Each directory's entries come in the order of their names.
///
/// The caller decides whether to [`enter`](Walk::enter) a directory that it was given, and [`leave`](Walk::leave)s the
/// current one when it has no more entries.
pub(super) struct Walk<'a> {
    pub(super) cursor: Cursor,
    /// The names that are left in the current directory and in each above it.
    left: Vec<IntoIter<OsString>>,
    signals: &'a Signals,
    /// Whether an entry that is gone is passed over. Otherwise it is an error.
    tolerant: bool,
}

impl<'a> Walk<'a> {
    /// A walk of what must stay as it is.
    pub(super) fn new(top: &Directory, step: &'static str, signals: &'a Signals) -> Result<Walk<'a>> {
        Walk::start(top, step, signals, false)
    }

    /// A walk of what others may change.
    pub(super) fn tolerant(top: &Directory, step: &'static str, signals: &'a Signals) -> Result<Walk<'a>> {
        Walk::start(top, step, signals, true)
    }

    fn start(top: &Directory, step: &'static str, signals: &'a Signals, tolerant: bool) -> Result<Walk<'a>> {
        let mut walk = Walk { cursor: Cursor::open(top, step)?, left: Vec::new(), signals, tolerant };
        walk.list()?;
        Ok(walk)
    }

    /// The next entry of the current directory; `None` if it has no more.
    pub(super) fn next(&mut self) -> Result<Option<Entry>> {
        loop {
            self.signals.check()?;
            let Some(name) = self.left.last_mut().and_then(Iterator::next) else { return Ok(None) };
            match Stat::at(self.cursor.here(), name.as_os_str()) {
                Ok(stat) => {
                    let is_elsewhere = !stat.is_on_same_device(self.cursor.state());
                    // The files of a directory of overlayfs may be on other devices.
                    let is_elsewhere = is_elsewhere && stat.kind() == FileType::Directory;
                    let is_mount_point = stat.is_mount_point() || is_elsewhere;
                    return Ok(Some(Entry { name, stat, is_mount_point }));
                }
                Err(Errno::NOENT) if self.tolerant => {}
                Err(Errno::NOENT) => return Err(self.cursor.changed(&name)),
                Err(errno) => return Err(self.cursor.failed(&name)(errno)),
            }
        }
    }

    /// Enters the directory of an entry. Does nothing if it is gone and that is no error.
    pub(super) fn enter(&mut self, entry: &Entry) -> Result<()> {
        if self.cursor.try_enter(&entry.name, &entry.stat)? {
            self.list()
        } else if self.tolerant {
            Ok(())
        } else {
            Err(self.cursor.changed(&entry.name))
        }
    }

    /// Goes back to the directory above. Returns false at the top, where the walk ends.
    pub(super) fn leave(&mut self) -> Result<bool> {
        self.left.pop();
        self.cursor.leave()
    }

    /// The names that are left in the current directory: all of them, after it was entered.
    pub(super) fn names_left(&self) -> &[OsString] {
        self.left.last().map_or(&[], IntoIter::as_slice)
    }

    fn list(&mut self) -> Result<()> {
        let listed = match names(self.cursor.here()) {
            Err(Errno::NOENT) if self.tolerant => Vec::new(),
            // It was removed after it was entered.
            Err(Errno::NOENT) => return Err(self.cursor.changed(OsStr::new(""))),
            listed => listed.map_err(self.cursor.failed(OsStr::new("")))?,
        };
        self.left.push(listed.into_iter());
        Ok(())
    }
}
