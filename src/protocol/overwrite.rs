//! `--allow-in-place` and `--in-place`: overwrites TARGET in place, because a rename is impossible or not wanted.
//!
//! During the overwrite neither readers nor the disk have a guarantee. But first the whole input is received, checked
//! and synced, in a named file with mode 0600, in a directory on a real disk that is synced as well. If the overwrite
//! then fails, that file's path is printed and nothing is lost. With `--backup`, a copy of the old content has the
//! backup's name before the first byte is overwritten.

use std::rc::Rc;

use super::backup::CopiedBackup;
use super::commit_once::Synced;
use super::copy;
use super::directory::PathHandle;
use super::fill;
use super::preflight;
use super::private_directory::PrivateDirectory;
use super::request::Replacement;
use super::resolve::ResolvedTarget;
use super::sealed::{KeepOpen, Sealed};
use super::spill::SpillDirectories;
use super::staging::Stage;
use super::sync;
use super::{requested_mode, requested_owner};
use crate::error::{Context, Error, ErrorExt, Result, damaged, failed};
use crate::options::{Owners, Sync};
use crate::platform::{
    self, AsFd, BorrowedFd, Errno, OwnedFd, Stat, acl, has_attribute, is_unsupported_sync, os_message,
    remove_attribute, set_mode,
};
use crate::progress::Phase;
use crate::quote::Shown;

const STEP: &str = "overwrite in place";

/// Creates the file for the copy. `reason` is why no rename is possible; `None` if the user requests the overwrite.
pub(super) fn stage(job: &Replacement<'_>, reason: Option<String>) -> Result<Stage> {
    // A signal's default action would leave the copy.
    job.signals.watch().context("signals")?;
    spill(job, reason).stage(job.notices).ok_or_else(no_directory)
}

/// The same for a command that writes the copy by name.
pub(super) fn private_directory(job: &Replacement<'_>, reason: Option<String>) -> Result<Rc<PrivateDirectory>> {
    spill(job, reason).private_directory(job.signals, job.notices).ok_or_else(no_directory)
}

fn spill<'j>(job: &'j Replacement<'_>, reason: Option<String>) -> &'j SpillDirectories {
    job.spill.get_or_init(|| SpillDirectories::find(job.target, reason, job.notices))
}

fn no_directory() -> Error {
    failed(STEP, "no directory on a disk may be written, for the copy that must be safe first")
        .hint("set TMPDIR to one")
}

/// The same instead of a commit that the system refuses. TARGET has been compared already. `from` is staged in an
/// unsafe place, so it is copied to a safe one.
pub(super) fn from_copy(job: &Replacement<'_>, from: &Sealed, reason: Option<String>) -> Result<()> {
    let stage = stage(job, reason)?;
    overwrite(job, fill::copy_staged(job, from, stage, KeepOpen::Reader)?)
}

/// The last step instead of the commit, if the copy was staged for it. The copy is synced whatever `--sync` says: it may become
/// the only intact one.
pub(super) fn overwrite(job: &Replacement<'_>, copy: Sealed) -> Result<()> {
    let (Some(existing), Some(spill)) = (&job.target.existing, job.spill.get()) else {
        return Err(failed(STEP, "there is nothing to overwrite"));
    };
    let copy = Synced::from(copy, Sync::Full)?.into_sealed();
    write_target(job, job.target, existing, copy, spill.reason.as_deref())
}

/// Overwrites instead of a rename that the system refuses or, with `--in-place`, that would replace a TARGET which has
/// appeared. The staged file is beside TARGET and is safe there, if the file system is persistent.
pub(super) fn instead_of_rename(
    job: &Replacement<'_>,
    target: &ResolvedTarget,
    mut sealed: Sealed,
    refusal: Option<Errno>,
) -> Result<()> {
    let refused = Error::new(refusal.unwrap_or(Errno::EXIST)).context("rename");
    let now = target.open_path().context("stat")?;
    let Some(existing) = now.as_ref() else {
        return Err(refused);
    };
    if !preflight::may_overwrite(target, now.as_ref(), job.options)? {
        return Err(preflight::offer_overwrite(refused, target, now.as_ref(), job.options));
    }
    let reason = refusal.map(|errno| format!("rename: {}", os_message(errno)));
    let file = sealed.reopened()?;
    if !target.directory.filesystem().is_persistent() {
        return from_copy(job, &sealed, reason);
    }
    // It may already belong to another user.
    let _ = set_mode(file, 0o600);
    platform::sync_file(file).context("sync")?;
    write_target(job, target, existing, sealed, reason.as_deref())
}

/// Overwrites TARGET, which is `old`, with the copy, which is synced.
fn write_target(
    job: &Replacement<'_>,
    target: &ResolvedTarget,
    old: &PathHandle,
    sealed: Sealed,
    reason: Option<&str>,
) -> Result<()> {
    let directory = sealed.directory();
    let Some(path) = sealed.path() else {
        return Err(failed(STEP, "the copy has no name"));
    };
    let copy = sealed.file()?;
    // Whatever `--sync` says: from the first byte on, it may be the only intact copy.
    sync::directory(directory, Some(copy)).context(STEP)?;
    if let Some(private) = sealed.private() {
        sync::directory(private.parent(), Some(copy)).context(STEP)?;
    }
    let existing = open(target, old)?;
    job.hold_signals()?;
    job.progress.phase(Phase::Swapping);

    let now = Stat::of(&existing).context(STEP)?;
    let size = Stat::of(copy).context(STEP)?.size;
    let mode = requested_mode::of_open(job.options, existing.as_fd(), &now).context(STEP)?;
    let access = Access::of(&existing, &now, mode, job.options.owners).context(STEP)?;
    let backup = job.backup.map(|backup| CopiedBackup::create(target, backup)).transpose()?;
    // After the backup, which takes room as well, or shares the blocks that are overwritten.
    if let Err(errno) = ensure_room(&existing, &now, size, backup.is_some()) {
        backup.into_iter().for_each(CopiedBackup::take_back);
        return Err(Error::new(errno).context(STEP));
    }
    target.ctime_changed_by_us.set(true);
    // Until the first byte is written, TARGET is intact.
    if let Err(error) = access.restrict(&existing) {
        backup.into_iter().for_each(CopiedBackup::take_back);
        return Err(error);
    }
    let mut modified = false;
    if let Err(errno) = write(job, copy, &existing, size, &access, &mut modified) {
        let damage = match damage(&existing, &access, modified, Error::new(errno).context(STEP)) {
            Ok(damage) => damage,
            Err(error) => {
                target.written_in_vain.set(true);
                backup.into_iter().for_each(CopiedBackup::take_back);
                return Err(error);
            }
        };
        // TARGET has neither the old nor the new state, so it is damaged. The copy stays.
        sealed.keep();
        let damage = damage.hint(format_args!("the whole new content is {}", Shown(path.as_os_str())));
        return Err(match backup.map(CopiedBackup::keep) {
            Some(old) => damage.hint(format_args!("the old content is {}", Shown(old.as_os_str()))),
            None => damage,
        });
    }
    if let Some(backup) = backup {
        backup.keep();
    }
    warn(job, &existing, mode, reason);
    Ok(())
}

fn ensure_room(existing: &OwnedFd, now: &Stat, size: u64, may_share_blocks: bool) -> platform::Result<()> {
    if platform::has_room(existing, now, size, may_share_blocks)? { Ok(()) } else { Err(Errno::NOSPC) }
}

/// Returns the error if TARGET is damaged. If TARGET is unchanged, fails with the original error.
fn damage(existing: &OwnedFd, access: &Access<'_>, modified: bool, error: Error) -> Result<Error> {
    let (_, reason) = error.step_and_reason();
    if modified {
        return Ok(damaged(STEP, reason));
    }
    match access.restore(existing) {
        Ok(()) => Err(error),
        Err(restore_error) => {
            Ok(damaged(STEP, format_args!("{reason}; restoring owner and mode: {}", os_message(restore_error))))
        }
    }
}

fn warn(job: &Replacement<'_>, existing: &OwnedFd, mode: Option<u32>, reason: Option<&str>) {
    if let Some(reason) = reason {
        job.notices.warn(format!("{reason}, so it was overwritten in place (not atomic)"));
    }
    if let Some(mode) = mode
        && let Some(bits) =
            Stat::of(existing).ok().map(|stat| stat.bits()).filter(|bits| !platform::is_mode_met(mode, *bits))
    {
        job.notices.warn(format!("cannot set mode {mode:04o} (it is {bits:04o})"));
    }
}

/// Opens TARGET for writing without truncating it. Fails if it is no longer the same file.
fn open(target: &ResolvedTarget, old: &PathHandle) -> Result<OwnedFd> {
    let existing = platform::open_for_writing(&target.directory, &target.name).context(STEP)?;
    let now = Stat::of(&existing).context(STEP)?;
    if now.is_same_file(&old.stat) { Ok(existing) } else { Err(failed(STEP, "was replaced meanwhile")) }
}

/// TARGET's mode and owner before, during and after the overwrite. All other metadata stays, because the inode is the same.
struct Access<'a> {
    /// The current state.
    before: &'a Stat,
    /// The requested owner and group.
    owners: Owners,
    /// The mode during the write: the intersection of both, so that no user reads the new content who may not in the
    /// end.
    during: u32,
    /// The final mode. Set-ID bits belong to the old content and are removed unless requested.
    after: u32,
    /// Whether `--mode` requests it.
    requested: bool,
    /// Whether there is an ACL, which `--mode` removes.
    has_acl: bool,
}

impl<'a> Access<'a> {
    fn of(existing: &OwnedFd, before: &'a Stat, mode: Option<u32>, owners: Owners) -> platform::Result<Access<'a>> {
        let bits = before.bits();
        let after = mode.unwrap_or(bits & 0o1777);
        let has_acl = mode.is_some()
            && match has_attribute(existing, acl::ATTRIBUTE) {
                Err(Errno::NOTSUP) => false,
                has => has?,
            };
        let same_group = owners.group.is_none_or(|group| group == before.gid);
        // With an ACL, the mode's group bits are the mask. With another group, they are other users'.
        let all = if has_acl { 0o1700 } else { 0o1777 } & if same_group { 0o1777 } else { 0o1707 };
        Ok(Access { before, owners, during: bits & after & all, after, requested: mode.is_some(), has_acl })
    }

    /// Sets the mode and the owner before the first write, so that a caller who may not set them fails while TARGET is
    /// intact.
    fn restrict(&self, existing: &OwnedFd) -> Result<()> {
        if self.during != self.before.bits() {
            match set_mode(existing, self.during) {
                // Another user's file: the kernel clears the set-ID bits on write.
                Err(Errno::PERM) if !self.requested => {}
                done => done.context(STEP)?,
            }
        }
        if self.has_owners() {
            return Ok(());
        }
        let given = requested_owner::give(existing.as_fd(), self.before, self.owners);
        // Whoever may give it away may not be able to set its mode in the end.
        match given.and_then(|()| set_mode(existing, self.during).context(STEP)) {
            Ok(()) => Ok(()),
            Err(error) => Err(damage(existing, self, false, error)?),
        }
    }

    fn has_owners(&self) -> bool {
        self.owners.are_met_by(self.before.uid, self.before.gid)
    }

    /// Restores the mode and the owner if nothing was written.
    fn restore(&self, existing: &OwnedFd) -> platform::Result<()> {
        if !self.has_owners() {
            let now = Stat::of(existing)?;
            let (user, group) = (self.before.uid, self.before.gid);
            if (now.uid, now.gid) != (user, group) {
                platform::set_owner(existing, Some(user), Some(group))?;
            }
        }
        if self.during == self.before.bits() { Ok(()) } else { set_mode(existing, self.before.bits()) }
    }

    /// Sets the final mode after the last write.
    fn finish(&self, existing: &OwnedFd) -> platform::Result<()> {
        if self.has_acl {
            remove_attribute(existing, acl::ATTRIBUTE)?;
        }
        if self.has_acl || self.after != self.during { set_mode(existing, self.after) } else { Ok(()) }
    }
}

/// Overwrites, truncates to `size`, sets the mode and syncs. Sets `modified` once TARGET's content has changed.
fn write(
    job: &Replacement<'_>,
    from: BorrowedFd<'_>,
    to: &OwnedFd,
    size: u64,
    access: &Access<'_>,
    modified: &mut bool,
) -> platform::Result<()> {
    let mut buffer = vec![0; copy::BUFFER];
    let mut offset = 0;
    while offset < size {
        let count = match platform::read_at_into(from, &mut buffer, offset)? {
            0 => return Err(Errno::IO),
            count => count,
        };
        let mut rest = buffer.get(..count).unwrap_or_default();
        while !rest.is_empty() {
            match platform::write_at(to, rest, offset)? {
                0 => return Err(Errno::IO),
                count => {
                    *modified = true;
                    rest = rest.get(count..).unwrap_or_default();
                    offset += count as u64;
                }
            }
        }
    }
    platform::set_size(to, size)?;
    *modified = true;
    access.finish(to)?;
    if let Some(times) = &job.times {
        platform::take_times(to, times)?;
    }
    if job.options.sync == Sync::None { Ok(()) } else { sync_overwritten(to) }
}

/// Some virtual file systems of the kernel do not support fsync(2); the write took effect at once.
fn sync_overwritten(file: &OwnedFd) -> platform::Result<()> {
    match platform::sync_file(file) {
        Err(errno) if is_unsupported_sync(errno) => platform::sync_file_system(file),
        done => done,
    }
}
