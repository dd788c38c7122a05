//! The commit: from the staging file's getting a name to the finished name.
//!
//! ```text
//!                 TARGET is absent                 TARGET exists
//! unnamed file    link to TARGET                   link to a short name, look again, rename over TARGET
//! named file      rename, not over anything        look again, rename over TARGET
//! ```
//!
//! What a kill or a power cut leaves: before the link nothing but the old state; between link and rename the old TARGET
//! and the short name; after the rename the new TARGET. With a backup: see `backup.rs`.
//!
//! Signals are held before the first name exists, and stay held until the exit.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, FileType};
use rustix::io::Errno;

use super::backup::Backups;
use super::names::{Directory, Place};
use super::stage::{self, Naming, Sealed};
use super::stat::Stat;
use super::temporary::TemporaryName;
use super::{preflight, settle, sync, turn};
use crate::failure::{Failure, Result, words};
use crate::policy::Sync;
use crate::sys;

/// `BTRFS_SUPER_MAGIC`.
const BTRFS: u64 = 0x9123_683e;

/// A staging file whose content and metadata are on the disk, or need not be. Only this can be committed.
#[derive(Debug)]
pub(crate) struct Synced<'d>(Sealed<'d>);

/// What TARGET must still be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expected<'a> {
    /// Whatever it has become: the last writer wins.
    Anything,
    /// The inode that the turn was taken for, or still absent.
    Name(Option<&'a Stat>),
    /// The very state that was read.
    State(&'a Stat),
}

/// How to commit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How<'a> {
    pub(crate) no_clobber: bool,
    pub(crate) no_dereference: bool,
    pub(crate) expected: Expected<'a>,
    pub(crate) backups: Option<&'a Backups>,
    pub(crate) sync: Sync,
    /// Whether the staged file holds the lock of a turn.
    pub(crate) locked: bool,
}

/// What became of the commit.
#[derive(Debug)]
pub(crate) enum Commit<'d> {
    /// TARGET is the staged file.
    Done(Committed),
    /// TARGET has become another file than the one that the staged file was dressed like; nothing is done yet.
    Changed(Sealed<'d>),
    /// The directory has been removed; nothing is done yet.
    NoDirectory(Sealed<'d>),
}

/// The new TARGET.
#[derive(Debug)]
pub(crate) struct Committed {
    /// Open on it; what holds its lock.
    pub(crate) file: OwnedFd,
    /// Whether there was none before.
    pub(crate) created: bool,
    /// How many other names the old file has.
    pub(crate) other_names: u64,
}

impl<'d> Synced<'d> {
    /// Sealed -> Synced. The sync is on the descriptor that wrote, where that is still open: every error of writing
    /// back shows there. Then the writer is closed.
    pub(crate) fn from(mut sealed: Sealed<'d>, directory: &Directory, how: Sync) -> Result<Self> {
        let failed = |step| {
            move |errno| Failure::failed(step, format_args!("staging file in {}: {}", directory.shown(), words(errno)))
        };
        if how != Sync::None {
            sync::file(sealed.writer()).map_err(failed("sync"))?;
        }
        sealed.close_writer().map_err(failed("close"))?;
        Ok(Synced(sealed))
    }

    /// For the copy of an overwrite in place, which gets no other name.
    pub(crate) fn into_sealed(self) -> Sealed<'d> {
        self.0
    }

    /// Synced -> TARGET, or what stood in the way. `like` is the file that the staged one was dressed like; without it
    /// TARGET is expected to be absent, or a link that is itself replaced.
    pub(crate) fn commit(self, place: &'d Place, like: Option<&Stat>, how: &How<'_>) -> Result<Commit<'d>> {
        let Synced(mut sealed) = self;
        if sealed.still_writable() {
            // No /proc: the writer can be exchanged for a reader by name only.
            sealed = match named(sealed, place, how)? {
                Named::Yes(sealed) => sealed,
                Named::NoDirectory(sealed) => return Ok(Commit::NoDirectory(sealed)),
            };
        }
        if like.is_none() {
            match create(&sealed, place, how)? {
                Created::Yes => {
                    return Ok(Commit::Done(Committed { file: sealed.into_file(), created: true, other_names: 0 }));
                }
                Created::NoDirectory => return Ok(Commit::NoDirectory(sealed)),
                Created::Exists if how.no_clobber => {
                    return Err(Failure::refused("no-clobber", "has been created meanwhile"));
                }
                // By somebody else meanwhile, or a link.
                Created::Exists => {}
            }
        }
        let sealed = match named(sealed, place, how)? {
            Named::Yes(sealed) => sealed,
            Named::NoDirectory(sealed) => return Ok(Commit::NoDirectory(sealed)),
        };
        let now = place.directory.look(&place.name).map_err(Failure::call("look"))?;
        expect(now.as_ref(), how)?;
        match now {
            Some(now) if !suits(&now, like) => Ok(Commit::Changed(sealed)),
            now => replace(sealed, place, now.as_ref(), how).map(Commit::Done),
        }
    }
}

/// Whether what was dressed like `like` may take the place of `now`: it looks the same, or is a link, which looks like
/// nothing. A link's owner is nobody to give the file to.
fn suits(now: &Stat, like: Option<&Stat>) -> bool {
    let looks = |stat: &Stat| (stat.uid, stat.gid, stat.mode);
    now.kind() == FileType::Symlink || like.is_some_and(|like| looks(now) == looks(like))
}

/// Compares what TARGET is with what it must be.
fn expect(now: Option<&Stat>, how: &How<'_>) -> Result<()> {
    if let Some(now) = now {
        preflight::suitable(now.kind(), how.no_dereference)?;
    }
    match (how.expected, now) {
        (Expected::Anything, _) | (Expected::Name(None), None) => Ok(()),
        (Expected::Name(Some(expected)), Some(now)) if expected.is_same_file(now) => Ok(()),
        (Expected::Name(_), _) => {
            Err(Failure::failed("lock", "has been replaced meanwhile by a writer that does not take turns"))
        }
        (Expected::State(expected), Some(now)) if expected.is_same_state(now) => Ok(()),
        (Expected::State(_), _) => Err(Failure::refused("replace", "has changed since it was read")
            .hint("another writer, or COMMAND itself; --lock makes writers take turns")),
    }
}

/// What became of a new TARGET.
enum Created {
    Yes,
    Exists,
    NoDirectory,
}

/// Gives the file TARGET's name if that is free; the kernel decides it, not a look.
fn create(sealed: &Sealed<'_>, place: &Place, how: &How<'_>) -> Result<Created> {
    let (directory, name, file) = (&place.directory, place.name.as_os_str(), sealed.file.as_fd());
    let created = match &sealed.naming {
        Naming::Unnamed(by) => stage::link(directory, file, *by, name),
        Naming::Named(temporary) => rename_to_free(directory, temporary, place, how.no_clobber)
            .or_else(|errno| settle(directory, name, temporary.inode(), errno)),
    };
    match created {
        Ok(()) => {
            again_on_btrfs(file, how.sync).map_err(|errno| Failure::not_durable("sync", words(errno)))?;
            Ok(Created::Yes)
        }
        Err(Errno::EXIST) => Ok(Created::Exists),
        Err(Errno::NOENT) => Ok(Created::NoDirectory),
        Err(errno) => Err(Failure::call("link")(errno)),
    }
}

/// Renames over nothing. NFS, FUSE and ZFS know no such flag: there a second name does it, and the first one goes when
/// it is dropped.
fn rename_to_free(
    directory: &Directory,
    temporary: &TemporaryName<'_>,
    place: &Place,
    no_clobber: bool,
) -> std::result::Result<(), Errno> {
    let unknown = |errno| matches!(errno, Errno::INVAL | Errno::NOSYS | Errno::NOTSUP | Errno::PERM);
    let (from, to) = (temporary.name.as_os_str(), place.name.as_os_str());
    match sys::rename_to_free(directory, from, to) {
        Err(errno) if unknown(errno) => match sys::linkat(directory, from, directory, to, AtFlags::empty()) {
            // Nobody asked not to clobber: the last writer wins.
            Err(errno) if unknown(errno) && !no_clobber => sys::renameat(directory, from, to),
            done => done,
        },
        done => done,
    }
}

/// What became of a name of its own.
enum Named<'d> {
    Yes(Sealed<'d>),
    NoDirectory(Sealed<'d>),
}

/// The same file with a name of its own: the first that a kill can leave.
fn named<'d>(sealed: Sealed<'d>, place: &'d Place, how: &How<'_>) -> Result<Named<'d>> {
    let Naming::Unnamed(by) = sealed.naming else { return Ok(Named::Yes(sealed)) };
    let directory = &place.directory;
    let name = match TemporaryName::link(directory, sealed.file.as_fd(), by) {
        Ok(name) => name,
        Err(Errno::NOENT) => return Ok(Named::NoDirectory(sealed)),
        Err(errno) => return Err(Failure::call("link")(errno)),
    };
    again_on_btrfs(sealed.file.as_fd(), how.sync).map_err(Failure::call("sync"))?;
    let mut file = sealed.file;
    if sealed.is_writable {
        let reader = name.open().map_err(Failure::call("open again"))?;
        if how.locked {
            // The lock goes with the description. Nobody else knows the name yet.
            sys::flock(&file, rustix::fs::FlockOperation::Unlock).map_err(Failure::call("lock"))?;
            turn::lock_staged(reader.as_fd())?;
        }
        file = reader;
    }
    Ok(Named::Yes(Sealed { naming: Naming::Named(name), file, is_writable: false, ..sealed }))
}

/// Older btrfs does not log an inode without links at its sync, so what has been given a name is synced again.
fn again_on_btrfs(file: BorrowedFd<'_>, how: Sync) -> std::result::Result<(), Errno> {
    #[allow(clippy::cast_sign_loss)] // A bit pattern.
    if how != Sync::None && sys::fstatfs(file)?.f_type as u64 == BTRFS {
        sync::file(file)?;
    }
    Ok(())
}

/// The rename, and the backup where one is asked for.
fn replace(sealed: Sealed<'_>, place: &Place, now: Option<&Stat>, how: &How<'_>) -> Result<Committed> {
    let Sealed { naming: Naming::Named(name), file, .. } = sealed else {
        return Err(Failure::failed("rename", "the staging file has no name"));
    };
    match (how.backups, now) {
        (Some(backups), Some(old)) => backups.replace(place, name, old, how.sync)?,
        // Unlinked meanwhile: created, with the metadata that was held.
        _ => rename(place, name)?,
    }
    Ok(Committed { file, created: now.is_none(), other_names: now.map_or(0, |old| old.links.saturating_sub(1)) })
}

/// Renames the staging file over TARGET.
pub(crate) fn rename(place: &Place, name: TemporaryName<'_>) -> Result<()> {
    sys::renameat(&place.directory, &name.name, &place.name)
        .or_else(|errno| settle(&place.directory, &place.name, name.inode(), errno))
        .map_err(Failure::call("rename"))?;
    name.give_away();
    Ok(())
}
