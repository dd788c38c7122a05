//! Removal of a tree, whatever it holds.
//!
//! A directory that is not empty is renamed up into the top directory of the tree, under a random name. So no
//! directory is ever more than one level below the top, however deep the tree was.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use super::names::names;
use crate::platform::{self, DirectoryHandle, Errno, FileType, Result, Stat, os_message};
use crate::protocol::directory::Directory;
use crate::protocol::random_name::random_name;

/// How many paths are reported.
const NAMED: usize = 10;
/// How often the top directory is read. Another program may add entries meanwhile.
const MAX_PASSES: usize = 4;
/// How many levels of a directory's descendants are followed. Another program could add levels for ever.
const MAX_DEPTH: u32 = 10_000_000;

/// What a removal has left.
#[derive(Debug, Default)]
pub(crate) struct Removal {
    /// What could not be removed, with the reasons: the first few.
    pub(crate) left: Vec<(PathBuf, String)>,
    /// How many more there were.
    pub(crate) more: u64,
}

impl Removal {
    fn add(&mut self, path: PathBuf, reason: String) {
        if self.left.len() < NAMED {
            self.left.push((path, reason));
        } else {
            self.more += 1;
        }
    }
}

/// Removes `name` and, if it is a directory, all that is in it. Enters no other mount. A signal does not end it: what is not
/// removed would be left behind.
pub(crate) fn remove(parent: &Directory, name: &OsStr) -> Removal {
    let mut removal = Removal::default();
    let removed = match Stat::at(parent, name) {
        Ok(stat) if stat.kind() != FileType::Directory => platform::unlink(parent, name),
        Ok(stat) if is_elsewhere(parent, &stat) => Err(Errno::BUSY),
        Ok(stat) => match platform::remove_directory(parent, name) {
            Err(Errno::NOTEMPTY | Errno::EXIST) => return remove_tree(parent, name, &stat),
            removed => removed,
        },
        // It may be the parent that is gone.
        Err(Errno::STALE) => platform::remove_directory(parent, name),
        Err(errno) => Err(errno),
    };
    match removed {
        // ESTALE refers to the directory: it was removed on its server, which required it to be empty.
        Ok(()) | Err(Errno::NOENT | Errno::STALE) => {}
        Err(errno) => removal.add(parent.join(name), os_message(errno)),
    }
    removal
}

fn remove_tree(parent: &Directory, name: &OsStr, stat: &Stat) -> Removal {
    let path = parent.join(name);
    let mut removal = Removal::default();
    for pass in 1..=MAX_PASSES {
        let top = match open(parent, name, stat) {
            Ok(Some(top)) => top,
            Ok(None) => return removal,
            Err(errno) => {
                removal.add(path, os_message(errno));
                return removal;
            }
        };
        let mut tree = Tree { top, path: &path, waiting: Vec::new(), removal: Removal::default() };
        let is_read = tree.empty_top();
        // Closes the directory, which some systems do not remove while it is open.
        removal = tree.finish();
        match platform::remove_directory(parent, name) {
            Ok(()) | Err(Errno::NOENT) => return Removal::default(),
            // Another program has added entries.
            Err(Errno::NOTEMPTY | Errno::EXIST) if is_read && removal.left.is_empty() && pass < MAX_PASSES => {}
            Err(errno) => {
                if removal.left.is_empty() {
                    removal.add(path, os_message(errno));
                }
                return removal;
            }
        }
    }
    removal
}

/// Whether the entry of the directory is on another mount.
fn is_elsewhere(directory: &DirectoryHandle, stat: &Stat) -> bool {
    stat.is_mount_point() || Stat::of(directory).is_ok_and(|here| !here.is_on_same_device(stat))
}

/// Opens the directory `name`, so that entries can be removed from it. `None` if it is not there any more.
fn open(parent: &DirectoryHandle, name: &OsStr, expected: &Stat) -> Result<Option<DirectoryHandle>> {
    if expected.bits() & 0o700 != 0o700 && platform::owner_or_capable(expected.uid) {
        // If this fails, the calls that need it report why.
        let _ = platform::set_mode_of_name(parent, name, 0o700);
    }
    match platform::open_directory(parent, name, false) {
        Ok((directory, _)) if Stat::of(&directory)?.is_same_file(expected) => Ok(Some(directory)),
        // That would mean that something else has the name.
        Err(errno @ (Errno::NOENT | Errno::NOTDIR | Errno::LOOP))
            if Stat::at(parent, name).is_ok_and(|now| now.is_same_file(expected)) =>
        {
            Err(errno)
        }
        // Something else has the name by now.
        Ok(_) | Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// A tree while it is removed.
struct Tree<'a> {
    top: DirectoryHandle,
    path: &'a PathBuf,
    /// Directories in the top directory that are not empty, and how deep they were.
    waiting: Vec<(OsString, Stat, u32)>,
    removal: Removal,
}

impl Tree<'_> {
    /// Removes all that is in the top directory. Returns false if that cannot be read.
    fn empty_top(&mut self) -> bool {
        let names = match names(&self.top) {
            Ok(names) => names,
            Err(errno) => {
                self.failed(&[], errno);
                return false;
            }
        };
        for name in names {
            match self.remove_entry(&self.top, &name) {
                Ok(None) => {}
                Ok(Some(stat)) => self.waiting.push((name, stat, 1)),
                Err(errno) => self.failed(&[&name], errno),
            }
            // The most recent first: the fewest names are then in memory and in the top directory.
            while let Some((name, stat, depth)) = self.waiting.pop() {
                self.empty(&name, &stat, depth);
            }
        }
        true
    }

    /// Removes the directory `name`, which is in the top directory.
    fn empty(&mut self, name: &OsStr, stat: &Stat, depth: u32) {
        let before = self.failures();
        match open(&self.top, name, stat) {
            Ok(None) => {}
            Ok(Some(directory)) => match names(&directory) {
                Ok(names) => names.iter().for_each(|inner| self.empty_entry(&directory, name, inner, depth)),
                Err(errno) => self.failed(&[name], errno),
            },
            Err(errno) => self.failed(&[name], errno),
        }
        match platform::remove_directory(&self.top, name) {
            Ok(()) | Err(Errno::NOENT) => {}
            // Of what is in it, that is known already.
            Err(Errno::NOTEMPTY | Errno::EXIST) if self.failures() > before => {}
            Err(errno) => self.failed(&[name], errno),
        }
    }

    /// Removes `inner` in the directory `name`, or moves it up into the top directory.
    fn empty_entry(&mut self, directory: &DirectoryHandle, name: &OsStr, inner: &OsStr, depth: u32) {
        let moved = self.remove_entry(directory, inner).and_then(|found| match found {
            Some(stat) if depth < MAX_DEPTH => Ok(Some((self.move_up(directory, inner, &stat)?, stat))),
            Some(_) => Err(Errno::NOTEMPTY),
            None => Ok(None),
        });
        match moved {
            Ok(None) => {}
            Ok(Some((moved, stat))) => self.waiting.push((moved, stat, depth + 1)),
            Err(errno) => self.failed(&[name, inner], errno),
        }
    }

    /// Removes the entry, unless it is a directory that is not empty. Returns the state of that.
    fn remove_entry(&self, directory: &DirectoryHandle, name: &OsStr) -> Result<Option<Stat>> {
        let removed = match Stat::at(directory, name) {
            Ok(stat) if stat.kind() != FileType::Directory => platform::unlink(directory, name),
            Ok(stat) if is_elsewhere(&self.top, &stat) => Err(Errno::BUSY),
            Ok(stat) => match platform::remove_directory(directory, name) {
                Err(Errno::NOTEMPTY | Errno::EXIST) => return Ok(Some(stat)),
                removed => removed,
            },
            Err(errno) => Err(errno),
        };
        match removed {
            Ok(()) | Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    /// Renames the directory `name` up into the top directory. That changes its `..`, which needs the right to write it.
    fn move_up(&self, directory: &DirectoryHandle, name: &OsStr, stat: &Stat) -> Result<OsString> {
        if stat.bits() & 0o700 != 0o700 && platform::owner_or_capable(stat.uid) {
            let _ = platform::set_mode_of_name(directory, name, 0o700);
        }
        let new = random_name()?;
        platform::rename(directory, name, &self.top, &*new)?;
        Ok(new)
    }

    fn finish(self) -> Removal {
        self.removal
    }

    fn failures(&self) -> u64 {
        self.removal.left.len() as u64 + self.removal.more
    }

    fn failed(&mut self, below: &[&OsStr], errno: Errno) {
        let mut path = self.path.clone();
        path.extend(below);
        self.removal.add(path, os_message(errno));
    }
}
