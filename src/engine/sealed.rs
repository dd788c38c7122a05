//! The staging file from the moment when its content is complete: it is read, gets its metadata, is synced and named, but no more written.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::FlockOperation;
use rustix::io::Errno;

use super::directory::Directory;
use super::lock;
use super::temporary::Naming;
use super::temporary::TemporaryName;
use crate::failure::{Failure, Result};
use crate::sys;

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
pub(crate) struct Sealed<'d> {
    /// The descriptor that wrote, as long as it is open: only there do all errors of writing back show.
    pub(super) writer: Option<OwnedFd>,
    pub(super) reader: Option<OwnedFd>,
    pub(super) naming: Naming<'d>,
    pub(super) second: Option<TemporaryName<'d>>,
    /// Its mode at birth, where that was narrowed since.
    pub(crate) initial_mode: Option<u32>,
    pub(super) directory: &'d Directory,
    pub(super) keep_open: KeepOpen,
}

impl<'d> Sealed<'d> {
    /// What is open on it: the descriptor that wrote, as long as it is open, else a reader.
    pub(crate) fn file(&self) -> Result<BorrowedFd<'_>> {
        let open = self.writer.as_ref().or(self.reader.as_ref());
        open.map(AsFd::as_fd).ok_or_else(|| Failure::failed("stage", "the staging file has been closed"))
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
        match self.writer.take().map(nix::unistd::close) {
            // Interrupted or not, it is closed.
            None | Some(Ok(()) | Err(nix::errno::Errno::EINTR)) => {}
            Some(Err(errno)) => return Err(self.failed("close", sys::from_nix(errno))),
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
        matches!(self.naming, Naming::Named(_))
    }

    /// By its name, which must still lead to it.
    fn open_reader(&mut self) -> Result<()> {
        let Naming::Named(name) = &self.naming else {
            return Err(Failure::failed("open again", "the staging file has no name"));
        };
        self.reader = Some(name.open().map_err(Failure::call("open again"))?);
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
    pub(crate) fn directory(&self) -> &'d Directory {
        self.directory
    }

    pub(crate) fn naming(&self) -> &Naming<'d> {
        &self.naming
    }

    /// Unnamed -> named. Without /proc the writer is exchanged for a reader here, and the lock with it.
    pub(crate) fn with_name(mut self, name: TemporaryName<'d>) -> Result<Self> {
        let held_by_writer = self.is_held_by_writer();
        self.naming = Naming::Named(name);
        if held_by_writer {
            if let Some(writer) = self.writer.as_ref().filter(|_| self.keep_open == KeepOpen::Locked) {
                // The lock goes with the description.
                sys::flock(writer, FlockOperation::Unlock).map_err(Failure::call("lock"))?;
            }
            self.open_reader()?;
            self.close_writer()?;
        }
        Ok(self)
    }

    /// Its name, and what must stay open on it.
    pub(crate) fn into_parts(self) -> (Naming<'d>, Option<OwnedFd>) {
        (self.naming, self.reader)
    }

    /// It is TARGET now, or what somebody must find: its name is not removed. Returns what is open on it.
    pub(crate) fn disarm(self) -> Option<OwnedFd> {
        let (naming, file) = self.into_parts();
        if let Naming::Named(name) = naming {
            name.disarm();
        }
        file
    }

    pub(crate) fn failed(&self, step: &'static str, errno: Errno) -> Failure {
        Failure::call_at(step, format_args!("staging file in {}", self.directory.shown()), errno)
    }
}
