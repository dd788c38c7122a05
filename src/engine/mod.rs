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
mod filesystem;
mod fill;
mod in_place;
pub(crate) mod metadata;
pub(crate) mod names;
mod opaque_acl;
pub(crate) mod parents;
pub(crate) mod preflight;
pub(crate) mod privilege;
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

use rustix::fs::{FileType, Timespec, Timestamps, UTIME_NOW};
use rustix::io::Errno;

pub(crate) use backup::Backups;
use commit::{Commit, Committed, Expected, How, Synced};
use copy::{Input, Old};
use dress::Dress;
use fill::{Filled, fill};
pub(crate) use in_place::Elsewhere;
use metadata::Metadata;
use names::{Directory, Handle, Pinned, Place};
use parents::Parents;
use preflight::Way;
use sink::Sink;
use stage::{Birth, KeepOpen, Naming, Sealed, Stage};
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
    /// Where the staging file is, once it had to be in another directory.
    pub(crate) elsewhere: OnceCell<Elsewhere>,
}

/// The old content, open for reading, and its state when it was opened.
#[derive(Debug)]
pub(crate) struct OldContent {
    pub(crate) file: Handle,
    pub(crate) stat: Stat,
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
    Signals::hold()?;
    // A signal before the commit means no commit.
    job.signals.check()?;
    let (change, warnings) = commit(job, synced, Dressed { dress, different }, parents)?;
    parents.keep();
    Ok(Outcome { change, received, warnings, leftovers: Vec::new() })
}

/// What the staged file looks like, and what could not be had of it, in words.
struct Dressed {
    dress: Dress,
    different: Option<String>,
}

impl Dressed {
    /// What is to be known of a TARGET that is replaced.
    fn warnings(&self, committed: &Committed) -> Vec<String> {
        let mut warnings = Vec::from_iter(self.different.clone());
        if committed.other_names > 0 {
            let names = if committed.other_names == 1 { "name" } else { "names" };
            warnings
                .push(format!("had {} other {names} (hard links), which keep the old content", committed.other_names));
        }
        warnings
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

/// Commits, and syncs the directory.
fn commit(
    job: &Replacement<'_>,
    synced: Synced<'_>,
    dressed: Dressed,
    parents: &mut Parents,
) -> Result<(Change, Vec<String>)> {
    let expected = match (&job.old, &job.turn, job.unchanged) {
        (Some(old), _, true) => Expected::State(&old.stat),
        (_, Some(_), _) => Expected::Name(job.place.at.as_ref().map(|old| &old.stat)),
        _ => Expected::Anything,
    };
    let mode = job.policy.mode.or(job.source_mode).unwrap_or(0o666);
    let how = How {
        no_clobber: job.policy.no_clobber,
        no_dereference: job.policy.no_dereference,
        expected,
        backups: job.backups.as_ref(),
        sync: job.policy.sync,
        announce: mode & 0o111 == 0,
    };
    commit_in(job, job.place, synced, dressed, &how, parents)
}

/// Commits there, as often as TARGET becomes another file that must be looked like, or its directory is taken away.
fn commit_in<'d>(
    job: &Replacement<'_>,
    place: &'d Place,
    mut synced: Synced<'d>,
    mut dressed: Dressed,
    how: &How<'_>,
    parents: &mut Parents,
) -> Result<(Change, Vec<String>)> {
    /// As often as TARGET may become another file meanwhile.
    const MOST: usize = 64;
    for _ in 0..MOST {
        synced = match synced.commit(place, dressed.dress.like(), how)? {
            Commit::Done(committed) => {
                let warnings = dressed.warnings(&committed);
                return match sync_directory(&place.directory, &committed, job.policy.sync) {
                    Ok(()) => {
                        let change = if committed.created { Change::Created } else { Change::Replaced };
                        Ok((change, warnings))
                    }
                    Err(failure) => Err(Failure { warnings, ..failure }),
                };
            }
            Commit::Changed(sealed) => dress_again(job, place, sealed, &mut dressed)?,
            Commit::Unlinkable(sealed, errno) => match copy_with_name(job, place, sealed, &mut dressed, errno)? {
                Copied::Yes(synced) => synced,
                Copied::InPlace(warnings) => return Ok((Change::Overwritten, warnings)),
                // By another writer's roll-back, as with one that `--parents` made: it is made again.
                Copied::NoDirectory(sealed) if parents.again() => {
                    let place = names::resolve(job.target, !job.policy.no_dereference, parents)?;
                    return commit_in(job, &place, Synced::already(sealed), dressed, how, parents);
                }
                Copied::NoDirectory(_) => {
                    return Err(Failure::call_at("link", format_args!("directory {}", place.directory.shown()), errno));
                }
            },
            Commit::Refused(sealed, errno) => {
                let warnings = in_place::instead_of_rename(job, place, sealed, errno)?;
                return Ok((Change::Overwritten, warnings));
            }
        };
    }
    match place.directory.look(&place.name) {
        // Said to be taken, and nothing is there.
        Ok(None) => Err(Failure::call("link")(Errno::EXIST)),
        _ => Err(Failure::failed("rename", "other writers keep replacing it, or removing and creating it")),
    }
}

/// What a new TARGET is to look like. Where its staging file has a name already, others could open that: if TARGET has
/// appeared meanwhile, nothing wider than it is shown.
fn dress_of_new(job: &Replacement<'_>, place: &Place, naming: &Naming<'_>) -> Result<Dress> {
    let mode = job.policy.mode;
    if let (Naming::Named(_), false) = (naming, job.policy.no_clobber) {
        let now = place.directory.pin(&place.name).map_err(Failure::call("look"))?;
        if let Some(now) = now.filter(|now| now.kind() == FileType::RegularFile) {
            return Ok(Dress::Like { old: Metadata::of(&now, place)?, mode });
        }
    }
    Ok(Dress::New { mode })
}

/// Dresses the staged file like what TARGET has become, and syncs it.
fn dress_again<'d>(
    job: &Replacement<'_>,
    place: &Place,
    mut sealed: Sealed<'d>,
    dressed: &mut Dressed,
) -> Result<Synced<'d>> {
    let now = place.directory.pin(&place.name).map_err(Failure::call("look"))?;
    if now.is_some() {
        preflight::check(place, now.as_ref(), job.policy)?;
    }
    // Where it has gone again meanwhile, what was held will do; and where it is a link, whose owner is nobody to give the
    // file to.
    let Some(now) = now.filter(|now| now.kind() == FileType::RegularFile) else {
        return Ok(Synced::already(sealed));
    };
    dressed.dress = Dress::Like { old: Metadata::of(&now, place)?, mode: job.policy.mode };
    let file = sealed.reopened()?;
    dress::undress(file)?;
    dressed.different = dress::dress(file, &dressed.dress, None)?;
    Synced::from(sealed, job.policy.sync)
}

/// What became of a staged file that cannot be linked.
enum Copied<'d> {
    /// Another one with the same content, which has a name.
    Yes(Synced<'d>),
    /// TARGET has been overwritten instead, with these warnings.
    InPlace(Vec<String>),
    /// Not a security module or a file system refuses it: there is no directory any more.
    NoDirectory(Sealed<'d>),
}

/// Copies an unnamed file that the system refuses to link into one that has a name from the start.
fn copy_with_name<'d>(
    job: &Replacement<'_>,
    place: &'d Place,
    sealed: Sealed<'d>,
    dressed: &mut Dressed,
    errno: Errno,
) -> Result<Copied<'d>> {
    if let Naming::Named(_) = sealed.naming() {
        return if errno == Errno::NOENT { Ok(Copied::NoDirectory(sealed)) } else { Err(Failure::call("link")(errno)) };
    }
    let birth = Birth { named: true, private: true, ..birth(job) };
    let stage = match Stage::open(&place.directory, birth, job.signals) {
        Ok(stage) => stage,
        Err(failure) if failure.errno == Some(Errno::NOENT) => return Ok(Copied::NoDirectory(sealed)),
        Err(failure) if failure.is_refusal() && preflight::may_overwrite(place, place.at.as_ref(), job.policy)? => {
            return in_place::finish_from(job, &sealed, format!("link: {}", words(errno))).map(Copied::InPlace);
        }
        Err(failure) => {
            let reason = format!("{}; a copy with a name: {}", words(errno), failure.reason);
            let both = Failure { errno: failure.errno, ..Failure::failed("link", reason) };
            return Err(if both.is_refusal() { preflight::offer_overwrite(both, place, job.policy) } else { both });
        }
    };
    let copy = copy_staged(job, &sealed, stage, keep_open(job))?;
    if dressed.dress.like().is_none() {
        dressed.dress = dress_of_new(job, place, copy.naming())?;
    }
    dressed.different = dress::dress(copy.file()?, &dressed.dress, copy.born)?;
    Synced::from(copy, job.policy.sync).map(Copied::Yes)
}

/// Fills `stage` with what has been staged already.
fn copy_staged<'d>(
    job: &Replacement<'_>,
    sealed: &Sealed<'_>,
    stage: Stage<'d>,
    keep_open: KeepOpen,
) -> Result<Sealed<'d>> {
    let from = sealed.file()?;
    let stat = Stat::of(from).map_err(Failure::call("copy"))?;
    let mut sink = Sink::new(stage.writer(), stage.directory(), job.policy.sync != Sync::None);
    copy::prefix(&mut Old { file: from, signals: Some(job.signals) }, &stat, stat.size, &mut sink)?;
    stage.seal(keep_open)
}

fn sync_directory(directory: &Directory, committed: &Committed, how: Sync) -> Result<()> {
    if how != Sync::Full {
        return Ok(());
    }
    sync::directory(directory, committed.file.as_ref())
        .map_err(|errno| Failure::not_durable("sync directory", words(errno)))
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
