//! The short random names of staging files.
//!
//! Nobody can guess one. It begins with a dot, contains nothing of TARGET's name and has no extension, so that neither a
//! long name nor a glob such as `*.conf` meets it.

use std::ffi::{OsStr, OsString};
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};

use super::directory::Directory;
use super::stat::Stat;
use super::unnamed::{self, LinkBy};
use crate::failure::words;
use crate::quote::Shown;
use crate::sys::{self, Retries};

/// Every staging name begins like this; 12 letters and digits follow.
const PREFIX: &str = ".aw-";
const RANDOM: usize = 12;
/// How many random names are tried. One that is taken is a wonder; so many are a file system that says so of each.
const MOST_NAMES: usize = 64;

/// What names the staging file.
#[derive(Debug)]
pub(crate) enum Naming<'d> {
    /// Nothing yet.
    Unnamed(LinkBy),
    /// This name, from the start.
    Named(TemporaryName<'d>),
}

/// A short random name in a directory, unlinked when it is dropped.
#[derive(Debug)]
pub(crate) struct TemporaryName<'d> {
    directory: &'d Directory,
    pub(crate) name: OsString,
    /// The inode that we gave it to.
    inode: Stat,
    /// Whether it is still ours to remove.
    ours: bool,
}

impl<'d> TemporaryName<'d> {
    /// Creates a file under a new random name; never opens one that exists, never follows a link.
    pub(crate) fn create(directory: &'d Directory, mode: Mode) -> std::result::Result<(Self, OwnedFd), Errno> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
        let (name, file) = with_free_name(|name| sys::openat(directory, name, flags, mode))?;
        let inode = Stat::of(&file).inspect_err(|_| remove(directory, &name))?;
        Ok((TemporaryName { directory, name, inode, ours: true }, file))
    }

    /// Gives the open file a new random name.
    pub(crate) fn link(directory: &'d Directory, file: BorrowedFd<'_>, by: LinkBy) -> std::result::Result<Self, Errno> {
        let inode = Stat::of(file)?;
        let (name, ()) = with_free_name(|name| unnamed::link(directory, file, by, name))?;
        Ok(TemporaryName { directory, name, inode, ours: true })
    }

    /// A second name for the file that is called `existing`.
    pub(crate) fn link_name(directory: &'d Directory, existing: &OsStr) -> std::result::Result<Self, Errno> {
        /// As often as other writers may be quicker.
        const MOST: usize = 64;
        let link = |name: &OsStr| {
            sys::linkat(directory, existing, directory, name, AtFlags::empty()).or_else(|errno| {
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
        let inode = look.inspect_err(|_| remove(directory, &name))?;
        Ok(TemporaryName { directory, name, inode, ours: true })
    }

    /// Opens the file for reading, if the name still leads to it.
    pub(crate) fn open(&self) -> std::result::Result<OwnedFd, Errno> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW;
        let file = sys::open(self.directory, &self.name, flags)?;
        if Stat::of(&file)?.is_same_file(&self.inode) { Ok(file) } else { Err(Errno::STALE) }
    }

    /// Another name of the same file, which has been made already.
    pub(crate) fn second(&self, name: OsString) -> Self {
        TemporaryName { directory: self.directory, name, inode: self.inode, ours: true }
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

impl Drop for TemporaryName<'_> {
    fn drop(&mut self) {
        if !self.ours {
            return;
        }
        match self.directory.lstat(&self.name) {
            Ok(None) => return,
            Ok(Some(found)) if found.is_same_file(&self.inode) => {}
            Ok(Some(_)) if self.directory.has_unstable_numbers(&self.name) => {}
            Ok(Some(_)) => {
                note_leftover(self.directory, &self.name, "another file has taken the place of the staged one");
                return;
            }
            // Unknown; but no other program can have guessed it.
            Err(_) => {}
        }
        remove(self.directory, &self.name);
    }
}

/// Unlinks a name of ours, or notes that it stays.
pub(super) fn remove(directory: &Directory, name: &OsStr) {
    match sys::unlinkat(directory, name, AtFlags::empty()) {
        // Stale is the directory: on its server it has been removed, which it could only be when it was empty.
        Ok(()) | Err(Errno::NOENT | Errno::STALE) => {}
        Err(errno) => note_leftover(directory, name, &words(errno)),
    }
}

fn note_leftover(directory: &Directory, name: &OsStr, reason: &str) {
    let path = directory.join(name);
    directory.leave(format!("{} is left behind: {reason}", Shown(path.as_os_str())));
}

/// Calls with new random names until one is free. Returns it with what the call has made of it.
fn with_free_name<T>(
    call: impl Fn(&OsStr) -> std::result::Result<T, Errno>,
) -> std::result::Result<(OsString, T), Errno> {
    for _ in 0..MOST_NAMES {
        let name = random_name()?;
        match call(&name) {
            Err(Errno::EXIST) => {}
            done => return done.map(|made| (name, made)),
        }
    }
    Err(Errno::EXIST)
}

/// As [`Directory::verify_after_error`], for a random name: where file numbers cannot be relied on, no other program can have guessed it. One
/// that is said to be taken is another's all the same.
pub(super) fn verify_after_error(
    directory: &Directory,
    name: &OsStr,
    ours: &Stat,
    errno: Errno,
) -> std::result::Result<(), Errno> {
    let is_there = || matches!(directory.lstat(name), Ok(Some(_)));
    directory
        .verify_after_error(name, ours, errno)
        .or_else(|errno| if errno != Errno::EXIST && is_there() { Ok(()) } else { Err(errno) })
}

/// A new one.
pub(super) fn random_name() -> std::result::Result<OsString, Errno> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnopqrstuvwxyz2345678";
    let mut bytes = [0; RANDOM];
    random_bytes(&mut bytes)?;
    let random = bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)]));
    Ok(PREFIX.chars().chain(random).collect::<String>().into())
}

/// From getrandom(2), or from the device where that is older than the kernel or refused by a filter.
fn random_bytes(bytes: &mut [u8]) -> std::result::Result<(), Errno> {
    let mut device: Option<OwnedFd> = None;
    let mut retries = Retries::default();
    let mut filled = 0;
    while let Some(rest @ [_, ..]) = bytes.get_mut(filled..) {
        let read = match &device {
            None => getrandom(rest, GetRandomFlags::empty()),
            Some(device) => rustix::io::read(device, rest),
        };
        match read {
            Ok(0) => return Err(Errno::IO),
            Ok(count) => filled += count,
            Err(Errno::INTR) => retries.again(Errno::INTR)?,
            Err(Errno::NOSYS | Errno::PERM) if device.is_none() => {
                device = Some(sys::open(CWD, "/dev/urandom", OFlags::RDONLY)?);
            }
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}
