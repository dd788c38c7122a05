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
//!  commit      new TARGET: link.  Existing: link to a short name, look again, rename             (commit.rs)
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
mod fill;
mod in_place;
pub(crate) mod metadata;
pub(crate) mod names;
pub(crate) mod parents;
pub(crate) mod preflight;
pub(crate) mod privilege;
mod sink;
mod stage;
pub(crate) mod stat;
mod sync;
mod temporary;
pub(crate) mod turn;

use std::ffi::OsStr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

use rustix::fs::{FileType, Timespec, Timestamps, UTIME_NOW};
use rustix::io::Errno;

pub(crate) use backup::Backups;
use commit::{Commit, Committed, Expected, How, Synced};
use copy::Input;
use dress::Dress;
use fill::{Filled, fill};
use metadata::Metadata;
use names::{Directory, Pinned, Place};
use parents::Parents;
use preflight::Way;
use stage::{Birth, Sealed, Stage};
use stat::Stat;
use turn::Turn;

use crate::failure::{Failure, Result, words};
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
}

/// The old content, open for reading, and its state when it was opened.
#[derive(Debug)]
pub(crate) struct OldContent {
    pub(crate) file: OwnedFd,
    pub(crate) stat: Stat,
}

/// What was done.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) change: Change,
    /// The size of the input, in bytes.
    pub(crate) received: u64,
    pub(crate) warnings: Vec<String>,
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
    match &job.way {
        Way::Rename => replace(job, input, parents),
        Way::InPlace(reason) => in_place::run(job, reason, input),
    }
}

/// The protocol of the module's documentation, step by step.
fn replace(job: &Replacement<'_>, input: &mut dyn Input, parents: &mut Parents) -> Result<Outcome> {
    let birth = birth(job);

    // With --if-changed nothing may be written before there is a difference.
    let lazily = job.policy.if_changed && job.old.is_some();
    let stage = if lazily { None } else { Some(stage(job, birth)?) };
    let Filled { stage, received } = fill(job, stage, input, || stage_in(&job.place.directory, birth, job))?;

    let Some(stage) = stage else {
        return leave_alone(job, received);
    };
    let mut sealed = stage.seal()?;
    if job.guards.validate.is_some() {
        validate(job, &mut sealed)?;
    }
    if job.turn.is_some() {
        turn::lock_staged(sealed.file.as_fd())?;
    }

    let dress = match replaced(job) {
        Some(old) => Dress::Like { old: Metadata::of(old, job.place)?, mode: job.policy.mode },
        None => Dress::New { mode: job.policy.mode },
    };
    let lost = dress::dress(sealed.file.as_fd(), &dress, sealed.born)?;
    let synced = Synced::from(sealed, &job.place.directory, job.policy.sync)?;

    Signals::hold()?;
    // A signal before the commit means no commit.
    job.signals.check()?;
    let (committed, lost) = commit(job, synced, &dress, lost, parents)?;
    parents.keep();
    let warnings = warnings(&committed, lost.as_deref());
    Ok(Outcome { change: if committed.created { Change::Created } else { Change::Replaced }, received, warnings })
}

/// What is to be known of a TARGET that is replaced.
fn warnings(committed: &Committed, lost: Option<&str>) -> Vec<String> {
    let mut warnings: Vec<String> = lost.map(|lost| format!("cannot keep {lost}")).into_iter().collect();
    if committed.other_names > 0 {
        let names = if committed.other_names == 1 { "name" } else { "names" };
        warnings.push(format!("had {} other {names} (hard links), which keep the old content", committed.other_names));
    }
    warnings
}

/// How the staging file is created: never wider than the finished file.
fn birth(job: &Replacement<'_>) -> Birth {
    let old = replaced(job);
    let narrow = old.is_some() || job.policy.mode.is_some();
    Birth {
        mode: if narrow { 0o600 } else { job.source_mode.unwrap_or(0o666) },
        private: job.guards.validate.is_some(),
        named: old.is_some_and(metadata::owner_locks_out),
    }
}

/// The regular file that is replaced, whose metadata the new one takes.
fn replaced<'a>(job: &Replacement<'a>) -> Option<&'a Pinned> {
    job.place.at.as_ref().filter(|old| old.kind() == FileType::RegularFile)
}

fn stage<'d>(job: &Replacement<'d>, birth: Birth) -> Result<Stage<'d>> {
    let mut stage = Stage::open(&job.place.directory, birth, job.signals)?;
    if job.policy.no_clobber {
        stage.can_create(&job.place.directory)?;
    }
    Ok(stage)
}

fn stage_in<'d>(directory: &'d Directory, birth: Birth, job: &Replacement<'_>) -> Result<Stage<'d>> {
    Stage::open(directory, birth, job.signals)
}

/// `--validate`, at 0600 and after a sync of its own: the file may be changed by what looks at it, and must not be.
fn validate(job: &Replacement<'_>, sealed: &mut Sealed<'_>) -> Result<()> {
    const STEP: &str = "validate";
    // The times have a granularity in which a change could hide. From this one every change leads away.
    const MARK: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
    const NOW: Timespec = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    let call = Failure::call;
    let touch = |file: &OwnedFd, time| sys::futimens(file, &Timestamps { last_access: time, last_modification: time });
    if job.policy.sync != Sync::None {
        // Errors of writing back show on the descriptor that wrote, which is closed now: what is looked at may be a
        // program, and be run.
        sync::file(sealed.writer()).map_err(call("sync"))?;
    }
    sealed.close_writer().map_err(call("close"))?;
    touch(&sealed.file, MARK).map_err(call(STEP))?;
    let before = Stat::of(&sealed.file).map_err(call(STEP))?;
    job.guards.validate(sealed.file.as_fd(), job.target, job.signals)?;
    let after = Stat::of(&sealed.file).map_err(call(STEP))?;
    let same = (before.size, before.mtime) == (after.size, after.mtime);
    if !same {
        return Err(Failure::refused(STEP, "the command changed the content that it was to look at"));
    }
    touch(&sealed.file, NOW).map_err(call(STEP))
}

/// Commits, and syncs the directory.
fn commit<'d>(
    job: &Replacement<'d>,
    synced: Synced<'d>,
    dress: &Dress,
    lost: Option<String>,
    parents: &mut Parents,
) -> Result<(Committed, Option<String>)> {
    let expected = match (&job.old, &job.turn, job.unchanged) {
        (Some(old), _, true) => Expected::State(&old.stat),
        (_, Some(_), _) => Expected::Name(job.place.at.as_ref().map(|old| &old.stat)),
        _ => Expected::Anything,
    };
    let how = How {
        no_clobber: job.policy.no_clobber,
        no_dereference: job.policy.no_dereference,
        expected,
        backups: job.backups.as_ref(),
        sync: job.policy.sync,
        locked: job.turn.is_some(),
    };
    let like = match dress {
        Dress::Like { old, .. } => Some(old.stat),
        Dress::New { .. } => None,
    };
    commit_in(job, job.place, synced, like, lost, &how, parents)
}

/// Commits there, as often as TARGET becomes another file that must be looked like, or its directory is taken away.
fn commit_in<'d>(
    job: &Replacement<'_>,
    place: &'d Place,
    mut synced: Synced<'d>,
    mut like: Option<Stat>,
    mut lost: Option<String>,
    how: &How<'_>,
    parents: &mut Parents,
) -> Result<(Committed, Option<String>)> {
    /// As often as TARGET may become another kind of file under our hands.
    const MOST: usize = 16;
    for _ in 0..MOST {
        match synced.commit(place, like.as_ref(), how)? {
            Commit::Done(committed) => {
                return match sync_directory(&place.directory, &committed, job.policy.sync) {
                    Ok(()) => Ok((committed, lost)),
                    Err(mut failure) => {
                        failure.hints.extend(warnings(&committed, lost.as_deref()));
                        Err(failure)
                    }
                };
            }
            Commit::Changed(sealed) => {
                let now = place.directory.pin(&place.name).map_err(Failure::call("look"))?;
                if now.is_some() {
                    preflight::check(place, now.as_ref(), job.policy)?;
                }
                // Where it has gone again meanwhile, what was held will do; and where it is a link, whose owner is nobody to
                // give the file to.
                if let Some(now) = now.filter(|now| now.kind() == FileType::RegularFile) {
                    let old = Metadata::of(&now, place)?;
                    like = Some(old.stat);
                    let dress = Dress::Like { old, mode: job.policy.mode };
                    dress::undress(sealed.file.as_fd())?;
                    lost = dress::dress(sealed.file.as_fd(), &dress, None)?;
                }
                synced = Synced::from(sealed, &place.directory, job.policy.sync)?;
            }
            // By another writer's roll-back, as with one that `--parents` made: it is made again.
            Commit::NoDirectory(sealed) if parents.again() => {
                let place = names::resolve(job.target, !job.policy.no_dereference, parents)?;
                let synced = Synced::from(sealed, &place.directory, Sync::None)?;
                return commit_in(job, &place, synced, like, lost, how, parents);
            }
            Commit::NoDirectory(_) => {
                let reason = format_args!("directory {}: {}", place.directory.shown(), words(Errno::NOENT)).to_string();
                return Err(Failure::failed("link", reason));
            }
        }
    }
    Err(Failure::failed("rename", "other writers keep making it another kind of file"))
}

fn sync_directory(directory: &Directory, committed: &Committed, how: Sync) -> Result<()> {
    if how != Sync::Full {
        return Ok(());
    }
    sync::directory(directory, committed.file.as_fd())
        .map_err(|errno| Failure::not_durable("sync directory", words(errno)))
}

/// `--if-changed` found no difference: nothing is written, and exit 0 still means durable.
fn leave_alone(job: &Replacement<'_>, received: u64) -> Result<Outcome> {
    let Some(old) = &job.old else {
        return Err(Failure::failed("compare", "there is nothing to compare with"));
    };
    if job.policy.sync != Sync::None {
        sync::file(old.file.as_fd()).map_err(Failure::call("sync"))?;
    }
    // Not by way of the whole file system, which would write what others have not synced.
    if job.policy.sync == Sync::Full && job.place.directory.readable() {
        match sync::file(job.place.directory.as_fd()) {
            Ok(()) | Err(Errno::INVAL | Errno::NOTSUP) => {}
            Err(errno) => return Err(Failure::call("sync directory")(errno)),
        }
    }
    Ok(Outcome { change: Change::Unchanged, received, warnings: Vec::new() })
}

/// The path that leads to an open file, whatever its name has become.
pub(crate) fn proc_path(file: impl AsFd) -> String {
    format!("/proc/self/fd/{}", file.as_fd().as_raw_fd())
}

/// NFS may report the failure of what it did: if `name` leads to `file`, it is done.
fn settle(directory: &Directory, name: &OsStr, ours: &Stat, errno: Errno) -> std::result::Result<(), Errno> {
    match directory.look(name) {
        Ok(Some(found)) if found.is_same_file(ours) => Ok(()),
        _ => Err(errno),
    }
}
