//! `--allow-in-place`: TARGET is overwritten where it is, because a rename is impossible.
//!
//! Neither readers nor the disk have a promise meanwhile. What can be had is this: the whole input is received, checked
//! and synced first, under a name, 0600, in a directory on a real disk, itself synced; if the overwrite then fails, that
//! path is printed and nothing is lost.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::acl;
use super::commit::Synced;
use super::directory::PathHandle;
use super::elsewhere::SpillDirectory;
use super::filesystem::FileSystem;
use super::fill;
use super::preflight;
use super::privilege;
use super::request::Replacement;
use super::resolve::ResolvedTarget;
use super::sealed::{KeepOpen, Sealed};
use super::stage::{CreateOptions, Stage};
use super::stat::Stat;
use super::sync;
use super::temporary::Naming;
use crate::failure::{Failure, Result, words};
use crate::policy::Sync;
use crate::quote::Shown;
use crate::signals::Signals;
use crate::sys;

const STEP: &str = "overwrite in place";

/// Creates the copy's file. `reason` is why no rename is possible.
pub(super) fn stage<'d>(job: &'d Replacement<'_>, reason: String) -> Result<Stage<'d>> {
    let create_options = CreateOptions { mode: 0o600, private: true, named: true, wanted: None };
    let elsewhere = job.elsewhere.get_or_init(|| SpillDirectory::of(job.target, reason));
    // What the permissions allow, a sandbox may refuse: only the attempt tells.
    let mut staged = elsewhere.candidates.iter().map(|directory| Stage::open(directory, create_options, job.signals));
    staged.find_map(Result::ok).ok_or_else(|| {
        Failure::failed(STEP, "no directory on a disk may be written, for the copy that must be safe first")
            .hint("set TMPDIR to one")
    })
}

/// The last step in place of the rename, where the copy was staged elsewhere. Returns the warnings.
pub(super) fn finish(job: &Replacement<'_>, sealed: Sealed<'_>) -> Result<Vec<String>> {
    let (Some(existing), Some(elsewhere)) = (&job.target.existing, job.elsewhere.get()) else {
        return Err(nothing_there());
    };
    if let (Some(old), true) = (&job.old, job.unchanged) {
        old.ensure_unchanged(job.signals).map_err(|_| Failure::changed("replace", "has changed since it was read"))?;
    }
    overwrite_synced(job, existing, sealed, &elsewhere.reason)
}

/// The same in place of a commit that the system refuses: TARGET has been compared already, and `from` is staged, where it
/// cannot stay. It is copied to a safe place.
pub(super) fn finish_from(job: &Replacement<'_>, from: &Sealed<'_>, reason: String) -> Result<Vec<String>> {
    let stage = stage(job, reason)?;
    let copy = fill::copy_staged(job, from, stage, KeepOpen::Yes)?;
    let (Some(existing), Some(elsewhere)) = (&job.target.existing, job.elsewhere.get()) else {
        return Err(nothing_there());
    };
    overwrite_synced(job, existing, copy, &elsewhere.reason)
}

/// Synced whatever --sync says: it may become the only good copy.
fn overwrite_synced(
    job: &Replacement<'_>,
    existing: &PathHandle,
    copy: Sealed<'_>,
    reason: &str,
) -> Result<Vec<String>> {
    let copy = Synced::from(copy, Sync::Full)?.into_sealed();
    overwrite(job, job.target, existing, copy, reason)
}

fn nothing_there() -> Failure {
    Failure::failed(STEP, "there is nothing to overwrite")
}

/// The last step in place of a rename that the system refuses. The staged file lies beside TARGET, and is as safe there.
pub(super) fn instead_of_rename(
    job: &Replacement<'_>,
    target: &ResolvedTarget,
    mut sealed: Sealed<'_>,
    errno: Errno,
) -> Result<Vec<String>> {
    let refused = Failure::call("rename")(errno);
    let now = target.directory.open_path(&target.name).map_err(Failure::call("look"))?;
    let Some(existing) = now.as_ref() else {
        return Err(refused);
    };
    if !preflight::may_overwrite(target, now.as_ref(), job.policy)? {
        return Err(preflight::offer_overwrite(refused, target, job.policy));
    }
    let file = sealed.reopened()?;
    if !target.directory.filesystem().is_persistent() {
        return finish_from(job, &sealed, format!("rename: {}", words(errno)));
    }
    // It may belong to somebody else already.
    let _ = sys::fchmod(file, 0o600);
    sync::file(file).map_err(Failure::call("sync"))?;
    overwrite(job, target, existing, sealed, &format!("rename: {}", words(errno)))
}

/// Overwrites TARGET, which is `old`, with the copy. Returns the warnings.
fn overwrite(
    job: &Replacement<'_>,
    target: &ResolvedTarget,
    old: &PathHandle,
    sealed: Sealed<'_>,
    reason: &str,
) -> Result<Vec<String>> {
    let directory = sealed.directory();
    let Naming::Named(name) = sealed.naming() else {
        return Err(Failure::failed(STEP, "the copy has no name"));
    };
    let path = directory.join(&name.name);
    let copy = sealed.file()?;
    // Whatever --sync says: from the first byte on, it may be the only good copy.
    sync::directory(directory, Some(copy)).map_err(Failure::call(STEP))?;
    let existing = open(target, old)?;
    Signals::hold()?;
    job.signals.check()?;

    let size = Stat::of(copy).map_err(Failure::call(STEP))?.size;
    if !has_room(&existing, size).map_err(Failure::call(STEP))? {
        return Err(Failure::call(STEP)(Errno::NOSPC));
    }
    let look = Look::of(&existing, job.policy.mode).map_err(Failure::call(STEP))?;
    target.is_ctime_ours.set(true);
    // Until the first byte is written, TARGET is whole.
    look.narrow(&existing).map_err(Failure::call(STEP))?;
    let mut touched = false;
    let failed = match write(copy, &existing, size, &look, job.policy.sync, &mut touched) {
        Ok(()) => return Ok(warnings(&existing, job.policy.mode, reason)),
        Err(errno) if !touched => match look.restore(&existing) {
            Ok(()) => return Err(Failure::call(STEP)(errno)),
            Err(again) => format!("{}; setting mode {:04o} again: {}", words(errno), look.before, words(again)),
        },
        Err(errno) => words(errno),
    };
    // What is not what it was, nor what it was to be, is damaged. The copy stays.
    sealed.disarm();
    Err(Failure::damaged(STEP, failed).hint(format_args!("the whole new content is {}", Shown(path.as_os_str()))))
}

fn warnings(existing: &OwnedFd, mode: Option<u32>, reason: &str) -> Vec<String> {
    let mut warnings = vec![format!("{reason}, so it was overwritten in place, which is not atomic")];
    if let Some(mode) = mode
        && let Some(bits) = Stat::of(existing).ok().map(|stat| stat.bits()).filter(|bits| *bits != mode)
    {
        warnings.push(format!("cannot set mode {mode:04o} (it is {bits:04o})"));
    }
    warnings
}

/// Whether TARGET can grow to `size`, as far as its file system tells: found here, TARGET is still whole.
fn has_room(existing: &OwnedFd, size: u64) -> std::result::Result<bool, Errno> {
    let stat = Stat::of(existing)?;
    let mount = sys::fstatfs(existing)?;
    // A file system that copies on write needs room for all of it.
    let more = if FileSystem::of(existing).copies_on_write() { size } else { size.saturating_sub(stat.allocated) };
    // Some blocks are for the system's own use.
    let blocks = if privilege::may_use_reserved_blocks() { mount.f_bfree } else { mount.f_bavail };
    let free = u64::try_from(mount.f_bsize).unwrap_or(0).saturating_mul(blocks);
    // Some file systems have no number of blocks.
    Ok(mount.f_blocks == 0 || more <= free)
}

/// Opens TARGET for writing, neither truncated nor any other file than the one that was looked at.
fn open(target: &ResolvedTarget, old: &PathHandle) -> Result<OwnedFd> {
    let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let existing = sys::open(&target.directory, &target.name, flags).map_err(Failure::call(STEP))?;
    let now = Stat::of(&existing).map_err(Failure::call(STEP))?;
    if now.is_same_file(&old.stat) { Ok(existing) } else { Err(Failure::failed(STEP, "has been replaced meanwhile")) }
}

/// What becomes of TARGET's mode. It keeps everything else, as it stays the same inode.
struct Look {
    /// As it is.
    before: u32,
    /// While it is written: what it is and will be, so that nobody reads the new content who may not in the end.
    during: u32,
    /// In the end: without set-ID bits, which belong to the old content, if nobody asks for them.
    after: u32,
    /// Whether `--mode` asks for it.
    asked: bool,
    /// Whether there is an access control list that `--mode` takes away.
    listed: bool,
}

impl Look {
    fn of(existing: &OwnedFd, mode: Option<u32>) -> std::result::Result<Look, Errno> {
        let before = Stat::of(existing)?.bits();
        let after = mode.unwrap_or(before & 0o1777);
        let listed = mode.is_some()
            && match sys::fgetxattr(existing, acl::ATTRIBUTE, &mut []) {
                Ok(_) => true,
                Err(Errno::NODATA | Errno::NOTSUP) => false,
                Err(errno) => return Err(errno),
            };
        // Of a list, the mode's middle digit is the mask.
        let all = if listed { 0o1700 } else { 0o1777 };
        Ok(Look { before, during: before & after & all, after, asked: mode.is_some(), listed })
    }

    /// Before the first byte, so that who may not set the mode is told while TARGET is whole.
    fn narrow(&self, existing: &OwnedFd) -> std::result::Result<(), Errno> {
        if self.during == self.before {
            return Ok(());
        }
        match sys::fchmod(existing, self.during) {
            // Another's file: the kernel takes the set-ID bits when it is written.
            Err(Errno::PERM) if !self.asked => Ok(()),
            done => done,
        }
    }

    /// Nothing was written after all.
    fn restore(&self, existing: &OwnedFd) -> std::result::Result<(), Errno> {
        if self.during == self.before { Ok(()) } else { sys::fchmod(existing, self.before) }
    }

    /// After the last byte.
    fn finish(&self, existing: &OwnedFd) -> std::result::Result<(), Errno> {
        if self.listed {
            match sys::fremovexattr(existing, acl::ATTRIBUTE) {
                Ok(()) | Err(Errno::NODATA) => {}
                Err(errno) => return Err(errno),
            }
        }
        if self.listed || self.after != self.during { sys::fchmod(existing, self.after) } else { Ok(()) }
    }
}

/// Overwrites, cuts to `size`, sets the mode and syncs. `touched` tells whether TARGET is still what it was.
fn write(
    from: BorrowedFd<'_>,
    to: &OwnedFd,
    size: u64,
    look: &Look,
    how: Sync,
    touched: &mut bool,
) -> std::result::Result<(), Errno> {
    let mut buffer = vec![0; super::copy::BUFFER];
    let mut offset = 0;
    while offset < size {
        let count = match sys::transfer(|| rustix::io::pread(from, &mut *buffer, offset))? {
            0 => return Err(Errno::IO),
            count => count,
        };
        let mut rest = buffer.get(..count).unwrap_or_default();
        while !rest.is_empty() {
            match sys::transfer(|| rustix::io::pwrite(to, rest, offset))? {
                0 => return Err(Errno::IO),
                count => {
                    *touched = true;
                    rest = rest.get(count..).unwrap_or_default();
                    offset += count as u64;
                }
            }
        }
    }
    sys::ftruncate(to, size)?;
    *touched = true;
    look.finish(to)?;
    if how == Sync::None { Ok(()) } else { sync_overwritten(to) }
}

/// Some file systems of the kernel's own (/proc, /sys) know no sync, and have taken the content when it was written.
fn sync_overwritten(file: &OwnedFd) -> std::result::Result<(), Errno> {
    match sync::file(file.as_fd()) {
        Err(Errno::INVAL | Errno::NOTSUP | Errno::NOSYS) => sys::syncfs(file.as_fd()),
        done => done,
    }
}
