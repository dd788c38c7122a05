//! The staging file.
//!
//! ```text
//! open ──> Stage ──seal──> Sealed ──metadata, sync──> Synced (commit_once.rs)
//!            │               │                          │
//!            └───────────────┴── drop: rolled back ─────┘
//! ```
//!
//! A [`Stage`] can be written. A [`Sealed`] (sealed.rs) can be read and gets its metadata, and is not written any more.
//! Dropping any of them rolls back: an unnamed file disappears with its last descriptor, and a [`StagingName`] unlinks
//! itself unless it has been disarmed. A name that cannot be unlinked is reported.
//!
//! An unnamed file stays open until the directory is synced. A named one is open as briefly as possible: some file
//! systems refuse to open a file again while it is open for writing, and to rename or remove an open file.

use std::ffi::{CString, OsStr};
use std::rc::Rc;

use super::directory::{Directory, Entry};
use super::naming::{Naming, StagingPath};
use super::private_directory::PrivateDirectory;
use super::random_name::with_free_name;
use super::rename::{self, Fallback, NamedBy};
use super::sealed::{InitialAccess, KeepOpen, Sealed};
use super::staging_name::{self, StagingName};
use super::{requested_mode, requested_owner};
use crate::error::{Context, Error, Result, at, failed};
use crate::mode::Mode;
use crate::options::Owners;
use crate::platform::{
    self, AsFd, Attributes, BorrowedFd, Errno, OwnedFd, Signals, Stat, is_metadata_refusal, opaque_acl,
    remove_attribute,
};

const STEP: &str = "create staging file";

/// How a staging file is created.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CreateOptions<'a> {
    /// The mode, less the umask or combined with the directory's default ACL.
    pub(crate) mode: u32,
    /// Whether it has mode 0600 until its metadata is applied.
    pub(crate) private: bool,
    /// Whether it has a name from the start.
    pub(crate) named: bool,
    /// The mode that `--mode` requests.
    pub(crate) requested_mode: Option<RequestedMode<'a>>,
    /// The owner and the group that it will be given.
    pub(crate) owners: Owners,
}

impl CreateOptions<'_> {
    /// Whether somebody who may open the file as it is created might not be allowed to open the finished one.
    fn may_be_narrowed(&self) -> bool {
        matches!(self.requested_mode, Some(RequestedMode::OfCreated(_))) || self.owners.are_requested()
    }
}

/// What `--mode` requests of a staging file.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RequestedMode<'a> {
    Bits(u32),
    /// Of the mode that it was created with.
    OfCreated(&'a Mode),
}

/// A staging file that is being filled.
///
/// Fields are dropped in order, here and in [`Sealed`]: the file is closed, then unlinked. NFS and FUSE rename an open
/// file when it is unlinked, and then a directory that `--parents` has created could not be removed.
#[derive(Debug)]
pub(crate) struct Stage {
    writer: OwnedFd,
    directory: Rc<Directory>,
    naming: Naming,
    /// A second name from the probe for `--no-clobber`, which could not be removed while the file is open.
    probe: Option<StagingName>,
    initial: Option<InitialAccess>,
}

impl Stage {
    /// Creates the staging file in `directory`, unnamed if possible. Otherwise signals are watched before it gets a
    /// name.
    pub(crate) fn open(directory: &Rc<Directory>, options: CreateOptions<'_>, signals: &Signals) -> Result<Self> {
        let mut stage = match try_create_unnamed(directory, options)? {
            Some((naming, writer)) => {
                Stage { writer, naming, probe: None, initial: None, directory: Rc::clone(directory) }
            }
            None => Stage::open_named(directory, options, signals)?,
        };
        if options.private {
            stage.make_private()?;
        }
        match options.requested_mode {
            None => {}
            Some(RequestedMode::Bits(mode)) => stage.check_mode(mode)?,
            Some(RequestedMode::OfCreated(mode)) => {
                let created = stage.initial.as_ref().map_or_else(|| stage.bits(), |initial| Ok(initial.mode))?;
                let mode = requested_mode::of_new(mode, stage.writer(), created, false).context(STEP)?;
                stage.check_mode(mode)?;
            }
        }
        requested_owner::probe(stage.writer(), options.owners)?;
        Ok(stage)
    }

    /// A file with a name, which other users can open: so it is private.
    fn open_named(directory: &Rc<Directory>, options: CreateOptions<'_>, signals: &Signals) -> Result<Self> {
        let create = |mode| {
            let (naming, writer) = create_named(directory, mode, signals)?;
            let mut stage = Stage { writer, naming, probe: None, initial: None, directory: Rc::clone(directory) };
            stage.make_private()?;
            Ok::<_, Error>(stage)
        };
        let mut stage = create(options.mode)?;
        if options.may_be_narrowed() && options.mode != 0o600 {
            // That file was open to others for an instant, and somebody may still have it open. It only shows what access a
            // new file has here.
            let initial = stage.initial.take();
            drop(stage);
            stage = create(0o600)?;
            stage.initial = initial;
        }
        Ok(stage)
    }

    /// A file that a command has written: `writer` is open on it, and `name` leads to it. `initial` is the access that a new
    /// TARGET gets, if that is not what the file has.
    pub(crate) fn written(writer: OwnedFd, name: StagingName, initial: Option<InitialAccess>) -> Self {
        let directory = Rc::clone(name.directory());
        Stage { writer, directory, naming: Naming::Named(name), probe: None, initial }
    }

    /// Creates the staging file under `name` in a private directory.
    pub(crate) fn open_as(private: &Rc<PrivateDirectory>, name: &OsStr, mode: u32) -> Result<Self> {
        let directory = private.directory();
        let writer =
            platform::create_new(directory, name, mode).map_err(|errno| cannot_stage(private.parent(), errno))?;
        let inode = Stat::of(&writer).context(STEP)?;
        let mut stage = Stage::written(writer, StagingName::in_private(Rc::clone(private), name, inode), None);
        stage.make_private()?;
        Ok(stage)
    }

    /// The access that a new TARGET gets.
    pub(crate) fn with_initial_access(mut self, initial: InitialAccess) -> Self {
        self.initial = Some(initial);
        self
    }

    /// The copy for an overwrite in place, created with mode 0600 under a path in `directory`.
    pub(crate) fn with_path(writer: OwnedFd, path: StagingPath, directory: &Rc<Directory>) -> Result<Self> {
        let (naming, directory) = (Naming::ByPath(path), Rc::clone(directory));
        let initial = Some(InitialAccess { mode: 0o600, acl: None });
        let stage = Stage { writer, naming, probe: None, initial, directory };
        // It is never given back: the file does not become TARGET.
        stage.take_acl_beside_mode()?;
        Ok(stage)
    }

    /// Fails if the finished file would be accessible to users whom `--mode` excludes, which happens if the file system
    /// gives every file the same mode. The file is still empty.
    fn check_mode(&self, mode: u32) -> Result<()> {
        if !is_wider(self.bits()?, mode) {
            return Ok(());
        }
        let bits = self.mode_after(mode)?;
        if is_wider(bits, mode) { Err(mode_unsupported(mode, bits)) } else { Ok(()) }
    }

    /// Returns the mode that the file gets if `mode` is set, and then sets mode 0600 again.
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
        unless_refused(platform::set_mode(&self.writer, mode)).map(drop)
    }

    /// Sets mode 0600 until the metadata is applied, and takes an inherited ACL away that would grant access beside the
    /// mode. Keeps for later both, to which umask, default ACL and inherited ACL have led.
    fn make_private(&mut self) -> Result<()> {
        if self.initial.is_some() {
            return Ok(());
        }
        let mode = self.bits()?;
        let acl = self.take_acl_beside_mode()?;
        self.initial = Some(InitialAccess { mode, acl });
        self.set_mode(0o600)
    }

    fn take_acl_beside_mode(&self) -> Result<Option<(CString, Vec<u8>)>> {
        let Some(name) = opaque_acl::BESIDE_MODE else { return Ok(None) };
        let Some(acl) = unless_refused(Attributes::of_file(self.writer()).value(name))?.flatten() else {
            return Ok(None);
        };
        unless_refused(remove_attribute(&self.writer, name))?;
        Ok(Some((name.to_owned(), acl)))
    }

    /// Stage -> Sealed. An unnamed file is opened again for reading, so that the writer can be closed before the file
    /// gets its name. TARGET may be executed as soon as it appears, and the kernel refuses that while a writer is open.
    pub(crate) fn seal(mut self, keep_open: KeepOpen) -> Result<Sealed> {
        let reader = match &self.naming {
            Naming::Unnamed(_) => self.reopen()?,
            // Some file systems refuse this while the writer is open. Then it is tried again after the writer is
            // closed.
            naming if keep_open != KeepOpen::Nothing => naming.open().ok(),
            _ => None,
        };
        let Stage { writer, naming, probe, initial, directory } = self;
        let sealed = Sealed { writer: Some(writer), reader, naming, probe, initial, directory, keep_open };
        if sealed.reader.is_some() || !sealed.is_named() {
            sealed.lock()?;
        }
        Ok(sealed)
    }

    /// Opens the unnamed file for reading. `None` if that is possible only by name; then the commit opens it by name.
    fn reopen(&mut self) -> Result<Option<OwnedFd>> {
        let mut opened = platform::reopen_for_reading(&self.writer);
        if opened.as_ref().is_err_and(|errno| *errno == Errno::ACCESS) && self.initial.is_none() {
            // The umask denies reading even to the owner.
            self.make_private()?;
            opened = platform::reopen_for_reading(&self.writer);
        }
        match opened {
            Err(Errno::NOENT) => Ok(None),
            opened => opened.map(Some).context("open"),
        }
    }

    /// Checks that a named file can be renamed to a name that must be free, by the rename's flag or a hard link. With
    /// neither, `--no-clobber` could not be atomic. With a hard link, a kill during this check can leave two names.
    pub(crate) fn check_can_create(&mut self) -> Result<()> {
        let Naming::Named(name) = &mut self.naming else { return Ok(()) };
        let try_name = |other: &OsStr| {
            let verify = |errno| staging_name::verify_after_error(&self.directory, other, name.inode(), errno);
            let other = Entry { directory: &self.directory, name: other };
            rename::to_free_name(name.entry(), other, Fallback::Link, verify)
        };
        match with_free_name(try_name) {
            Ok((other, NamedBy::Rename)) => name.name = other,
            Ok((other, NamedBy::Link)) => {
                if platform::unlink(&self.directory, &other).is_err() {
                    self.probe = Some(name.second(other));
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

    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }
}

/// Creates an unnamed file if the options and the system permit that.
fn try_create_unnamed(directory: &Directory, options: CreateOptions<'_>) -> Result<Option<(Naming, OwnedFd)>> {
    if options.named || !directory.filesystem().can_link_unnamed() {
        return Ok(None);
    }
    let created = platform::create_unnamed(directory, options.mode, directory.link_by.get())
        .map_err(|errno| cannot_stage(directory, errno))?;
    Ok(created.map(|(writer, by)| {
        directory.link_by.set(Some(by));
        (Naming::Unnamed(by), writer)
    }))
}

fn create_named(directory: &Rc<Directory>, mode: u32, signals: &Signals) -> Result<(Naming, OwnedFd)> {
    if directory.stat().context(STEP)?.is_append_only() {
        // A name could be created there but not removed.
        let reason = format!("directory {} is append-only, and unnamed files are not to be had", directory.shown());
        return Err(failed(STEP, reason));
    }
    signals.watch().context("signals")?;
    let (name, writer) = StagingName::create(directory, mode).map_err(|errno| cannot_stage(directory, errno))?;
    Ok((Naming::Named(name), writer))
}

/// What the call has returned. A refusal is none: the file system has no modes, or no such ACLs.
fn unless_refused<T>(result: platform::Result<T>) -> Result<Option<T>> {
    match result {
        Err(errno) if is_metadata_refusal(errno) => Ok(None),
        done => done.map(Some).context(STEP),
    }
}

/// Whether `bits` grant anything that `mode` does not, where the system has modes at all.
pub(crate) fn is_wider(bits: u32, mode: u32) -> bool {
    bits & !platform::nearest_mode(mode) & 0o777 != 0
}

/// The file would not have the requested mode.
pub(crate) fn mode_unsupported(mode: u32, bits: u32) -> Error {
    failed("mode", format_args!("this file system cannot give the file mode {mode:04o} (it would be {bits:04o})"))
}

fn cannot_stage(directory: &Directory, errno: Errno) -> Error {
    at(STEP, format_args!("directory {}", directory.shown()))(errno)
}
