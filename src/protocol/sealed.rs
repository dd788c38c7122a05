//! The staging file after its content is complete. It can be read, gets its metadata, and is synced and named, but not
//! written.

use std::ffi::{CString, OsStr};
use std::path::PathBuf;
use std::rc::Rc;

use super::directory::{Directory, Entry};
use super::lock;
use super::naming::Naming;
use super::private_directory::PrivateDirectory;
use super::staging_name::StagingName;
use crate::error::{Context, Result, failed};
use crate::platform::{self, AsFd, BorrowedFd, Errno, OwnedFd, Stat, refuses_names};

/// Which descriptor must stay open on a named staging file until the directory is synced.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum KeepOpen {
    /// None.
    Nothing,
    /// A reader, without which the file system could not be synced.
    Reader,
    /// A reader that holds the lock.
    LockedReader,
}

/// The access that a staging file was created with, which is reduced until its metadata is applied.
#[derive(Debug)]
pub(crate) struct InitialAccess {
    pub(crate) mode: u32,
    /// An ACL that grants access beside the mode, and its name.
    pub(crate) acl: Option<(CString, Vec<u8>)>,
}

/// A staging file whose content is complete.
#[derive(Debug)]
pub(crate) struct Sealed {
    /// The descriptor that wrote, while it is open: only it reports all writeback errors.
    pub(super) writer: Option<OwnedFd>,
    pub(super) reader: Option<OwnedFd>,
    pub(super) directory: Rc<Directory>,
    pub(super) naming: Naming,
    pub(super) probe: Option<StagingName>,
    /// `None` if its access was not reduced.
    pub(crate) initial: Option<InitialAccess>,
    pub(super) keep_open: KeepOpen,
}

impl Sealed {
    /// The open descriptor: the writer while it is open, otherwise the reader.
    pub(crate) fn file(&self) -> Result<BorrowedFd<'_>> {
        let open = self.writer.as_ref().or(self.reader.as_ref());
        open.map(AsFd::as_fd).ok_or_else(|| failed("open", "the staging file has been closed"))
    }

    /// The same, opened again if no descriptor is open.
    pub(crate) fn reopened(&mut self) -> Result<BorrowedFd<'_>> {
        if self.writer.is_none() && self.reader.is_none() {
            self.open_reader()?;
        }
        self.file()
    }

    /// Closes the writer and returns a reader.
    pub(crate) fn reader(&mut self) -> Result<BorrowedFd<'_>> {
        self.close_writer()?;
        self.reopened()
    }

    /// Closes the writer, unless it is the only descriptor of an unnamed file. A later sync goes through a reader.
    /// Network file systems report a full disk here, and without a sync only here.
    pub(crate) fn close_writer(&mut self) -> Result<()> {
        if self.is_held_by_writer() {
            return Ok(());
        }
        if let Some(writer) = self.writer.take() {
            platform::close(writer).map_err(|errno| self.directory.staging_error("close", errno))?;
        }
        if self.keep_open != KeepOpen::Nothing && self.reader.is_none() {
            self.open_reader()?;
        }
        Ok(())
    }

    /// Closes every descriptor that need not stay open, and removes the name that was a probe.
    pub(crate) fn close(&mut self) -> Result<()> {
        self.close_writer()?;
        if self.is_named() && self.keep_open == KeepOpen::Nothing {
            self.reader = None;
        }
        self.probe = None;
        Ok(())
    }

    /// Another reader, whose offset is its own.
    pub(crate) fn open_by_name(&self) -> platform::Result<OwnedFd> {
        self.naming.open()
    }

    /// Gives the file `name` in a private directory. Returns it as it was if the system does not let it have that name.
    pub(crate) fn move_to(
        mut self,
        private: &Rc<PrivateDirectory>,
        name: &OsStr,
    ) -> Result<std::result::Result<Self, Self>> {
        const STEP: &str = "rename";
        if self.is_named() {
            self.close()?;
        }
        let to = private.entry(name);
        let (inode, moved) = match &self.naming {
            Naming::Unnamed(by) => {
                let file = self.file()?;
                (Stat::of(file).context(STEP)?, platform::link_unnamed(to.directory, file, *by, name))
            }
            Naming::Named(staged) => (*staged.inode(), staged.entry().rename(to)),
            Naming::ByPath(path) => {
                let from = Entry { directory: &self.directory, name: path.name() };
                (from.lstat().and_then(|found| found.ok_or(Errno::NOENT)).context(STEP)?, from.rename(to))
            }
        };
        match moved.or_else(|errno| to.directory.verify_after_error(name, &inode, errno)) {
            Ok(()) => {}
            Err(errno) if errno == Errno::NOENT || refuses_names(errno) => {
                self.reopened()?;
                return Ok(Err(self));
            }
            Err(errno) => return Err(self.directory.staging_error(STEP, errno)),
        }
        // Some file systems make inode numbers from paths. Nobody else can have put a file there.
        let inode = to.lstat().context(STEP)?.unwrap_or(inode);
        let name = StagingName::in_private(Rc::clone(private), name, inode);
        self.directory = Rc::clone(private.directory());
        if self.is_named() {
            std::mem::replace(&mut self.naming, Naming::Named(name)).renamed();
            return Ok(Ok(self));
        }
        self.with_name(name).map(Ok)
    }

    /// The private directory that it is in, if it is in one.
    pub(crate) fn private(&self) -> Option<&Rc<PrivateDirectory>> {
        match &self.naming {
            Naming::Named(name) => name.private(),
            _ => None,
        }
    }

    /// Whether only the writer keeps the file: an unnamed file on a system where a descriptor has no path.
    pub(crate) fn is_held_by_writer(&self) -> bool {
        self.reader.is_none() && !self.is_named()
    }

    pub(super) fn is_named(&self) -> bool {
        self.naming.is_named()
    }

    /// Opens a reader by the name, which must still lead to the file.
    fn open_reader(&mut self) -> Result<()> {
        self.reader = Some(self.naming.open().context("open")?);
        self.lock()
    }

    /// Locks the file if `--lock` needs that. No other writer can know it yet.
    pub(super) fn lock(&self) -> Result<()> {
        let open = self.reader.as_ref().or(self.writer.as_ref());
        match open.filter(|_| self.keep_open == KeepOpen::LockedReader) {
            Some(file) => lock::lock_staged(file.as_fd()),
            None => Ok(()),
        }
    }

    pub(crate) fn directory(&self) -> &Rc<Directory> {
        &self.directory
    }

    /// Its path, for messages. `None` if it is unnamed.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        self.naming.path(&self.directory)
    }

    pub(crate) fn naming(&self) -> &Naming {
        &self.naming
    }

    /// The name in the final directory, without which `step` is impossible.
    pub(crate) fn staging_name(&self, step: &'static str) -> Result<&StagingName> {
        match &self.naming {
            Naming::Named(name) => Ok(name),
            _ => Err(failed(step, "the staging file has no name")),
        }
    }

    /// Unnamed -> named. Where a descriptor has no path, this replaces the writer by a reader and moves the lock to it.
    pub(crate) fn with_name(mut self, name: StagingName) -> Result<Self> {
        let held_by_writer = self.is_held_by_writer();
        self.naming = Naming::Named(name);
        if held_by_writer {
            if let Some(writer) = self.writer.as_ref().filter(|_| self.keep_open == KeepOpen::LockedReader) {
                // The lock belongs to the open file description.
                platform::unlock(writer).context("lock")?;
            }
            self.open_reader()?;
            self.close_writer()?;
        }
        Ok(self)
    }

    /// Its name, and the descriptor that must stay open.
    pub(crate) fn into_parts(self) -> (Naming, Option<OwnedFd>) {
        (self.naming, self.reader)
    }

    /// The file has become TARGET. Returns its open descriptor.
    pub(crate) fn renamed(self) -> Option<OwnedFd> {
        let (naming, file) = self.into_parts();
        naming.renamed();
        file
    }

    /// Keeps the file under its name, because the user needs it.
    pub(crate) fn keep(self) {
        self.naming.keep();
    }
}
