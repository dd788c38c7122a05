//! The short random names of staging files.
//!
//! Nobody can guess one. It begins with a dot, contains nothing of TARGET's name and has no extension, so that neither a
//! long name nor a glob such as `*.conf` meets it.

use std::ffi::{OsStr, OsString};
use std::rc::Rc;

use super::directory::Directory;
use crate::platform::{self, BorrowedFd, Errno, LinkBy, OwnedFd, Result, Stat};

/// Every staging name begins like this; 12 letters and digits follow.
pub(super) const PREFIX: &str = ".aw-";
/// How many letters and digits follow.
pub(super) const RANDOM: usize = 12;
/// How many random names are tried. One that is taken is a wonder; so many are a file system that says so of each.
const MOST_NAMES: usize = 64;

/// A short random name in a directory, unlinked when it is dropped.
#[derive(Debug)]
pub(crate) struct StagingName {
    directory: Rc<Directory>,
    pub(crate) name: OsString,
    /// The inode that we gave it to.
    inode: Stat,
    /// Whether it is still ours to remove.
    ours: bool,
}

impl StagingName {
    /// Creates a file under a new random name; never opens one that exists, never follows a link.
    pub(crate) fn create(directory: &Rc<Directory>, mode: u32) -> Result<(Self, OwnedFd)> {
        let (name, file) = with_free_name(|name| platform::create_new(directory, name, mode))?;
        let inode = Stat::of(&file).inspect_err(|_| directory.remove(&name))?;
        Ok((StagingName::new(directory, name, inode), file))
    }

    /// Gives the unnamed file a new random name.
    pub(crate) fn link(directory: &Rc<Directory>, file: BorrowedFd<'_>, by: LinkBy) -> Result<Self> {
        let inode = Stat::of(file)?;
        let link = |name: &OsStr| {
            platform::link_unnamed(directory, file, by, name)
                .or_else(|errno| directory.verify_after_error(name, &inode, errno))
        };
        let (name, ()) = with_free_name(link)?;
        Ok(StagingName::new(directory, name, inode))
    }

    /// A second name for the file that is called `existing`.
    pub(crate) fn link_name(directory: &Rc<Directory>, existing: &OsStr) -> Result<Self> {
        /// As often as other writers may be quicker.
        const MOST: usize = 64;
        let link = |name: &OsStr| {
            platform::link(directory, existing, name).or_else(|errno| {
                let file = directory.lstat(existing)?.ok_or(Errno::NOENT)?;
                verify_after_error(directory, name, &file, errno)
            })
        };
        let mut lost = 0;
        let name = loop {
            match with_free_name(link) {
                // What was found there has lost the name before it could be linked; what has it now may be.
                Err(Errno::NOENT) if lost < MOST && directory.lstat(existing)?.is_some() => lost += 1,
                linked => break linked?.0,
            }
        };
        let look = directory.lstat(&name).and_then(|found| found.ok_or(Errno::NOENT));
        let inode = look.inspect_err(|_| directory.remove(&name))?;
        Ok(StagingName::new(directory, name, inode))
    }

    fn new(directory: &Rc<Directory>, name: OsString, inode: Stat) -> Self {
        StagingName { directory: Rc::clone(directory), name, inode, ours: true }
    }

    /// Opens the file for reading, if the name still leads to it.
    pub(crate) fn open(&self) -> Result<OwnedFd> {
        let file = platform::open_for_reading(&self.directory, &self.name)?;
        if Stat::of(&file)?.is_same_file(&self.inode) { Ok(file) } else { Err(Errno::STALE) }
    }

    /// Another name of the same file, which has been made already.
    pub(crate) fn second(&self, name: OsString) -> Self {
        StagingName::new(&self.directory, name, self.inode)
    }

    /// The inode that has the name.
    pub(crate) fn inode(&self) -> &Stat {
        &self.inode
    }

    /// The name is gone by a rename, or must stay.
    pub(crate) fn disarm(mut self) -> OsString {
        self.ours = false;
        std::mem::take(&mut self.name)
    }
}

impl Drop for StagingName {
    fn drop(&mut self) {
        if !self.ours {
            return;
        }
        match self.directory.lstat(&self.name) {
            Ok(None) => return,
            Ok(Some(found)) if found.is_same_file(&self.inode) => {}
            Ok(Some(_)) if self.directory.has_unstable_numbers(&self.name) => {}
            Ok(Some(_)) => {
                self.directory.left_behind(&self.name, "another file has taken the place of the staged one");
                return;
            }
            // Unknown; but no other program can have guessed it.
            Err(_) => {}
        }
        self.directory.remove(&self.name);
    }
}

/// Calls with new random names until one is free. Returns it with what the call has made of it.
fn with_free_name<T>(call: impl Fn(&OsStr) -> Result<T>) -> Result<(OsString, T)> {
    for _ in 0..MOST_NAMES {
        let name = random_name()?;
        match call(&name) {
            Err(Errno::EXIST) => {}
            done => return done.map(|made| (name, made)),
        }
    }
    Err(Errno::EXIST)
}

/// As [`Directory::verify_after_error`], for a random name: where file numbers cannot be relied on, no other program can
/// have guessed it. One that is said to be taken is another's all the same.
pub(super) fn verify_after_error(directory: &Directory, name: &OsStr, file: &Stat, errno: Errno) -> Result<()> {
    let is_there = || matches!(directory.lstat(name), Ok(Some(_)));
    directory
        .verify_after_error(name, file, errno)
        .or_else(|errno| if errno != Errno::EXIST && is_there() { Ok(()) } else { Err(errno) })
}

/// A new one.
pub(super) fn random_name() -> Result<OsString> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnopqrstuvwxyz2345678";
    let mut bytes = [0; RANDOM];
    platform::random_bytes(&mut bytes)?;
    let random = bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)]));
    Ok(PREFIX.chars().chain(random).collect::<String>().into())
}
