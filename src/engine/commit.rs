//! The commit: from the staging file's getting a name to the finished name.
//!
//! ```text
//!                 TARGET is absent                 TARGET exists
//! unnamed file    link to TARGET                   look, link to a short name, look again, rename over TARGET
//! named file      rename, not over anything        look, rename over TARGET
//! ```
//!
//! What a kill or a power cut leaves: before the link nothing but the old state; between link and rename the old TARGET
//! and the short name; after the rename the new TARGET. With a backup: see `backup.rs`.
//!
//! Signals are held before the first name exists, and stay held until the exit.

use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, FileType, OFlags};
use rustix::io::Errno;

use super::backup::Backups;
use super::directory::Directory;
use super::old::OldContent;
use super::resolve::ResolvedTarget;
use super::sealed::Sealed;
use super::stat::Stat;
use super::temporary::{Naming, TemporaryName};
use super::unnamed;
use super::{preflight, rename, sync};
use crate::failure::{Failure, Result, refuses_names};
use crate::policy::Sync;
use crate::sys;

/// A staging file whose content and metadata are on the disk, or need not be. Only this can be committed.
#[derive(Debug)]
pub(crate) struct Synced<'d>(Sealed<'d>);

/// What TARGET must still be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Precondition<'a> {
    /// Whatever it has become: the last writer wins.
    Anything,
    /// The inode that was locked, or still absent.
    Name(Option<&'a Stat>),
    /// The very state that was read.
    State(&'a OldContent),
}

/// How to commit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CommitOptions<'a> {
    pub(crate) no_clobber: bool,
    pub(crate) no_dereference: bool,
    pub(crate) expected: Precondition<'a>,
    pub(crate) backups: Option<&'a Backups>,
    pub(crate) sync: Sync,
    /// Whether programs that watch the directory may be told of a new TARGET by opening it for writing. Not where
    /// somebody may execute it: he could find it busy.
    pub(crate) announce: bool,
}

/// What became of the commit.
#[derive(Debug)]
pub(crate) enum Commit<'d> {
    /// TARGET is the staged file.
    Done(Committed),
    /// TARGET has become another file than the one whose metadata the staged file has; nothing is done yet.
    Changed(Sealed<'d>),
    /// The unnamed file could not be given a name; nothing is done yet.
    Unlinkable(Sealed<'d>, Errno),
    /// The staged file has a name, and the system refuses to rename it over TARGET; nothing is done yet.
    Refused(Sealed<'d>, Errno),
}

/// The new TARGET.
#[derive(Debug)]
pub(crate) struct Committed {
    /// Open on it, where anything is; what holds its lock.
    pub(crate) file: Option<OwnedFd>,
    /// Whether there was none before.
    pub(crate) created: bool,
    /// How many other names the old file has.
    pub(crate) other_names: u64,
}

impl<'d> Synced<'d> {
    /// Sealed -> Synced. The sync is on the descriptor that wrote, where that is still open: every error of writing
    /// back shows there. Then the writer is closed.
    pub(crate) fn from(mut sealed: Sealed<'d>, how: Sync) -> Result<Self> {
        if how != Sync::None {
            sync::file(sealed.file()?).map_err(|errno| sync::failed(sealed.failed("sync", errno)))?;
        }
        sealed.close()?;
        Ok(Synced(sealed))
    }

    /// Synced again without a sync: nothing has been done to it since.
    pub(crate) fn already(sealed: Sealed<'d>) -> Self {
        Synced(sealed)
    }

    /// For the copy of an overwrite in place, which gets no other name.
    pub(crate) fn into_sealed(self) -> Sealed<'d> {
        self.0
    }

    /// Synced -> TARGET, or what stood in the way. `like` is the file whose metadata the staged one has; without it
    /// TARGET is expected to be absent, or a link that is itself replaced.
    pub(crate) fn commit(
        self,
        target: &'d ResolvedTarget,
        like: Option<&Stat>,
        how: &CommitOptions<'_>,
    ) -> Result<Commit<'d>> {
        let Synced(mut sealed) = self;
        if sealed.is_held_by_writer() {
            // Before it has a name by which others can open it.
            if !how.no_clobber
                && let Some(now) = look(target, how)?
                && !same_owner_and_mode(&now, like)
            {
                return Ok(Commit::Changed(sealed));
            }
            // No /proc: the writer can be exchanged for a reader by name only.
            sealed = match named(sealed, target)? {
                Named::Yes(sealed) => sealed,
                Named::No(sealed, errno) => return Ok(Commit::Unlinkable(sealed, errno)),
            };
        }
        if like.is_none() {
            sealed = match create(sealed, target, how)? {
                Created::Yes(file) => {
                    return Ok(Commit::Done(Committed { file, created: true, other_names: 0 }));
                }
                Created::No(sealed, Errno::EXIST) if how.no_clobber => {
                    drop(sealed);
                    return Err(Failure::refused("no-clobber", "has been created meanwhile"));
                }
                // By somebody else meanwhile, or a link.
                Created::No(sealed, Errno::EXIST) => sealed,
                Created::No(sealed, errno) => return Ok(Commit::Unlinkable(sealed, errno)),
            };
        }
        // Before it has a name by which others can open it, and once more after.
        let (mut sealed, mut now) = match compare(sealed, target, like, how)? {
            Compared::Alike(sealed, now) => (sealed, now),
            Compared::Other(commit) => return Ok(commit),
        };
        if let Naming::Unnamed(_) = sealed.naming() {
            sealed = match named(sealed, target)? {
                Named::Yes(sealed) => sealed,
                Named::No(sealed, errno) => return Ok(Commit::Unlinkable(sealed, errno)),
            };
            (sealed, now) = match compare(sealed, target, like, how)? {
                Compared::Alike(sealed, now) => (sealed, now),
                Compared::Other(commit) => return Ok(commit),
            };
        }
        replace(sealed, target, &now, how)
    }
}

/// What TARGET is, beside the file whose metadata the staged one has.
enum Compared<'d> {
    /// This, which looks the same.
    Alike(Sealed<'d>, Stat),
    /// Another file, or absent, and what came of that.
    Other(Commit<'d>),
}

fn compare<'d>(
    sealed: Sealed<'d>,
    target: &'d ResolvedTarget,
    like: Option<&Stat>,
    how: &CommitOptions<'_>,
) -> Result<Compared<'d>> {
    Ok(match look(target, how)? {
        Some(now) if same_owner_and_mode(&now, like) => Compared::Alike(sealed, now),
        Some(_) => Compared::Other(Commit::Changed(sealed)),
        // Unlinked meanwhile: created, with the metadata that was held.
        None => Compared::Other(match create(sealed, target, how)? {
            Created::Yes(file) => Commit::Done(Committed { file, created: true, other_names: 0 }),
            Created::No(sealed, Errno::EXIST) => Commit::Changed(sealed),
            Created::No(sealed, errno) => Commit::Unlinkable(sealed, errno),
        }),
    })
}

/// Whether a file with the metadata of `like` may replace `now`: owner, group and mode match, or `now` is a symbolic link,
/// whose metadata is never copied.
fn same_owner_and_mode(now: &Stat, like: Option<&Stat>) -> bool {
    let looks = |stat: &Stat| (stat.uid, stat.gid, stat.mode);
    now.kind() == FileType::Symlink || like.is_some_and(|like| looks(now) == looks(like))
}

/// What TARGET is, compared with what it must be.
fn look(target: &ResolvedTarget, how: &CommitOptions<'_>) -> Result<Option<Stat>> {
    let now = target.directory.lstat_uncached(&target.name).map_err(Failure::call("look"))?;
    if let Some(now) = &now {
        preflight::suitable(now.kind(), how.no_dereference)?;
    }
    match (how.expected, &now) {
        (Precondition::Anything, _) | (Precondition::Name(None), None) => Ok(now),
        (Precondition::Name(Some(expected)), Some(found)) if expected.is_same_file(found) => Ok(now),
        (Precondition::Name(_), _) => {
            Err(Failure::failed("lock", "has been replaced meanwhile by a writer that does not take turns"))
        }
        (Precondition::State(old), Some(found)) if old.is_still(found, target)? => Ok(now),
        (Precondition::State(_), _) => Err(Failure::changed("replace", "has changed since it was read")
            .hint("another writer, or COMMAND itself; --lock makes writers take turns")),
    }
}

/// What became of a new TARGET.
enum Created<'d> {
    /// With what is open on it.
    Yes(Option<OwnedFd>),
    /// The name is taken, or another error says that it cannot be had by this way.
    No(Sealed<'d>, Errno),
}

/// Gives the file TARGET's name if that is free; the kernel decides it, not a look.
fn create<'d>(sealed: Sealed<'d>, target: &ResolvedTarget, how: &CommitOptions<'_>) -> Result<Created<'d>> {
    let (directory, name) = (&target.directory, target.name.as_os_str());
    let created = match sealed.naming() {
        Naming::Unnamed(by) => unnamed::link(directory, sealed.file()?, *by, name).map(|()| Appeared::Linked),
        Naming::Named(temporary) => rename_to_free(directory, temporary, target, how),
    };
    let appeared = match created {
        Ok(appeared) => appeared,
        Err(errno) if errno == Errno::NOENT || refuses_names(errno) => return Ok(Created::No(sealed, errno)),
        Err(errno) => return Err(Failure::call("link")(errno)),
    };
    let (naming, file) = sealed.into_parts();
    // The first of two names goes, if it is still there: a rename of one link onto another does nothing.
    drop(naming);
    if appeared == Appeared::Linked && how.announce {
        announce(target);
    }
    Ok(Created::Yes(file))
}

/// How a new TARGET got its name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Appeared {
    Linked,
    Renamed,
}

/// Who watches a directory for finished files waits for the closing of one that was written, or for a rename. A link is
/// neither, and the writer was closed when the file had no name: opened for writing and closed, it is told by its name.
/// Nothing is written, and that it cannot be opened is no failure.
fn announce(target: &ResolvedTarget) {
    let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let _ = sys::open(&target.directory, &target.name, flags);
}

/// Renames over nothing. NFS, FUSE and ZFS know no such flag: there a second name does it, and the first one goes when
/// it is dropped. Where it need not be exact a look does, as a link that comes and goes leaves a wrong count of links in
/// the caches of some.
fn rename_to_free(
    directory: &Directory,
    temporary: &TemporaryName<'_>,
    target: &ResolvedTarget,
    how: &CommitOptions<'_>,
) -> std::result::Result<Appeared, Errno> {
    let unknown = |errno| matches!(errno, Errno::INVAL | Errno::NOSYS | Errno::NOTSUP | Errno::PERM);
    let exact = how.no_clobber || how.backups.is_some();
    let (from, to) = (temporary.name.as_os_str(), target.name.as_os_str());
    let verify = |errno| directory.verify_after_error(to, temporary.inode(), errno);
    let rename = || match directory.lstat(to)? {
        Some(_) => Err(Errno::EXIST),
        None => sys::renameat(directory, from, to).or_else(verify).map(|()| Appeared::Renamed),
    };
    match sys::rename_to_free(directory, from, to).or_else(verify) {
        Ok(()) => Ok(Appeared::Renamed),
        Err(errno) if !unknown(errno) => Err(errno),
        Err(_) if !exact => rename(),
        Err(_) => match sys::linkat(directory, from, directory, to, AtFlags::empty()).or_else(verify) {
            // Nobody asked not to clobber: the last writer wins.
            Err(errno) if unknown(errno) && !how.no_clobber => rename(),
            linked => linked.map(|()| Appeared::Linked),
        },
    }
}

/// What became of a name of its own.
enum Named<'d> {
    Yes(Sealed<'d>),
    /// It cannot be had by a link.
    No(Sealed<'d>, Errno),
}

/// The same file with a name of its own: the first that a kill can leave.
fn named<'d>(sealed: Sealed<'d>, target: &'d ResolvedTarget) -> Result<Named<'d>> {
    let Naming::Unnamed(by) = *sealed.naming() else { return Ok(Named::Yes(sealed)) };
    let directory = &target.directory;
    let name = match TemporaryName::link(directory, sealed.file()?, by) {
        Ok(name) => name,
        // Not because of the name: a file system that says so of each has no other answer either.
        Err(errno @ Errno::EXIST) => return Err(Failure::call("link")(errno)),
        Err(errno) if errno == Errno::NOENT || refuses_names(errno) => return Ok(Named::No(sealed, errno)),
        Err(errno) => return Err(Failure::call("link")(errno)),
    };
    sealed.with_name(name).map(Named::Yes)
}

/// The rename over TARGET, which is `now`, and the backup where one is asked for.
fn replace<'d>(sealed: Sealed<'d>, target: &ResolvedTarget, now: &Stat, how: &CommitOptions<'_>) -> Result<Commit<'d>> {
    let other_names = other_names(target, now);
    if let Some(backups) = how.backups {
        return match backups.replace(target, sealed, now, how.sync)? {
            Ok(file) => Ok(Commit::Done(Committed { file, created: false, other_names })),
            Err(sealed) => Ok(Commit::Changed(sealed)),
        };
    }
    let Naming::Named(name) = sealed.naming() else {
        return Err(Failure::failed("rename", "the staging file has no name"));
    };
    match rename::over(target, name) {
        Ok(()) => Ok(Commit::Done(Committed { file: sealed.disarm(), created: false, other_names })),
        Err(errno) => after_failed_rename(sealed, target, now, errno, other_names),
    }
}

/// How many other names TARGET has. Where a file system answers from a cache, a name that is gone already may count.
fn other_names(target: &ResolvedTarget, now: &Stat) -> u64 {
    if now.links <= 1 {
        return 0;
    }
    let fresh = target.directory.lstat_uncached(&target.name).ok().flatten();
    fresh.map_or(now.links, |fresh| fresh.links).saturating_sub(1)
}

/// Some network file systems remove TARGET first, and then fail. What is missing gets the new content all the same, or its
/// user is told where that is.
fn after_failed_rename<'d>(
    sealed: Sealed<'d>,
    target: &ResolvedTarget,
    before: &Stat,
    errno: Errno,
    other_names: u64,
) -> Result<Commit<'d>> {
    let Naming::Named(name) = sealed.naming() else {
        return Err(Failure::call("rename")(errno));
    };
    let directory = &target.directory;
    // Without its own name it could not be put there.
    if rename::is_there(target, before) || !matches!(directory.lstat_uncached(&name.name), Ok(Some(_))) {
        return if refuses_names(errno) {
            Ok(Commit::Refused(sealed, errno))
        } else {
            Err(Failure::call("rename")(errno))
        };
    }
    if rename::to_name_of_gone(target, name).is_ok() {
        return Ok(Commit::Done(Committed { file: sealed.disarm(), created: false, other_names }));
    }
    let path = directory.join(&name.name);
    sealed.disarm();
    Err(rename::gone(errno, &path))
}
