//! The staging file.
//!
//! ```text
//! open ──> Stage ──seal──> Sealed ──metadata, sync──> Synced (commit.rs)
//!            │               │                          │
//!            └───────────────┴── drop: rolled back ─────┘
//! ```
//!
//! A [`Stage`] can be written. A [`Sealed`] one (sealed.rs) can be read and gets its metadata, and is written no more.
//! Dropping any of them rolls back, whoever drops it and why: an unnamed file goes with its last descriptor, a
//! [`StagingName`] unlinks itself unless it has been disarmed. What could not be unlinked is reported.
//!
//! An unnamed file is held open until the exit. One with a name is open as briefly as possible: some file systems refuse
//! to open a file again that is being written, and to rename or remove one that is open.

use std::rc::Rc;

use super::directory::Directory;
use super::naming::{Naming, StagingPath};
use super::rename::{self, Fallback};
use super::sealed::{KeepOpen, Sealed};
use super::staging_name::{self, StagingName, random_name};
use crate::error::{Context, Error, Result, at, failed};
use crate::platform::{self, AsFd, BorrowedFd, Errno, OwnedFd, Signals, Stat, is_refusal};

const STEP: &str = "stage";

/// How a staging file is created.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CreateOptions {
    /// Less the umask, or with the directory's default ACL.
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
pub(crate) struct Stage {
    writer: OwnedFd,
    naming: Naming,
    /// A second name from a trial, which could not be removed while the file is open.
    second: Option<StagingName>,
    initial_mode: Option<u32>,
    directory: Rc<Directory>,
}

impl Stage {
    /// Creates the staging file in `directory`. It is decided here whether it can do without a name; if not, signals are
    /// watched before it has one.
    pub(crate) fn open(directory: &Rc<Directory>, options: CreateOptions, signals: &Signals) -> Result<Self> {
        let (naming, writer) = match unnamed(directory, options)? {
            Some(unnamed) => unnamed,
            None => named(directory, options, signals)?,
        };
        let mut stage = Stage { writer, naming, second: None, initial_mode: None, directory: Rc::clone(directory) };
        if let Some(mode) = options.wanted {
            stage.can_have(mode)?;
        }
        // A name can be opened by others.
        if options.private || stage.is_named() {
            stage.narrow()?;
        }
        Ok(stage)
    }

    /// The copy of an overwrite in place: created with mode 0600 under a path in `directory`.
    pub(crate) fn with_path(writer: OwnedFd, path: StagingPath, directory: &Rc<Directory>) -> Self {
        let (naming, directory) = (Naming::ByPath(path), Rc::clone(directory));
        Stage { writer, naming, second: None, initial_mode: Some(0o600), directory }
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

    /// What its mode becomes where `mode` is requested. It is private again after that.
    pub(crate) fn mode_after(&self, mode: u32) -> Result<u32> {
        self.set_mode(mode)?;
        let bits = self.bits();
        self.set_mode(0o600)?;
        bits
    }

    fn bits(&self) -> Result<u32> {
        Ok(Stat::of(&self.writer).context(STEP)?.bits())
    }

    fn set_mode(&self, mode: u32) -> Result<()> {
        match platform::set_mode(&self.writer, mode) {
            // A file system without modes.
            Err(errno) if is_refusal(errno) => Ok(()),
            set => set.context(STEP),
        }
    }

    /// 0600 until its metadata is applied. What the kernel made of umask and default ACL is kept for that.
    fn narrow(&mut self) -> Result<()> {
        self.initial_mode = Some(self.bits()?);
        self.set_mode(0o600)
    }

    /// Whether it has a name already, so that something must clean up.
    pub(crate) fn is_named(&self) -> bool {
        self.naming.is_named()
    }

    /// Stage -> Sealed. An unnamed file is opened again for reading, so that the writer can be closed before the file gets
    /// its name: TARGET may be executed the instant it appears, and the kernel refuses that while a writer is open.
    pub(crate) fn seal(mut self, keep_open: KeepOpen) -> Result<Sealed> {
        let reader = match &self.naming {
            Naming::Unnamed(_) => self.reopen()?,
            // Some file systems refuse this as long as the writer is open; then it is tried again when that is closed.
            naming if keep_open != KeepOpen::No => naming.open().ok(),
            _ => None,
        };
        let Stage { writer, naming, second, initial_mode, directory } = self;
        let sealed = Sealed { writer: Some(writer), reader, naming, second, initial_mode, directory, keep_open };
        if sealed.reader.is_some() || !sealed.is_named() {
            sealed.lock()?;
        }
        Ok(sealed)
    }

    /// A reader of the unnamed file; `None` where that takes a name: then the commit opens it by its name.
    fn reopen(&mut self) -> Result<Option<OwnedFd>> {
        let mut opened = platform::reopen_for_reading(&self.writer);
        if opened.as_ref().is_err_and(|errno| *errno == Errno::ACCESS) && self.initial_mode.is_none() {
            // The umask lets not even its owner read it.
            self.narrow()?;
            opened = platform::reopen_for_reading(&self.writer);
        }
        match opened {
            Err(Errno::NOENT) => Ok(None),
            opened => opened.map(Some).context("open again"),
        }
    }

    /// Whether a named file can take a name that must be free: by the rename's flag or by a second name. With neither,
    /// `--no-clobber` could only look and hope. Where it has to be the second name, two names can be left by a kill in the
    /// instant of the trial.
    pub(crate) fn can_create(&mut self) -> Result<()> {
        let Naming::Named(name) = &mut self.naming else { return Ok(()) };
        let other = random_name().context(STEP)?;
        let verify = |errno| staging_name::verify_after_error(&self.directory, &other, name.inode(), errno);
        match rename::to_free_name(&self.directory, &name.name, &other, Fallback::Link, verify) {
            Ok(rename::Appeared::Renamed) => name.name = other,
            Ok(rename::Appeared::Linked) => {
                if platform::unlink(&self.directory, &other).is_err() {
                    self.second = Some(name.second(other));
                }
            }
            Err(_) => {
                let reason = "this file system can neither rename without replacing nor make hard links";
                return Err(failed("no-clobber", reason));
            }
        }
        Ok(())
    }

    /// The descriptor to write through.
    pub(crate) fn writer(&self) -> BorrowedFd<'_> {
        self.writer.as_fd()
    }

    /// Where it is.
    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }
}

/// A file without a name, where the options and the system permit that.
fn unnamed(directory: &Directory, options: CreateOptions) -> Result<Option<(Naming, OwnedFd)>> {
    if options.named || !directory.filesystem().links_unnamed() {
        return Ok(None);
    }
    let created = platform::create_unnamed(directory, options.mode).map_err(|errno| cannot_stage(directory, errno))?;
    Ok(created.map(|(writer, by)| (Naming::Unnamed(by), writer)))
}

fn named(directory: &Rc<Directory>, options: CreateOptions, signals: &Signals) -> Result<(Naming, OwnedFd)> {
    if directory.stat().context(STEP)?.is_append_only() {
        // Its name could be made and never removed.
        let reason = format!("directory {} is append-only, and unnamed files are not to be had", directory.shown());
        return Err(failed(STEP, reason));
    }
    signals.watch().context("signals")?;
    let (name, writer) =
        StagingName::create(directory, options.mode).map_err(|errno| cannot_stage(directory, errno))?;
    Ok((Naming::Named(name), writer))
}

/// Whether `bits` let anybody do what `mode` does not.
pub(crate) fn is_wider(bits: u32, mode: u32) -> bool {
    bits & !mode & 0o777 != 0
}

/// The requested mode is not what the file would have.
pub(crate) fn mode_cannot_be_had(mode: u32, bits: u32) -> Error {
    failed("mode", format_args!("{mode:04o} cannot be had on this file system, the file would be {bits:04o}"))
}

fn cannot_stage(directory: &Directory, errno: Errno) -> Error {
    at(STEP, format_args!("directory {}", directory.shown()))(errno)
}
