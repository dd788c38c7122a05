//! The protocol.
//!
//! ```text
//!  preflight   everything the kernel can tell beforehand; nothing read, nothing written          (preflight.rs)
//!  stage       openat(dir, O_TMPFILE): a file without a name in TARGET's directory               (stage.rs)
//!  fill        read, write, until the input ends                                                 (fill.rs, copy.rs)
//!  guard       is it what the user wants to have: its size, its digest?                          (guard.rs)
//!  seal        open again for reading; from here on nobody writes                                (stage.rs)
//!  validate    where a command must accept it: sync, close the writer, show it                   (command.rs)
//!  dress       owner, group, list, attributes, mode                                              (dress.rs)
//!  sync        fsync on the descriptor that wrote; close it                                      (commit.rs)
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
//! The types keep the order: only a [`Stage`] can be written, only a [`stage::Sealed`] dressed, only a [`Synced`]
//! committed. Dropping any of them rolls back.

mod acl;
mod backup;
mod changes;
mod commit;
pub(crate) mod copy;
mod dress;
pub(crate) mod filesystem;
mod fill;
mod finish;
mod in_place;
pub(crate) mod metadata;
pub(crate) mod names;
mod old;
mod opaque_acl;
pub(crate) mod parents;
pub(crate) mod preflight;
pub(crate) mod privilege;
mod sealed;
mod sink;
mod stage;
pub(crate) mod stat;
mod sync;
mod temporary;
pub(crate) mod turn;

use std::cell::OnceCell;
use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{FileType, OFlags, Timespec, Timestamps, UTIME_NOW};
use rustix::io::Errno;

pub(crate) use backup::Backups;
use commit::Synced;
use copy::Input;
use dress::Dress;
use fill::{Filled, fill};
use finish::{Dressed, commit, dress_of_new};
pub(crate) use in_place::Elsewhere;
use metadata::Metadata;
use names::{Directory, Pinned, Place};
pub(crate) use old::OldContent;
use parents::Parents;
use preflight::Way;
use sealed::{KeepOpen, Sealed};
use stage::{Birth, Stage};
use stat::Stat;
use turn::Turn;

use crate::failure::{Failure, Result};
use crate::guard::Guards;
use crate::policy::{Policy, Sync};
use crate::signals::Signals;
use crate::sys;

/// A replacement, decided and not begun.
pub(crate) struct Replacement<'a> {
    pub(crate) target: &'a Path,
    pub(crate) policy: &'a Policy,
    pub(crate) guards: &'a Guards,
    pub(crate) signals: &'a Signals,
    pub(crate) place: &'a Place,
    pub(crate) way: Way,
    pub(crate) turn: Option<Turn>,
    pub(crate) backups: Option<Backups>,
    /// The old content, where it is read.
    pub(crate) old: Option<OldContent>,
    /// Whether TARGET must still be what was read when it is replaced.
    pub(crate) unchanged: bool,
    /// The permission bits of a SOURCE that is a regular file.
    pub(crate) source_mode: Option<u32>,
    /// Where the staging file is, once it had to be in another directory.
    pub(crate) elsewhere: OnceCell<Elsewhere>,
}

/// What was done.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) change: Change,
    /// The size of the input, in bytes.
    pub(crate) received: u64,
    /// What could not be kept, and the like.
    pub(crate) warnings: Vec<String>,
    /// What could not be removed.
    pub(crate) leftovers: Vec<String>,
}

/// What became of TARGET.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Change {
    Created,
    Replaced,
    Overwritten,
    Unchanged,
}

/// Carries it out.
pub(crate) fn run(job: &Replacement<'_>, input: &mut dyn Input, parents: &mut Parents) -> Result<Outcome> {
    let mut done = replace(job, input, parents);
    // Whatever was rolled back by now has left its traces, if any.
    let leftovers = job.elsewhere.get().map(Elsewhere::leftovers).unwrap_or_default();
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
    let mut sealed = stage.seal(keep_open(job))?;
    if job.guards.validate.is_some() {
        validate(job, &mut sealed)?;
    }
    if job.elsewhere.get().is_some() {
        let warnings = in_place::finish(job, sealed)?;
        return Ok(Outcome { change: Change::Overwritten, received, warnings, leftovers: Vec::new() });
    }

    let dress = match replaced(job) {
        Some(old) => Dress::Like { old: Metadata::of(old, job.place)?, mode: job.policy.mode },
        None => dress_of_new(job, job.place, sealed.naming())?,
    };
    let different = dress::dress(sealed.file()?, &dress, sealed.born)?;
    let synced = Synced::from(sealed, job.policy.sync)?;

    // From here on TARGET is compared by name and number.
    job.place.at.iter().for_each(|old| old.handle.release());
    job.old.iter().for_each(|old| old.file.release());
    if let Some(old) = replaced(job)
        && !job.place.directory.filesystem().replaces_open_files()
    {
        let_go_of_stdin(&old.stat);
    }
    Signals::hold()?;
    // A signal before the commit means no commit.
    job.signals.check()?;
    let (change, warnings) = commit(job, synced, Dressed { dress, different }, parents)?;
    parents.keep();
    Ok(Outcome { change, received, warnings, leftovers: Vec::new() })
}

/// Standard input may be TARGET, as in `atomic-write f -- sort <f`. It has been read by now, and what others have of it is
/// theirs. Something must stay in its place, or a file of ours would take the number.
fn let_go_of_stdin(old: &Stat) {
    if Stat::of(rustix::stdio::stdin()).is_ok_and(|now| now.is_same_file(old))
        && let Ok(nothing) = sys::open(rustix::fs::CWD, "/dev/null", OFlags::RDONLY)
    {
        let _ = rustix::stdio::dup2_stdin(nothing);
    }
}

/// Whether `--mode` makes a difference whatever the content.
fn has_another_mode(job: &Replacement<'_>) -> bool {
    let different = |mode| replaced(job).is_some_and(|old| old.stat.bits() != mode);
    job.policy.mode.is_some_and(different)
}

/// How the staging file is created: never wider than the finished file.
fn birth(job: &Replacement<'_>) -> Birth {
    let old = replaced(job);
    let narrow = old.is_some() || job.policy.mode.is_some();
    Birth {
        mode: if narrow { 0o600 } else { job.source_mode.unwrap_or(0o666) },
        private: job.guards.validate.is_some(),
        named: old.is_some_and(metadata::owner_locks_out),
        wanted: job.policy.mode,
    }
}

/// What must stay open on the staged file.
fn keep_open(job: &Replacement<'_>) -> KeepOpen {
    if job.elsewhere.get().is_some() {
        KeepOpen::Yes
    } else if job.turn.is_some() {
        KeepOpen::Locked
    } else if job.place.directory.readable() {
        KeepOpen::No
    } else {
        KeepOpen::Yes
    }
}

/// The regular file that is replaced, whose metadata the new one takes.
fn replaced<'a>(job: &Replacement<'a>) -> Option<&'a Pinned> {
    job.place.at.as_ref().filter(|old| old.kind() == FileType::RegularFile)
}

/// Creates the staging file beside TARGET, or, where no rename is possible and an overwrite is allowed, elsewhere.
fn stage<'d>(job: &'d Replacement<'_>) -> Result<Stage<'d>> {
    if let Way::InPlace(reason) = &job.way {
        return in_place::stage(job, reason.clone());
    }
    match stage_beside(job) {
        Err(failure) if failure.is_refusal() => {
            if preflight::may_overwrite(job.place, job.place.at.as_ref(), job.policy)? {
                in_place::stage(job, failure.reason)
            } else {
                Err(preflight::offer_overwrite(failure, job.place, job.policy))
            }
        }
        staged => staged,
    }
}

fn stage_beside<'d>(job: &'d Replacement<'_>) -> Result<Stage<'d>> {
    let mut stage = Stage::open(&job.place.directory, birth(job), job.signals)?;
    if job.policy.no_clobber {
        stage.can_create()?;
    }
    Ok(stage)
}

/// `--validate`, at 0600 and after a sync of its own: the file may be changed by what looks at it, and must not be.
fn validate(job: &Replacement<'_>, sealed: &mut Sealed<'_>) -> Result<()> {
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
    job.guards.validate(file, job.target, job.signals)?;
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
    if job.policy.sync == Sync::Full && job.place.directory.readable() {
        match sync::file(job.place.directory.as_fd()) {
            Ok(()) | Err(Errno::INVAL | Errno::NOTSUP) => {}
            Err(errno) => return Err(Failure::call("sync directory")(errno)),
        }
    }
    let warnings = Vec::from_iter(warning);
    Ok(Outcome { change: Change::Unchanged, received, warnings, leftovers: Vec::new() })
}

/// NFS may report the failure of what it did: if `name` leads to `file`, it is done.
fn settle(directory: &Directory, name: &OsStr, ours: &Stat, errno: Errno) -> std::result::Result<(), Errno> {
    match directory.look(name) {
        Ok(Some(found)) if found.is_same_file(ours) => Ok(()),
        _ => Err(errno),
    }
}
