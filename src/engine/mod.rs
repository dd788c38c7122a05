//! The protocol.
//!
//! ```text
//!  preflight   everything the kernel can tell beforehand; nothing read, nothing written          (preflight.rs)
//!  stage       openat(dir, O_TMPFILE): a file without a name in TARGET's directory               (stage.rs)
//!  fill        read, write, until the input ends                                                 (fill.rs, copy.rs)
//!  guard       is it what the user wants to have: its size, its digest?                          (guard.rs)
//!  seal        open again for reading; from here on nobody writes                                (stage.rs)
//!  validate    where a command must accept it: sync, close the writer, show it                   (validator.rs)
//!  metadata    owner, group, ACL, attributes, mode                                               (apply_metadata.rs)
//!  sync        fsync on the descriptor that wrote; close it                                      (commit.rs)
//!  let go      nothing of ours is open on TARGET from here on, but what holds its lock            (mod.rs)
//!  hold        signals wait from here to the exit                                                (signals.rs)
//!  commit      new TARGET: link.  Existing: link to a short name, look again, rename             (finish.rs, commit.rs)
//!  sync        fsync of the directory                                                            (sync.rs)
//! ```
//!
//! What is left when the power goes, or the process is killed, at each step:
//!
//! - until `commit`: TARGET as it was, and nothing else. An unnamed file has no entry in any directory; the file
//!   system frees it at once, or when it recovers. (Where unnamed files do not exist, its short name remains.)
//! - between link and rename: TARGET as it was, and the short name.
//! - after the rename, before the last sync: TARGET old or new. Never anything between, as the content was on the disk
//!   before any name led to it.
//! - after the last sync: TARGET new.
//!
//! A file that is open when it is renamed over, by whatever kind of descriptor, is moved away first by clients of NFS and
//! removed by clients of SMB, and a kill or an error there would lose it. So TARGET is compared by name and number after
//! the step `let go`. `--lock`, whose lock is on an open file, is refused on such file systems.
//!
//! The types keep the order: only a [`Stage`] can be written, only a [`Sealed`] gets its metadata, only a [`Synced`]
//! committed. Dropping any of them rolls back.

mod acl;
mod apply_metadata;
mod backup;
mod changes;
mod commit;
pub(crate) mod copy;
mod directory;
mod elsewhere;
pub(crate) mod filesystem;
mod fill;
mod finish;
mod in_place;
pub(crate) mod lock;
pub(crate) mod metadata;
mod old;
mod opaque_acl;
pub(crate) mod parents;
pub(crate) mod preflight;
pub(crate) mod privilege;
mod rename;
mod request;
pub(crate) mod resolve;
mod sealed;
mod stage;
mod staging_writer;
pub(crate) mod stat;
mod sync;
mod temporary;
mod unnamed;

use std::ffi::OsStr;
use std::os::fd::AsFd;

use rustix::fs::{Timespec, Timestamps, UTIME_NOW};
use rustix::io::Errno;

use apply_metadata::MetadataSource;
pub(crate) use backup::Backups;
use commit::Synced;
use elsewhere::SpillDirectory;
use fill::{Filled, fill};
use finish::{AppliedMetadata, commit, metadata_of_new};
use metadata::Metadata;
pub(crate) use old::OldContent;
use parents::Parents;
use preflight::Strategy;
pub(crate) use request::{Change, Outcome, Replacement};
use sealed::Sealed;
use stage::Stage;
use stat::Stat;

use crate::failure::{Failure, Result};
use crate::input::Input;
use crate::policy::Sync;
use crate::signals::Signals;
use crate::sys;
use crate::validator;

/// Carries it out.
pub(crate) fn run(job: &Replacement<'_>, input: &mut dyn Input, parents: &mut Parents) -> Result<Outcome> {
    let mut done = replace(job, input, parents);
    // Whatever was rolled back by now has left its traces, if any.
    let leftovers = job.elsewhere.get().map(SpillDirectory::leftovers).unwrap_or_default();
    match &mut done {
        Ok(outcome) => outcome.leftovers.extend(leftovers),
        Err(failure) => failure.hints.extend(leftovers),
    }
    done
}

/// The protocol of the module's documentation, step by step.
fn replace(job: &Replacement<'_>, input: &mut dyn Input, parents: &mut Parents) -> Result<Outcome> {
    // With --if-changed nothing may be written before there is a difference.
    let lazily = job.policy.if_changed && job.old.is_some();
    if lazily && has_another_mode(job) {
        // Found before the input is read: whether that mode can be had.
        drop(stage(job)?);
    }
    let stage = if lazily { None } else { Some(stage(job)?) };
    let Filled { stage, received, warning } = fill(job, stage, input, || self::stage(job))?;

    let Some(stage) = stage else {
        return leave_alone(job, received, warning);
    };
    let mut sealed = stage.seal(job.keep_open())?;
    if let Some(script) = &job.guards.validate {
        validate(job, script, &mut sealed)?;
    }
    if job.elsewhere.get().is_some() {
        let warnings = in_place::finish(job, sealed)?;
        return Ok(Outcome { change: Change::Overwritten, received, warnings, leftovers: Vec::new() });
    }

    let source = match job.replaced() {
        Some(old) => MetadataSource::Like { old: Metadata::of(old, job.target)?, mode: job.policy.mode },
        None => metadata_of_new(job, job.target, sealed.naming())?,
    };
    let not_preserved = apply_metadata::apply_metadata(sealed.file()?, &source, sealed.initial_mode)?;
    let synced = Synced::from(sealed, job.policy.sync)?;

    // From here on TARGET is compared by name and number.
    job.target.existing.iter().for_each(|old| old.handle.release());
    job.old.iter().for_each(|old| old.file.release());
    if let Some(old) = job.replaced()
        && !job.target.directory.filesystem().replaces_open_files()
    {
        let_go_of_stdin(&old.stat);
    }
    Signals::hold()?;
    // A signal before the commit means no commit.
    job.signals.check()?;
    let (change, warnings) = commit(job, synced, AppliedMetadata { source, not_preserved }, parents)?;
    parents.keep();
    Ok(Outcome { change, received, warnings, leftovers: Vec::new() })
}

/// Standard input may be TARGET, as in `atomic-write f -- sort <f`. It has been read by now, and what others have of it is
/// theirs. An empty pipe takes its number, lest a file of ours does.
fn let_go_of_stdin(old: &Stat) {
    if Stat::of(rustix::stdio::stdin()).is_ok_and(|now| now.is_same_file(old))
        && let Ok((empty, _)) = sys::pipe()
    {
        let _ = rustix::stdio::dup2_stdin(empty);
    }
}

/// Whether `--mode` makes a difference whatever the content.
fn has_another_mode(job: &Replacement<'_>) -> bool {
    let different = |mode| job.replaced().is_some_and(|old| old.stat.bits() != mode);
    job.policy.mode.is_some_and(different)
}

/// Creates the staging file beside TARGET, or, where no rename is possible and an overwrite is allowed, elsewhere.
fn stage<'d>(job: &'d Replacement<'_>) -> Result<Stage<'d>> {
    if let Strategy::InPlace(reason) = &job.strategy {
        return in_place::stage(job, reason.clone());
    }
    match stage_beside(job) {
        Err(failure) if failure.is_refusal() => {
            if preflight::may_overwrite(job.target, job.target.existing.as_ref(), job.policy)? {
                in_place::stage(job, failure.reason)
            } else {
                Err(preflight::offer_overwrite(failure, job.target, job.policy))
            }
        }
        staged => staged,
    }
}

fn stage_beside<'d>(job: &'d Replacement<'_>) -> Result<Stage<'d>> {
    let mut stage = Stage::open(&job.target.directory, job.create_options(), job.signals)?;
    if job.policy.no_clobber {
        stage.can_create()?;
    }
    Ok(stage)
}

/// `--validate`, at 0600 and after a sync of its own: the file may be changed by what looks at it, and must not be.
fn validate(job: &Replacement<'_>, script: &OsStr, sealed: &mut Sealed<'_>) -> Result<()> {
    const STEP: &str = "validate";
    // The times have a granularity in which a change could hide. From this one every change leads away.
    const MARK: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
    const NOW: Timespec = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    let call = Failure::call;
    let touch = |file, time| match sys::futimens(file, &Timestamps { last_access: time, last_modification: time }) {
        // Some file systems keep times of their own.
        Err(errno) if sys::is_refusal(errno) => Ok(()),
        done => done,
    };
    if job.policy.sync != Sync::None {
        // Errors of writing back show on the descriptor that wrote, which is closed now: what is looked at may be a
        // program, and be run.
        sync::file(sealed.file()?).map_err(|errno| sync::failed(call("sync")(errno)))?;
    }
    let file = sealed.reader()?;
    touch(file, MARK).map_err(call(STEP))?;
    let before = Stat::of(file).map_err(call(STEP))?;
    validator::validate(script, file, job.path, job.signals)?;
    let after = Stat::of(file).map_err(call(STEP))?;
    let same = (before.size, before.mtime) == (after.size, after.mtime);
    if !same {
        return Err(Failure::refused(STEP, "the command changed the content that it was to look at"));
    }
    touch(file, NOW).map_err(call(STEP))
}

/// `--if-changed` found no difference: nothing is written, and exit 0 still means durable.
fn leave_alone(job: &Replacement<'_>, received: u64, warning: Option<String>) -> Result<Outcome> {
    let Some(old) = &job.old else {
        return Err(Failure::failed("compare", "there is nothing to compare with"));
    };
    if job.policy.sync != Sync::None {
        let file = old.file.get().map_err(Failure::call("sync"))?;
        sync::file(file.as_fd()).map_err(|errno| sync::failed(Failure::call("sync")(errno)))?;
    }
    // Not by way of the whole file system, which would write what others have not synced.
    if job.policy.sync == Sync::Full && job.target.directory.readable() {
        match sync::file(job.target.directory.as_fd()) {
            Ok(()) | Err(Errno::INVAL | Errno::NOTSUP) => {}
            Err(errno) => return Err(Failure::call("sync directory")(errno)),
        }
    }
    let warnings = Vec::from_iter(warning);
    Ok(Outcome { change: Change::Unchanged, received, warnings, leftovers: Vec::new() })
}
