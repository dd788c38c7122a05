//! The names of staging files.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::rc::Rc;

use super::directory::{Directory, Entry};
use super::private_directory::PrivateDirectory;
use super::random_name::with_free_name;
use crate::platform::{self, BorrowedFd, Errno, LinkBy, OwnedFd, Result, Stat};

/// The name of a staging file, unlinked when it is dropped: a short random one beside the final file, or TARGET's own in a
/// private directory.
///
/// Fields are dropped in order: some systems do not remove a directory that is open.
#[derive(Debug)]
pub(crate) struct StagingName {
    directory: Rc<Directory>,
    /// The private directory that it is in.
    private: Option<Rc<PrivateDirectory>>,
    pub(crate) name: OsString,
    /// The inode that it was created for.
    inode: Stat,
    /// Whether dropping this removes the name.
    armed: bool,
}

impl StagingName {
    /// Creates a file under a new random name. Never opens an existing file, never follows a symbolic link.
    pub(crate) fn create(directory: &Rc<Directory>, mode: u32) -> Result<(Self, OwnedFd)> {
        let (name, file) = with_free_name(|name| platform::create_new(directory, name, mode))?;
        let inode = Stat::of(&file).inspect_err(|_| directory.remove(&name))?;
        Ok((StagingName::new(directory, name, inode), file))
    }

    /// Links the unnamed file under a new random name.
    pub(crate) fn link(directory: &Rc<Directory>, file: BorrowedFd<'_>, by: LinkBy) -> Result<Self> {
        let inode = Stat::of(file)?;
        let link = |name: &OsStr| {
            platform::link_unnamed(directory, file, by, name)
                .or_else(|errno| directory.verify_after_error(name, &inode, errno))
        };
        let (name, ()) = with_free_name(link)?;
        Ok(StagingName::new(directory, name, inode))
    }

    /// Links the file `existing` under a second, random name.
    pub(crate) fn link_name(directory: &Rc<Directory>, existing: &OsStr) -> Result<Self> {
        /// How often another writer may replace the file first.
        const MAX_ATTEMPTS: usize = 64;
        let link = |name: &OsStr| {
            platform::link(directory, existing, directory, name).or_else(|errno| {
                let file = directory.lstat(existing)?.ok_or(Errno::NOENT)?;
                verify_after_error(directory, name, &file, errno)
            })
        };
        let mut lost = 0;
        let name = loop {
            match with_free_name(link) {
                // The file lost its name before it could be linked. The file that has the name now may be linked
                // instead.
                Err(Errno::NOENT) if lost < MAX_ATTEMPTS && directory.lstat(existing)?.is_some() => lost += 1,
                linked => break linked?.0,
            }
        };
        let look = directory.lstat(&name).and_then(|found| found.ok_or(Errno::NOENT));
        let inode = look.inspect_err(|_| directory.remove(&name))?;
        Ok(StagingName::new(directory, name, inode))
    }

    fn new(directory: &Rc<Directory>, name: OsString, inode: Stat) -> Self {
        StagingName { directory: Rc::clone(directory), private: None, name, inode, armed: true }
    }

    /// Takes ownership of `name` in a private directory, which leads to `inode`.
    pub(crate) fn in_private(private: Rc<PrivateDirectory>, name: &OsStr, inode: Stat) -> Self {
        let directory = Rc::clone(private.directory());
        StagingName { directory, private: Some(private), name: name.to_owned(), inode, armed: true }
    }

    /// The private directory that it is in, if it is in one.
    pub(crate) fn private(&self) -> Option<&Rc<PrivateDirectory>> {
        self.private.as_ref()
    }

    /// Opens the file for reading, if the name still leads to it.
    pub(crate) fn open(&self) -> Result<OwnedFd> {
        let file = platform::open_staged(&self.directory, &self.name)?;
        if Stat::of(&file)?.is_same_file(&self.inode) { Ok(file) } else { Err(Errno::STALE) }
    }

    /// Takes ownership of another existing name of the same file.
    pub(crate) fn second(&self, name: OsString) -> Self {
        StagingName::new(&self.directory, name, self.inode)
    }

    /// The inode that it was created for.
    pub(crate) fn inode(&self) -> &Stat {
        &self.inode
    }

    /// The directory that it is in.
    pub(crate) fn directory(&self) -> &Rc<Directory> {
        &self.directory
    }

    /// The name in its directory.
    pub(crate) fn entry(&self) -> Entry<'_> {
        Entry { directory: &self.directory, name: &self.name }
    }

    /// The file was renamed, so there is no name to remove.
    pub(crate) fn renamed(mut self) {
        self.armed = false;
    }

    /// Keeps the name, because the user needs the file. Returns its path, for messages.
    pub(crate) fn keep(mut self) -> PathBuf {
        self.armed = false;
        self.private.iter().for_each(|private| private.keep());
        self.entry().path()
    }
}

impl Drop for StagingName {
    fn drop(&mut self) {
        if !self.armed {
            return;
        }
        match self.directory.lstat(&self.name) {
            Ok(None) => return,
            Ok(Some(found)) if found.is_same_file(&self.inode) => {}
            Ok(Some(_)) if self.directory.has_unstable_inode_numbers(&self.name) => {}
            Ok(Some(_)) => {
                if self.private.is_none() {
                    self.directory.left_behind(&self.name, "another file has taken the place of the staged one");
                }
                return;
            }
            // Unknown, but no other program can have guessed the name.
            Err(_) => {}
        }
        if self.private.is_none() {
            self.directory.remove(&self.name);
        } else {
            // The removal of the private directory removes whatever is there by then, and reports what stays.
            let _ = platform::unlink(&self.directory, &self.name);
        }
    }
}

/// As [`Directory::verify_after_error`], for a random name. Where inode numbers are unstable, an existing name is proof
/// enough, because no other program can have guessed it. After EEXIST it belongs to another program.
pub(super) fn verify_after_error(directory: &Directory, name: &OsStr, file: &Stat, errno: Errno) -> Result<()> {
    let exists = || matches!(directory.lstat(name), Ok(Some(_)));
    directory
        .verify_after_error(name, file, errno)
        .or_else(|errno| if errno != Errno::EXIST && exists() { Ok(()) } else { Err(errno) })
}
