//! The staging file.
//!
//! ```text
//! open ──> Stage ──seal──> Sealed ──dress, sync──> Synced (commit.rs)
//!            │               │                       │
//!            └───────────────┴── drop: rolled back ──┘
//! ```
//!
//! A [`Stage`] can be written. A [`Sealed`] one can be read, and dressed, and no more written. Dropping any of them
//! rolls back, whoever drops it and why: an unnamed file goes with its last descriptor, a [`TemporaryName`] unlinks
//! itself unless it has been given away. What could not be unlinked is noted in the [`Directory`], to be told.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::names::Directory;
use super::stat::Stat;
use super::temporary::{TemporaryName, random_name};
use crate::failure::{Failure, Result, words};
use crate::signals::Signals;
use crate::sys;

const STEP: &str = "stage";
/// How an unnamed file can get a name here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LinkBy {
    /// `linkat` with `AT_EMPTY_PATH`.
    Descriptor,
    /// `linkat` of `/proc/self/fd/N`.
    Proc,
}

/// What names the staging file.
#[derive(Debug)]
pub(crate) enum Naming<'d> {
    /// Nothing yet.
    Unnamed(LinkBy),
    /// This name, from the start.
    Named(TemporaryName<'d>),
}

/// A staging file that is being filled.
///
/// In the order in which they are dropped, as those of [`Sealed`]: closed, then unlinked. NFS and FUSE give a file that
/// is open another name in its place, and a directory that `--parents` has made could not be removed.
#[derive(Debug)]
pub(crate) struct Stage<'d> {
    writer: OwnedFd,
    naming: Naming<'d>,
    born: Option<u32>,
}

/// A staging file whose content is complete.
#[derive(Debug)]
pub(crate) struct Sealed<'d> {
    /// Open for reading.
    pub(crate) file: OwnedFd,
    /// And for writing as well, where it could not be opened again.
    pub(crate) is_writable: bool,
    pub(crate) writer: Option<OwnedFd>,
    pub(crate) naming: Naming<'d>,
    /// Its mode at birth, where that was narrowed since.
    pub(crate) born: Option<u32>,
}

/// How a staging file is created.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Birth {
    /// Less the umask, or with the directory's default list.
    pub(crate) mode: u32,
    /// 0600 until it is dressed.
    pub(crate) private: bool,
    /// With a name from the start.
    pub(crate) named: bool,
}

impl<'d> Stage<'d> {
    /// Creates the staging file in `directory`. It is decided here whether it can do without a name; if not, signals are
    /// watched before it has one.
    pub(crate) fn open(directory: &'d Directory, birth: Birth, signals: &Signals) -> Result<Self> {
        let mode = Mode::from_raw_mode(birth.mode);
        let unnamed = if birth.named { None } else { unnamed(directory, mode)? };
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
        let mut stage = Stage { naming, writer, born: None };
        // A name can be opened by others.
        if birth.private || stage.is_named() {
            stage.narrow()?;
        }
        Ok(stage)
    }

    /// 0600 until it is dressed. What the kernel made of umask and default list is kept for that.
    fn narrow(&mut self) -> Result<()> {
        let stat = Stat::of(&self.writer).map_err(Failure::call(STEP))?;
        self.born = Some(stat.bits());
        match sys::fchmod(&self.writer, 0o600) {
            // A file system without modes.
            Ok(()) | Err(Errno::PERM | Errno::NOTSUP) => Ok(()),
            Err(errno) => Err(Failure::call(STEP)(errno)),
        }
    }

    /// Whether it has a name already, so that something must clean up.
    pub(crate) fn is_named(&self) -> bool {
        matches!(self.naming, Naming::Named(_))
    }

    /// Stage -> Sealed. The file is opened again for reading, so that the writer can be closed before the file gets
    /// its name: TARGET may be executed the instant it appears, and the kernel refuses that while a writer is open.
    pub(crate) fn seal(mut self) -> Result<Sealed<'d>> {
        let path = super::proc_path(&self.writer);
        let open = || sys::open(rustix::fs::CWD, path.as_str(), OFlags::RDONLY);
        let mut opened = open();
        if opened.as_ref().is_err_and(|errno| *errno == Errno::ACCESS) && self.born.is_none() {
            // The umask lets not even its owner read it.
            self.narrow()?;
            opened = open();
        }
        let file = match opened {
            Ok(file) => file,
            Err(Errno::NOENT) => match &self.naming {
                Naming::Named(name) => name.open().map_err(Failure::call("open again"))?,
                // Without /proc the commit does it, by the name.
                Naming::Unnamed(_) => {
                    let Stage { naming, writer, born } = self;
                    return Ok(Sealed { naming, file: writer, is_writable: true, writer: None, born });
                }
            },
            Err(errno) => return Err(Failure::call("open again")(errno)),
        };
        Ok(Sealed { naming: self.naming, file, is_writable: false, writer: Some(self.writer), born: self.born })
    }

    /// Whether a named file can take a name that must be free: by the rename's flag or by a second name. With neither,
    /// `--no-clobber` could only look and hope. Where it has to be the second name, two names can be left by a kill in the
    /// instant of the trial.
    pub(crate) fn can_create(&mut self, directory: &Directory) -> Result<()> {
        let Naming::Named(name) = &mut self.naming else { return Ok(()) };
        let other = random_name().map_err(Failure::call(STEP))?;
        let renamed = sys::rename_to_free(directory, &name.name, &other);
        if renamed.is_ok() {
            name.name = other;
            return Ok(());
        }
        match sys::linkat(directory, &name.name, directory, &other, AtFlags::empty()) {
            Ok(()) => sys::unlinkat(directory, &other, AtFlags::empty()).map_err(Failure::call(STEP)),
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
}

impl Sealed<'_> {
    /// The descriptor that wrote, as long as it is open: only there do all errors of writing back show.
    pub(crate) fn writer(&self) -> BorrowedFd<'_> {
        self.writer.as_ref().unwrap_or(&self.file).as_fd()
    }

    /// Closes the writer; what is to be synced after this goes through the reader. Network file systems tell here, and
    /// without a sync only here, that there was no room.
    pub(crate) fn close_writer(&mut self) -> std::result::Result<(), Errno> {
        match self.writer.take().map(nix::unistd::close) {
            // Interrupted or not, it is closed.
            None | Some(Ok(()) | Err(nix::errno::Errno::EINTR)) => Ok(()),
            Some(Err(errno)) => Err(Errno::from_raw_os_error(errno as i32)),
        }
    }

    /// Whether the file could not be opened again for reading only.
    pub(crate) fn still_writable(&self) -> bool {
        self.is_writable
    }

    /// What is left when the name has been given away.
    pub(crate) fn into_file(self) -> OwnedFd {
        self.file
    }
}

/// Gives the open file `name`, which must be free.
pub(crate) fn link(
    directory: &Directory,
    file: BorrowedFd<'_>,
    by: LinkBy,
    name: &OsStr,
) -> std::result::Result<(), Errno> {
    try_link(directory, file, by, name).or_else(|errno| super::settle(directory, name, &Stat::of(file)?, errno))
}

fn try_link(directory: &Directory, file: BorrowedFd<'_>, by: LinkBy, name: &OsStr) -> std::result::Result<(), Errno> {
    match by {
        LinkBy::Descriptor => sys::linkat(file, "", directory, name, AtFlags::EMPTY_PATH),
        LinkBy::Proc => {
            let path = super::proc_path(file);
            sys::linkat(rustix::fs::CWD, path.as_str(), directory, name, AtFlags::SYMLINK_FOLLOW)
        }
    }
}

/// An unnamed file and how it can be linked, or `None` where the system has no such thing.
fn unnamed(directory: &Directory, mode: Mode) -> Result<Option<(OwnedFd, LinkBy)>> {
    // Without O_EXCL, which would mean "never to be linked".
    let writer = match sys::openat(directory, ".", OFlags::TMPFILE | OFlags::RDWR, mode) {
        Ok(writer) => writer,
        Err(Errno::NOTSUP | Errno::ISDIR | Errno::NOENT | Errno::INVAL | Errno::NOSYS | Errno::PERM) => {
            return Ok(None);
        }
        Err(errno) => return Err(failed(directory, errno)),
    };
    // "." exists, so the only good answer is EEXIST: what is asked for could be done. Nothing is changed by asking.
    let by = [LinkBy::Descriptor, LinkBy::Proc]
        .into_iter()
        .find(|by| try_link(directory, writer.as_fd(), *by, OsStr::new(".")) == Err(Errno::EXIST));
    Ok(by.map(|by| (writer, by)))
}

fn failed(directory: &Directory, errno: Errno) -> Failure {
    Failure::failed(STEP, format_args!("directory {}: {}", directory.shown(), words(errno)))
}
