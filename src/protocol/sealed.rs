//! The staging file once its content is complete: it is read, gets its metadata, is synced and named, but is written no
//! more.

use std::path::PathBuf;
use std::rc::Rc;

use super::directory::Directory;
use super::lock;
use super::naming::Naming;
use super::staging_name::StagingName;
use crate::error::{Context, Error, Result, at, failed};
use crate::platform::{self, AsFd, BorrowedFd, Errno, OwnedFd};

/// What must be open on the staged file until the exit, where that is not needed to hold an unnamed one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum KeepOpen {
    /// Nothing.
    No,
    /// A reader: its file system cannot be synced otherwise.
    Yes,
    /// A reader that holds the lock.
    Locked,
}

/// A staging file whose content is complete.
#[derive(Debug)]
pub(crate) struct Sealed {
    /// The descriptor that wrote, as long as it is open: only there do all errors of writing back show.
    pub(super) writer: Option<OwnedFd>,
    pub(super) reader: Option<OwnedFd>,
    pub(super) naming: Naming,
    pub(super) second: Option<StagingName>,
    /// Its mode at birth, where that was narrowed since.
    pub(crate) initial_mode: Option<u32>,
    pub(super) directory: Rc<Directory>,
    pub(super) keep_open: KeepOpen,
}

impl Sealed {
    /// What is open on it: the descriptor that wrote, as long as it is open, else a reader.
    pub(crate) fn file(&self) -> Result<BorrowedFd<'_>> {
        let open = self.writer.as_ref().or(self.reader.as_ref());
        open.map(AsFd::as_fd).ok_or_else(|| failed("stage", "the staging file has been closed"))
    }

    /// The same, opened again where nothing is open on it any more.
    pub(crate) fn reopened(&mut self) -> Result<BorrowedFd<'_>> {
        if self.writer.is_none() && self.reader.is_none() {
            self.open_reader()?;
        }
        self.file()
    }

    /// A reader, after the writer has been closed.
    pub(crate) fn reader(&mut self) -> Result<BorrowedFd<'_>> {
        self.close_writer()?;
        self.reopened()
    }

    /// Closes the writer, unless nothing else holds the file; what is to be synced after this goes through a reader.
    /// Network file systems tell here, and without a sync only here, that there was no room.
    pub(crate) fn close_writer(&mut self) -> Result<()> {
        if self.is_held_by_writer() {
            return Ok(());
        }
        if let Some(writer) = self.writer.take() {
            platform::close(writer).map_err(|errno| self.failed("close", errno))?;
        }
        if self.keep_open != KeepOpen::No && self.reader.is_none() {
            self.open_reader()?;
        }
        Ok(())
    }

    /// Closes everything that need not stay open.
    pub(crate) fn close(&mut self) -> Result<()> {
        self.close_writer()?;
        if self.is_named() && self.keep_open == KeepOpen::No {
            self.reader = None;
        }
        self.second = None;
        Ok(())
    }

    /// Whether the writer is all that keeps it: an unnamed file without /proc.
    pub(crate) fn is_held_by_writer(&self) -> bool {
        self.reader.is_none() && !self.is_named()
    }

    pub(super) fn is_named(&self) -> bool {
        self.naming.is_named()
    }

    /// By its name, which must still lead to it.
    fn open_reader(&mut self) -> Result<()> {
        self.reader = Some(self.naming.open().context("open again")?);
        self.lock()
    }

    /// Locks it where that is wanted. No other writer can know it.
    pub(super) fn lock(&self) -> Result<()> {
        let open = self.reader.as_ref().or(self.writer.as_ref());
        match open.filter(|_| self.keep_open == KeepOpen::Locked) {
            Some(file) => lock::lock_staged(file.as_fd()),
            None => Ok(()),
        }
    }

    /// Where it is.
    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Its path, for messages. `None` where it has no name.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        self.naming.path(&self.directory)
    }

    pub(crate) fn naming(&self) -> &Naming {
        &self.naming
    }

    /// Unnamed -> named. Without /proc the writer is exchanged for a reader here, and the lock with it.
    pub(crate) fn with_name(mut self, name: StagingName) -> Result<Self> {
        let held_by_writer = self.is_held_by_writer();
        self.naming = Naming::Named(name);
        if held_by_writer {
            if let Some(writer) = self.writer.as_ref().filter(|_| self.keep_open == KeepOpen::Locked) {
                // The lock goes with the description.
                platform::unlock(writer).context("lock")?;
            }
            self.open_reader()?;
            self.close_writer()?;
        }
        Ok(self)
    }

    /// Its name, and what must stay open on it.
    pub(crate) fn into_parts(self) -> (Naming, Option<OwnedFd>) {
        (self.naming, self.reader)
    }

    /// It is TARGET now, or what somebody must find: its name is not removed. Returns what is open on it.
    pub(crate) fn disarm(self) -> Option<OwnedFd> {
        let (naming, file) = self.into_parts();
        naming.disarm();
        file
    }

    pub(crate) fn failed(&self, step: &'static str, errno: Errno) -> Error {
        at(step, format_args!("staging file in {}", self.directory.shown()))(errno)
    }
}
