//! The staging file.
//!
//! ```text
//! open ──> Stage ──seal──> Sealed ──metadata, sync──> Synced (commit.rs)
//!            │               │                       │
//!            └───────────────┴── drop: rolled back ──┘
//! ```
//!
//! A [`Stage`] can be written. A [`Sealed`] one (sealed.rs) can be read and gets its metadata, and is no more written. Dropping any of them
//! rolls back, whoever drops it and why: an unnamed file goes with its last descriptor, a [`TemporaryName`] unlinks
//! itself unless it has been given away. What could not be unlinked is noted in the [`Directory`], to be told.
//!
//! An unnamed file is held open until the exit. One with a name is open as briefly as possible: some file systems refuse
//! to open a file again that is being written, and to rename or remove one that is open.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;

use super::directory::Directory;
use super::sealed::{KeepOpen, Sealed};
use super::stat::Stat;
use super::temporary::{self, Naming, TemporaryName, random_name};
use super::unnamed;
use crate::failure::{Failure, Result};
use crate::signals::Signals;
use crate::sys;

const STEP: &str = "stage";

/// How a staging file is created.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CreateOptions {
    /// Less the umask, or with the directory's default list.
    pub(crate) mode: u32,
    /// 0600 until its metadata is applied.
    pub(crate) private: bool,
    /// With a name from the start.
    pub(crate) named: bool,
    /// The mode that `--mode` wants it to have in the end.
    pub(crate) wanted: Option<u32>,
}

/// A staging file that is being filled.
///
/// In the order in which they are dropped, as those of [`Sealed`]: closed, then unlinked. NFS and FUSE give a file that
/// is open another name in its place, and a directory that `--parents` has made could not be removed.
#[derive(Debug)]
pub(crate) struct Stage<'d> {
    writer: OwnedFd,
    naming: Naming<'d>,
    /// A second name from a trial, which could not be removed while the file is open.
    second: Option<TemporaryName<'d>>,
    initial_mode: Option<u32>,
    directory: &'d Directory,
}

impl<'d> Stage<'d> {
    /// Creates the staging file in `directory`. It is decided here whether it can do without a name; if not, signals are
    /// watched before it has one.
    pub(crate) fn open(directory: &'d Directory, create_options: CreateOptions, signals: &Signals) -> Result<Self> {
        let mode = Mode::from_raw_mode(create_options.mode);
        let unnamed = if create_options.named {
            None
        } else {
            unnamed::create(directory, mode).map_err(|errno| failed(directory, errno))?
        };
        let (naming, writer) = if let Some((writer, link)) = unnamed {
            (Naming::Unnamed(link), writer)
        } else {
            if directory.stat().map_err(Failure::call(STEP))?.is_append_only() {
                // Its name could be made and never removed.
                let reason =
                    format!("directory {} is append-only, and unnamed files are not to be had", directory.shown());
                return Err(Failure::failed(STEP, reason));
            }
            signals.watch()?;
            let (name, writer) = TemporaryName::create(directory, mode).map_err(|errno| failed(directory, errno))?;
            (Naming::Named(name), writer)
        };
        let mut stage = Stage { writer, naming, second: None, initial_mode: None, directory };
        if let Some(mode) = create_options.wanted {
            stage.can_have(mode)?;
        }
        // A name can be opened by others.
        if create_options.private || stage.is_named() {
            stage.narrow()?;
        }
        Ok(stage)
    }

    /// Whether the finished file can be kept from everybody whom `--mode` leaves out: not where the file system gives one
    /// mode to every file. It is still empty.
    fn can_have(&self, mode: u32) -> Result<()> {
        if !is_wider(self.bits()?, mode) {
            return Ok(());
        }
        let bits = self.mode_after(mode)?;
        if is_wider(bits, mode) { Err(mode_cannot_be_had(mode, bits)) } else { Ok(()) }
    }

    /// What its mode becomes where `mode` is asked for. It is private again after that.
    pub(crate) fn mode_after(&self, mode: u32) -> Result<u32> {
        self.set_mode(mode)?;
        let bits = self.bits();
        self.set_mode(0o600)?;
        bits
    }

    fn bits(&self) -> Result<u32> {
        Ok(Stat::of(&self.writer).map_err(Failure::call(STEP))?.bits())
    }

    fn set_mode(&self, mode: u32) -> Result<()> {
        match sys::fchmod(&self.writer, mode) {
            Ok(()) => Ok(()),
            // A file system without modes.
            Err(errno) if sys::is_refusal(errno) => Ok(()),
            Err(errno) => Err(Failure::call(STEP)(errno)),
        }
    }

    /// 0600 until its metadata is applied. What the kernel made of umask and default list is kept for that.
    fn narrow(&mut self) -> Result<()> {
        self.initial_mode = Some(self.bits()?);
        self.set_mode(0o600)
    }

    /// Whether it has a name already, so that something must clean up.
    pub(crate) fn is_named(&self) -> bool {
        matches!(self.naming, Naming::Named(_))
    }

    /// Stage -> Sealed. An unnamed file is opened again for reading, so that the writer can be closed before the file gets
    /// its name: TARGET may be executed the instant it appears, and the kernel refuses that while a writer is open.
    pub(crate) fn seal(mut self, keep_open: KeepOpen) -> Result<Sealed<'d>> {
        let reader = match &self.naming {
            Naming::Unnamed(_) => self.reopen()?,
            // Some file systems refuse this as long as the writer is open; then it is tried again when that is closed.
            Naming::Named(name) if keep_open != KeepOpen::No => name.open().ok(),
            Naming::Named(_) => None,
        };
        let Stage { writer, naming, second, initial_mode, directory } = self;
        let sealed = Sealed { writer: Some(writer), reader, naming, second, initial_mode, directory, keep_open };
        if sealed.reader.is_some() || !sealed.is_named() {
            sealed.lock()?;
        }
        Ok(sealed)
    }

    /// A reader of the unnamed file; `None` without /proc: then the commit opens it by its name.
    fn reopen(&mut self) -> Result<Option<OwnedFd>> {
        let path = sys::proc_path(&self.writer);
        let open = || sys::open(CWD, path.as_str(), OFlags::RDONLY);
        let mut opened = open();
        if opened.as_ref().is_err_and(|errno| *errno == Errno::ACCESS) && self.initial_mode.is_none() {
            // The umask lets not even its owner read it.
            self.narrow()?;
            opened = open();
        }
        match opened {
            Ok(file) => Ok(Some(file)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(Failure::call("open again")(errno)),
        }
    }

    /// Whether a named file can take a name that must be free: by the rename's flag or by a second name. With neither,
    /// `--no-clobber` could only look and hope. Where it has to be the second name, two names can be left by a kill in the
    /// instant of the trial.
    pub(crate) fn can_create(&mut self) -> Result<()> {
        let Naming::Named(name) = &mut self.naming else { return Ok(()) };
        let directory = self.directory;
        let other = random_name().map_err(Failure::call(STEP))?;
        let verify = |errno| temporary::verify_after_error(directory, &other, name.inode(), errno);
        if sys::rename_to_free(directory, &name.name, &other).or_else(verify).is_ok() {
            name.name = other;
            return Ok(());
        }
        match sys::linkat(directory, &name.name, directory, &other, AtFlags::empty()).or_else(verify) {
            Ok(()) => {
                if sys::unlinkat(directory, &other, AtFlags::empty()).is_err() {
                    self.second = Some(name.second(other));
                }
                Ok(())
            }
            Err(_) => Err(Failure::failed(
                "no-clobber",
                "this file system can neither rename without replacing nor make hard links",
            )),
        }
    }

    /// The descriptor to write through.
    pub(crate) fn writer(&self) -> BorrowedFd<'_> {
        self.writer.as_fd()
    }

    /// Where it is.
    pub(crate) fn directory(&self) -> &'d Directory {
        self.directory
    }
}

/// Whether `bits` let anybody do what `mode` does not.
pub(crate) fn is_wider(bits: u32, mode: u32) -> bool {
    bits & !mode & 0o777 != 0
}

/// The mode that `--mode` asks for is not what the file would have.
pub(crate) fn mode_cannot_be_had(mode: u32, bits: u32) -> Failure {
    Failure::failed("mode", format_args!("{mode:04o} cannot be had on this file system, the file would be {bits:04o}"))
}

fn failed(directory: &Directory, errno: Errno) -> Failure {
    Failure::call_at(STEP, format_args!("directory {}", directory.shown()), errno)
}
