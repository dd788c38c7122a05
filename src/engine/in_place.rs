//! `--allow-in-place`: TARGET is overwritten where it is, because a rename is impossible.
//!
//! Neither readers nor the disk have a promise meanwhile. What can be had is this: the whole input is received, checked
//! and synced first, under a name, 0600, in a directory on a real disk, itself synced; if the overwrite then fails, that
//! path is printed and nothing is lost.

use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use rustix::fs::{Access, AtFlags, OFlags};
use rustix::io::Errno;

use super::acl;
use super::commit::Synced;
use super::copy::Input;
use super::fill::{Filled, fill, still};
use super::names::{Directory, Pinned, Place};
use super::stage::{Birth, Naming};
use super::stat::Stat;
use super::{Change, Outcome, Replacement, leave_alone, stage_in, sync, validate};
use crate::failure::{Failure, Result, words};
use crate::policy::Sync;
use crate::report::Shown;
use crate::signals::Signals;
use crate::sys;

const STEP: &str = "overwrite in place";

/// `--allow-in-place`, where it had to be.
pub(super) fn run(job: &Replacement<'_>, reason: &str, input: &mut dyn Input) -> Result<Outcome> {
    let Some(target) = &job.place.at else {
        return Err(Failure::failed("overwrite in place", "there is nothing to overwrite"));
    };
    let directory = elsewhere(job.place)?;
    let mut done = overwrite_from(job, target, &directory, reason, input);
    let leftovers = directory.leftovers();
    match &mut done {
        Ok(outcome) => outcome.warnings.extend(leftovers),
        Err(failure) => failure.hints.extend(leftovers),
    }
    done
}

fn overwrite_from(
    job: &Replacement<'_>,
    target: &Pinned,
    directory: &Directory,
    reason: &str,
    input: &mut dyn Input,
) -> Result<Outcome> {
    let birth = Birth { mode: 0o600, private: true, named: true };
    let lazily = job.policy.if_changed && job.old.is_some();
    let stage = if lazily { None } else { Some(stage_in(directory, birth, job)?) };
    let Filled { stage, received } = fill(job, stage, input, || stage_in(directory, birth, job))?;
    let Some(stage) = stage else {
        return leave_alone(job, received);
    };
    let mut sealed = stage.seal()?;
    if job.guards.validate.is_some() {
        validate(job, &mut sealed)?;
    }
    if let (Some(old), true) = (&job.old, job.unchanged) {
        still(old).map_err(|_| Failure::refused("replace", "has changed since it was read"))?;
    }
    // Synced whatever --sync says: it may become the only good copy.
    let synced = Synced::from(sealed, directory, Sync::Full)?;
    overwrite(job.place, target, synced, directory, job.policy.mode, job.policy.sync, job.signals)?;
    let warnings = vec![format!("{reason}, so it was overwritten in place, which is not atomic")];
    Ok(Outcome { change: Change::Overwritten, received, warnings })
}

/// A directory for the copy: TARGET's own if possible, else where temporary files survive a restart.
fn elsewhere(place: &Place) -> Result<Directory> {
    let its_own = || Directory::open(place.directory.as_fd(), OsStr::new("."), place.directory.join(OsStr::new("")));
    let others = [
        std::env::var_os("TMPDIR").filter(|path| !path.is_empty()).map(PathBuf::from),
        Some(PathBuf::from("/var/tmp")),
        Some(PathBuf::from("/tmp")),
        std::env::var_os("HOME").filter(|path| !path.is_empty()).map(PathBuf::from),
    ];
    let others = others.into_iter().flatten();
    let others = others.map(|path| Directory::open(rustix::fs::CWD, path.as_os_str(), path.clone()));
    for directory in std::iter::once_with(its_own).chain(others).flatten() {
        let may_write = sys::accessat(&directory, ".", Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS).is_ok();
        // A name in an append-only one could never be removed.
        let may_remove = directory.stat().is_ok_and(|stat| !stat.is_append_only());
        if may_write && may_remove && on_disk(&directory) {
            return Ok(directory);
        }
    }
    Err(Failure::failed(STEP, "no directory on a disk may be written, for the copy that must be safe first")
        .hint("set TMPDIR to one"))
}

/// Not on a file system that lives in memory.
fn on_disk(directory: &Directory) -> bool {
    /// `TMPFS_MAGIC`, `RAMFS_MAGIC`, `PROC_SUPER_MAGIC`, `SYSFS_MAGIC`.
    const IN_MEMORY: [u64; 4] = [0x0102_1994, 0x8584_58f6, 0x9fa0, 0x6265_6572];
    #[allow(clippy::cast_sign_loss)] // A bit pattern.
    sys::fstatfs(directory).is_ok_and(|mount| !IN_MEMORY.contains(&(mount.f_type as u64)))
}

/// Overwrites TARGET, which is `old`, with the copy in `directory`.
fn overwrite(
    place: &Place,
    old: &Pinned,
    copy: Synced<'_>,
    directory: &Directory,
    mode: Option<u32>,
    how: Sync,
    signals: &Signals,
) -> Result<OwnedFd> {
    let sealed = copy.into_sealed();
    let Naming::Named(name) = sealed.naming else {
        return Err(Failure::failed(STEP, "the copy has no name"));
    };
    // Whatever --sync says: from the first byte on, it may be the only good copy.
    sync::directory(directory, sealed.file.as_fd()).map_err(Failure::call(STEP))?;
    let target = open(place, old)?;
    Signals::hold()?;
    signals.check()?;

    let size = Stat::of(&sealed.file).map_err(Failure::call(STEP))?.size;
    if !has_room(&target, size).map_err(Failure::call(STEP))? {
        return Err(Failure::call(STEP)(Errno::NOSPC));
    }
    let look = Look::of(&target, mode).map_err(Failure::call(STEP))?;
    if let Err(errno) = look.narrow(&target) {
        // Until the first byte is written, TARGET is whole.
        return Err(Failure::call(STEP)(errno));
    }
    let mut touched = false;
    match write(&sealed.file, &target, size, &look, how, &mut touched) {
        Ok(()) => Ok(target),
        Err(errno) if !touched => {
            look.restore(&target);
            Err(Failure::call(STEP)(errno))
        }
        Err(errno) => {
            let path = directory.join(&name.give_away());
            Err(Failure::damaged(STEP, words(errno))
                .hint(format_args!("the whole new content is {}", Shown(path.as_os_str()))))
        }
    }
}

/// Whether TARGET can grow to `size`, as far as its file system tells: found here, TARGET is still whole.
fn has_room(target: &OwnedFd, size: u64) -> std::result::Result<bool, Errno> {
    let more = size.saturating_sub(Stat::of(target)?.size);
    let mount = sys::fstatfs(target)?;
    // Some file systems have no number of blocks.
    let free = u64::try_from(mount.f_bsize).unwrap_or(0).saturating_mul(mount.f_bfree);
    Ok(mount.f_blocks == 0 || more <= free)
}

/// Opens TARGET for writing, neither truncated nor any other file than the one that was looked at.
fn open(place: &Place, old: &Pinned) -> Result<OwnedFd> {
    let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let target = sys::open(&place.directory, &place.name, flags).map_err(Failure::call(STEP))?;
    let now = Stat::of(&target).map_err(Failure::call(STEP))?;
    if now.is_same_file(&old.stat) { Ok(target) } else { Err(Failure::failed(STEP, "has been replaced meanwhile")) }
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
    fn of(target: &OwnedFd, mode: Option<u32>) -> std::result::Result<Look, Errno> {
        let before = Stat::of(target)?.bits();
        let after = mode.unwrap_or(before & 0o1777);
        let listed = mode.is_some()
            && match sys::fgetxattr(target, acl::ATTRIBUTE, &mut []) {
                Ok(_) => true,
                Err(Errno::NODATA | Errno::NOTSUP) => false,
                Err(errno) => return Err(errno),
            };
        // Of a list, the mode's middle digit is the mask.
        let all = if listed { 0o1700 } else { 0o1777 };
        Ok(Look { before, during: before & after & all, after, asked: mode.is_some(), listed })
    }

    /// Before the first byte, so that who may not set the mode is told while TARGET is whole.
    fn narrow(&self, target: &OwnedFd) -> std::result::Result<(), Errno> {
        if self.during == self.before {
            return Ok(());
        }
        match sys::fchmod(target, self.during) {
            // Another's file: the kernel takes the set-ID bits when it is written.
            Err(Errno::PERM) if !self.asked => Ok(()),
            done => done,
        }
    }

    /// Nothing was written after all.
    fn restore(&self, target: &OwnedFd) {
        if self.during != self.before {
            let _ = sys::fchmod(target, self.before);
        }
    }

    /// After the last byte.
    fn finish(&self, target: &OwnedFd) -> std::result::Result<(), Errno> {
        if self.listed {
            match sys::fremovexattr(target, acl::ATTRIBUTE) {
                Ok(()) | Err(Errno::NODATA) => {}
                Err(errno) => return Err(errno),
            }
        }
        if self.listed || self.after != self.during { sys::fchmod(target, self.after) } else { Ok(()) }
    }
}

/// Overwrites, cuts to `size`, sets the mode and syncs. `touched` tells whether TARGET is still what it was.
fn write(
    from: &OwnedFd,
    to: &OwnedFd,
    size: u64,
    look: &Look,
    how: Sync,
    touched: &mut bool,
) -> std::result::Result<(), Errno> {
    let mut buffer = vec![0; super::copy::BUFFER];
    let mut offset = 0;
    while offset < size {
        let count = match rustix::io::pread(from, &mut buffer, offset) {
            Ok(0) => return Err(Errno::IO),
            Ok(count) => count,
            Err(Errno::INTR | Errno::AGAIN) => continue,
            Err(errno) => return Err(errno),
        };
        let mut rest = buffer.get(..count).unwrap_or_default();
        while !rest.is_empty() {
            match rustix::io::pwrite(to, rest, offset) {
                Ok(0) => return Err(Errno::IO),
                Ok(count) => {
                    *touched = true;
                    rest = rest.get(count..).unwrap_or_default();
                    offset += count as u64;
                }
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(errno) => return Err(errno),
            }
        }
    }
    sys::ftruncate(to, size)?;
    *touched = true;
    look.finish(to)?;
    if how == Sync::None { Ok(()) } else { sync::file(to.as_fd()) }
}
