//! The commit of a tree: an exchange with TARGET, or a rename where there is none. Signals are held throughout.

use super::{OldTree, Staged, changed, metadata};
use crate::error::{Context, Error, ErrorExt, Result, at, failed, not_durable, refused_by_guard};
use crate::options::Sync;
use crate::platform::{self, Errno, OwnedFd, Stat, os_message};
use crate::protocol::backup_name::{BackupName, numbered};
use crate::protocol::directory::{Directory, Entry, PathHandle};
use crate::protocol::preflight;
use crate::protocol::rename::{self, Fallback};
use crate::protocol::request::{Change, Replacement};
use crate::protocol::sync;
use crate::quote::Shown;

/// How often TARGET may become another directory concurrently.
const MAX_ATTEMPTS: usize = 64;

/// Gives the staged tree TARGET's name, syncs that, and removes the old tree or keeps it as a backup.
pub(super) fn commit(job: &Replacement<'_>, staged: &Staged, old: Option<&OldTree>) -> Result<Change> {
    for _ in 0..MAX_ATTEMPTS {
        let now = job.target.open_path().context("stat")?;
        check_target(job, old, now.as_ref())?;
        let warning = metadata::apply(job, staged, now.as_ref())?;
        let final_mode = metadata::permit_rename(&*staged.directory(&job.target.name)?)?;
        if job.options.sync != Sync::None {
            let directory = staged.directory(&job.target.name)?;
            sync::directory(&directory, None::<&OwnedFd>).context("sync")?;
        }
        let change = match &now {
            Some(now) => replace(job, staged, now)?,
            None => create(job, staged)?,
        };
        if let Some(change) = change {
            if let Some(warning) = warning {
                job.notices.warn(warning);
            }
            let times_set = set_times_again(job, staged);
            let final_mode_set = final_mode.map_or(Ok(()), |bits| set_final_mode(job, staged, bits));
            finish(job, staged, change)?;
            times_set.and(final_mode_set).map_err(|errno| not_durable("set metadata", os_message(errno)))?;
            return Ok(change);
        }
    }
    Err(failed("rename", "other writers keep replacing it, or removing and creating it"))
}

/// On XFS a directory gets a new time when it is renamed to another one, because its `..` changes.
fn set_times_again(job: &Replacement<'_>, staged: &Staged) -> platform::Result<()> {
    let (Some(times), Ok(directory)) = (&staged.times, staged.directory.get()) else { return Ok(()) };
    if directory.stat()?.mtime == times.mtime {
        return Ok(());
    }
    platform::take_times(&**directory, times)?;
    sync_top(job, &directory)
}

/// Takes the right away that the rename has needed.
fn set_final_mode(job: &Replacement<'_>, staged: &Staged, bits: u32) -> platform::Result<()> {
    let directory = staged.directory.get()?;
    platform::set_mode(&**directory, bits)?;
    sync_top(job, &directory)
}

/// Makes the metadata of the top directory durable, after the rename.
fn sync_top(job: &Replacement<'_>, directory: &Directory) -> platform::Result<()> {
    if job.options.sync == Sync::None { Ok(()) } else { sync::directory(directory, None::<&OwnedFd>) }
}

/// Fails if TARGET must not be replaced as it is now.
pub(super) fn check_target(job: &Replacement<'_>, old: Option<&OldTree>, now: Option<&PathHandle>) -> Result<()> {
    if now.is_some() && job.options.no_clobber {
        return Err(refused_by_guard("no-clobber", "was created meanwhile"));
    }
    if let Some(now) = now {
        preflight::check(job.target, Some(now), job.options)?;
    }
    let before = job.target.existing.as_ref().map(|existing| &existing.stat);
    let is_same = match (before, now) {
        (None, None) => true,
        (Some(before), Some(now)) => now.stat.is_same_file(before),
        _ => false,
    };
    if job.plan.origin.edits() {
        if !is_same {
            return Err(changed(job));
        }
        return old.map_or(Ok(()), |old| old.ensure_unchanged(job));
    }
    if job.is_locked && !is_same {
        return Err(failed("lock", "was replaced meanwhile by a writer that does not lock it"));
    }
    Ok(())
}

/// Renames the staged tree to TARGET's name, which must be free. `None` if it is not.
fn create(job: &Replacement<'_>, staged: &Staged) -> Result<Option<Change>> {
    let target = job.target;
    let inode = staged.directory(&target.name)?.stat().context("rename")?;
    if !platform::RENAMES_OPEN_DIRECTORIES {
        staged.directory.close();
    }
    let verify = |errno| target.directory.verify_after_error(&target.name, &inode, errno);
    let fallback = if job.options.no_clobber { Fallback::Link } else { Fallback::CheckedRename };
    match rename::to_free_name(staged.entry(&target.name), target.entry(), fallback, verify) {
        Ok(_) => Ok(Some(Change::Created)),
        Err(Errno::EXIST | Errno::NOTEMPTY) if job.options.no_clobber => {
            Err(refused_by_guard("no-clobber", "was created meanwhile"))
        }
        Err(Errno::EXIST | Errno::NOTEMPTY) => Ok(None),
        Err(errno) => Err(Error::new(errno).context("rename")),
    }
}

/// Exchanges the staged tree with TARGET, which is `now`, and keeps the requested backup. `None` if TARGET is gone.
fn replace(job: &Replacement<'_>, staged: &Staged, now: &PathHandle) -> Result<Option<Change>> {
    let target = job.target;
    let entry = staged.entry(&target.name);
    let inode = staged.directory(&target.name)?.stat().context("rename")?;
    match rename::exchange(entry, target.entry(), &inode) {
        Ok(()) => {}
        Err(Errno::NOENT) if matches!(target.directory.lstat(&target.name), Ok(None)) => return Ok(None),
        Err(errno) => {
            let error = target.with_link_hint(Error::new(errno).context("rename"));
            let is_layered = errno == Errno::XDEV;
            return Err(if is_layered {
                error.hint("on an overlay, a directory of the lower layer cannot be exchanged")
            } else {
                error
            });
        }
    }
    // TARGET may have been replaced since the last lookup.
    let found = entry.lstat().ok().flatten().unwrap_or(now.stat);
    let kept = preflight::check_kind(found.kind(), job.options).and_then(|()| match job.backup {
        Some(backup) => keep_backup(job, entry, backup, &found),
        None => Ok(()),
    });
    let Err(error) = kept else { return Ok(Some(Change::Replaced)) };
    target.ctime_changed_by_us.set(true);
    match rename::exchange(entry, target.entry(), &found) {
        Ok(()) => Err(error),
        Err(errno) => {
            staged.private.keep();
            let reason = format!("{}; taking it back: {}", error.step_and_reason().1, os_message(errno));
            Err(not_durable("rename", reason)
                .hint(format_args!("the old content is {}", Shown(entry.path().as_os_str()))))
        }
    }
}

/// Renames the old tree, which is `old` and has the name `from`, to the backup's name. An older backup of that name is
/// removed with the private directory.
fn keep_backup(job: &Replacement<'_>, from: Entry<'_>, backup: &BackupName, old: &Stat) -> Result<()> {
    let directory = &*job.target.directory;
    let first = backup.first(&job.target.name);
    let kept = match backup {
        BackupName::Simple(name) => {
            let to = Entry { directory, name };
            match to_free_name(from, to, old) {
                Err(Errno::EXIST | Errno::NOTEMPTY) => rename::exchange(from, to, old),
                done => done,
            }
        }
        BackupName::Numbered(first) => (*first..first.saturating_add(MAX_NUMBERS))
            .map(|number| to_free_name(from, Entry { directory, name: &numbered(&job.target.name, number) }, old))
            .find(|renamed| !matches!(renamed, Err(Errno::EXIST | Errno::NOTEMPTY)))
            .unwrap_or(Err(Errno::EXIST)),
    };
    kept.map_err(|errno| at("backup", Shown(directory.join(&first).as_os_str()))(errno))
}

/// How many numbers of backups are tried, while other writers use them.
const MAX_NUMBERS: u64 = 1000;

fn to_free_name(from: Entry<'_>, to: Entry<'_>, file: &Stat) -> platform::Result<()> {
    let verify = |errno| to.directory.verify_after_error(to.name, file, errno);
    rename::to_free_name(from, to, Fallback::CheckedRename, verify).map(drop)
}

/// Makes the new name durable. The old tree, which is removed afterwards, is kept if that fails: after a power cut it may
/// be TARGET.
fn finish(job: &Replacement<'_>, staged: &Staged, change: Change) -> Result<()> {
    let wanted = match job.options.sync {
        Sync::Full => true,
        Sync::File => change == Change::Replaced,
        Sync::None => false,
    };
    if !wanted {
        return Ok(());
    }
    let synced = sync::directory(&job.target.directory, None::<&OwnedFd>);
    synced.map_err(|errno| {
        let entry = staged.entry(&job.target.name);
        if matches!(entry.lstat(), Ok(Some(_))) {
            staged.private.keep();
            job.notices.left_behind(&entry.path(), "it is the old tree, which a power cut may bring back");
        }
        not_durable("sync directory", os_message(errno))
    })
}
