//! The protocol: everything between the plan and the outcome.
//!
//! [`steps`] lists the steps in chronological order. The commit gives the staged file its final name. A new TARGET is
//! usually linked directly. An existing TARGET is replaced in two calls: the unnamed file is linked to a short name, and that
//! is renamed over TARGET. A power cut or a kill leaves this at each step:
//!
//! - until the first link: the old TARGET, or none, and nothing else. An unnamed file has no directory entry; the file
//!   system frees it at once, or when it recovers.
//! - between link and rename: the old TARGET and the short name.
//! - after TARGET has its new file, before the directory's sync: after a kill the new TARGET; after a power cut the new
//!   one, or the old one, perhaps with the short name beside it. Never a mixture, because the content was on disk before
//!   any name led to it.
//! - after the directory's sync: the new TARGET.
//!
//! Where unnamed files do not exist, the staging file has a short name from the start, which can remain until the
//! rename. `backup.rs` says what remains with `--backup`. An overwrite in place has no such guarantee; `overwrite.rs`
//! says what it has.
//!
//! If a file is open when it is renamed over, whatever kind of descriptor is open, NFS clients first rename it away and
//! SMB clients first remove it. A kill or an error at that moment would lose it. Therefore the program has no
//! descriptor open on TARGET at the commit, except the one that holds its lock, and compares TARGET by name and inode
//! number. On such file systems `--lock` is refused.
//!
//! The types enforce the order: only a `Stage` can be written, and only a `Finished`, which has its metadata and is
//! synced, can be committed. Dropping them rolls back. What cannot be removed is recorded in
//! [`Notices`](crate::notices::Notices).

mod apply_metadata;
mod backup;
mod backup_name;
mod by_name;
mod callers;
mod commit;
mod commit_once;
mod compare;
mod copy;
pub(crate) mod directory;
mod fill;
mod lock;
mod lock_wait;
pub(crate) mod many;
mod metadata;
mod naming;
mod old_content;
mod overwrite;
mod parents;
mod permissions;
mod placing;
mod preflight;
mod private_directory;
mod random_name;
mod rename;
mod replace_tree;
mod request;
mod requested_mode;
mod requested_owner;
pub(crate) mod resolve;
mod run;
mod sealed;
mod spill;
mod staging;
mod staging_name;
mod sync;
pub(crate) mod tree;
mod validate;
mod writer;

use commit::Finished;
use directory::PathHandle;
use fill::{Filled, fill};
use old_content::OldContent;
use parents::Parents;
use placing::create_stage;
use request::Replacement;
pub(crate) use request::{Change, LockOptions, Outcome, Plan, Target};
use resolve::ResolvedTarget;
pub(crate) use run::Run;
use sealed::Sealed;
use staging::Stage;

use crate::error::{Context, Error, ErrorExt, Result, TargetState, failed, refused_by_guard};
use crate::input::{Input, Terminated};
use crate::options::Sync;
use crate::platform::{self, Errno, FileType, Signals, Stat};
use crate::progress::Phase;

/// A replacement that failed.
pub(crate) struct Failed {
    pub(crate) error: Error,
    /// A command that was sent SIGTERM because of the failure, and may still run.
    pub(crate) still_running: Option<Terminated>,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Failed { error, still_running: None }
    }
}

/// Executes the plan, or rolls everything back.
pub(crate) fn replace(mut plan: Plan<'_>, run: Run<'_>) -> std::result::Result<Outcome, Failed> {
    let mut parents = plan.parents.then(|| Parents::new(plan.options.sync, run.notices));
    let mut target = match plan.target.take() {
        Some(target) => target,
        None => create_parents(&plan, &mut parents, run)?,
    };
    let mut input = None;
    let done = steps(&plan, &mut target, &mut parents, &mut input, run);
    done.map_err(|error| {
        let still_running = input.and_then(|mut input| input.terminate());
        Failed { error: with_state(error, &plan, &target), still_running }
    })
}

/// The error, with the state of TARGET.
fn with_state(error: Error, plan: &Plan<'_>, target: &Target) -> Error {
    let state = match (error.downcast_ref(), target.resolved.state_since_lookup()) {
        // The lookup compares size and times only. The step that failed has read the content.
        (Some(TargetState::Changed), TargetState::TimesChanged) => TargetState::Changed,
        // Of a tree it sees the top directory only.
        (Some(TargetState::Changed), _) if plan.options.tree => TargetState::Changed,
        (_, state) => state,
    };
    error.context(state)
}

/// Creates the missing directories and resolves TARGET in them.
fn create_parents(plan: &Plan<'_>, parents: &mut Option<Parents<'_>>, run: Run<'_>) -> Result<Target> {
    // Created directories must be removed even after a signal.
    run.signals.watch().context("signals")?;
    let resolved = resolve::resolve(plan.path, !plan.options.no_dereference, parents.as_mut(), run.notices)?;
    Target::check(resolved, plan.options)
}

/// The protocol, step by step.
fn steps<'i>(
    plan: &'i Plan<'_>,
    target: &mut Target,
    parents: &mut Option<Parents<'_>>,
    input: &mut Option<Box<dyn Input + 'i>>,
    run: Run<'i>,
) -> Result<Outcome> {
    // Other writers that use `--lock` wait from here until `target` is dropped, after all steps.
    acquire_lock(plan, target, run)?;
    if plan.options.tree {
        return replace_tree::replace(plan, target, parents, input, run);
    }
    // The old content, if a step reads it.
    let old = read_old(plan, target, run.signals)?;
    check_if_match(plan, &target.resolved, old.as_ref(), run.signals)?;
    let mut job = Replacement::new(plan, target, old, run);
    // `replace` keeps the input, to end a command after a failure.
    let Content { sealed, received, warning } = stage_content(plan, &mut job, input, run)?;
    let appended_to = job.appended_to();
    let Some(sealed) = sealed else {
        if !plan.options.dry_run {
            leave_alone(&job, warning)?;
        }
        return Ok(Outcome { change: Change::Unchanged, received, appended_to });
    };
    let change = if plan.options.dry_run {
        commit::rehearse(&job, sealed, plan.options.sync)?
    } else if job.must_overwrite() {
        // No rename is possible, or wanted: sync the staged file, hold signals, overwrite TARGET.
        job.progress.phase(Phase::Syncing);
        commit::check(&job)?;
        overwrite::overwrite(&job, sealed)?;
        Change::Overwritten
    } else {
        job.progress.phase(Phase::Syncing);
        // Apply the metadata, then sync, on the descriptor that wrote.
        let finished = Finished::from(&job, sealed)?;
        release_target(&job);
        job.hold_signals()?;
        job.progress.phase(Phase::Swapping);
        // Link or rename, then sync the directory. If the system refuses the rename, overwrite.
        commit::commit(&job, finished, parents)?
    };
    if let Some(parents) = parents.as_mut().filter(|_| !plan.options.dry_run) {
        parents.keep();
    }
    Ok(Outcome { change, received, appended_to })
}

/// The whole new content, which guards and validators accept.
struct Content {
    /// The staging file, which is not written any more. `None` with `--if-changed` if the content is the same.
    sealed: Option<Sealed>,
    /// The size of the input, in bytes.
    received: u64,
    /// A warning about a TARGET that is left alone.
    warning: Option<String>,
}

fn stage_content<'i>(
    plan: &'i Plan<'_>,
    job: &mut Replacement<'_>,
    input: &mut Option<Box<dyn Input + 'i>>,
    run: Run<'i>,
) -> Result<Content> {
    let Filled { stage, received, warning } = receive(plan, job, input, run)?;
    let Some(stage) = stage else { return Ok(Content { sealed: None, received, warning }) };
    // From here on the staging file is not written.
    let sealed = stage.seal(job.keep_open())?;
    Ok(Content { sealed: Some(validate::validate(job, sealed)?), received, warning })
}

/// Receives the whole new content, which the guards accept.
fn receive<'i>(
    plan: &'i Plan<'_>,
    job: &mut Replacement<'_>,
    slot: &mut Option<Box<dyn Input + 'i>>,
    run: Run<'i>,
) -> Result<Filled> {
    if plan.origin.is_by_name() {
        return by_name::fill(plan, job, slot, run);
    }
    // A command is not started yet.
    let input = open_input(plan, job.target, slot, run)?;
    job.take_metadata(input)?;
    // Stage, then write until the input ends.
    let (stage, probed) = stage_if_needed(job)?;
    fill(job, stage, input, || probed.map_or_else(|| create_stage(job), Ok))
}

/// `--lock`, which `--edit` and `--append` imply as far as there are locks: acquires the lock, and checks TARGET again once
/// the lock is held.
fn acquire_lock(plan: &Plan<'_>, target: &mut Target, run: Run<'_>) -> Result<()> {
    let Some(LockOptions { timeout, is_required }) = plan.lock else { return Ok(()) };
    match lock::acquire(&mut target.resolved, plan.options, timeout, run) {
        Err(error) if !is_required && lock::is_unavailable(&error) => {}
        acquired => target.lock = Some(acquired?),
    }
    target.check_again(plan.options)
}

/// Opens TARGET's content if a step reads it.
fn read_old(plan: &Plan<'_>, target: &mut Target, signals: &Signals) -> Result<Option<OldContent>> {
    if !plan.options.reads_old {
        return Ok(None);
    }
    let mut retries = platform::Retries::default();
    loop {
        match open_old(plan, &target.resolved, signals) {
            // Another client of a network file system has replaced it since it was looked up.
            Err(error) if error.errno() == Some(Errno::STALE) => {
                retries.retry(Errno::STALE).map_err(|_| error)?;
                target.resolved.existing = target.resolved.open_path().context("stat")?;
                target.check_again(plan.options)?;
            }
            done => return done,
        }
    }
}

fn open_old(plan: &Plan<'_>, target: &ResolvedTarget, signals: &Signals) -> Result<Option<OldContent>> {
    match &target.existing {
        Some(old) if old.kind() == FileType::RegularFile => OldContent::open(old, target, signals).map(Some),
        Some(_) if plan.origin.edits() || plan.options.append => {
            Err(failed("read", "is a symbolic link, which has no content (--no-dereference)"))
        }
        None if plan.origin.edits() && !plan.origin.creates() => {
            let error = failed("edit", "does not exist");
            // A missing file has no digest.
            Err(if plan.if_match.is_some() { error } else { error.hint("--create starts with nothing") })
        }
        _ => Ok(None),
    }
}

/// `--if-match`: checks the digest of the current TARGET.
fn check_if_match(plan: &Plan<'_>, target: &ResolvedTarget, old: Option<&OldContent>, signals: &Signals) -> Result<()> {
    match (plan.if_match, old, &target.existing) {
        (None, ..) => Ok(()),
        (Some(expected), Some(old), _) => old.must_match(expected, signals),
        (Some(expected), None, existing) => {
            let found = match existing {
                Some(_) => "TARGET is a symbolic link, which has no content (--no-dereference)",
                None => "TARGET does not exist",
            };
            Err(refused_by_guard("if-match", format_args!("expected {expected}, but {found}")))
        }
    }
}

/// Opens the input. A command is not started yet.
fn open_input<'s, 'i>(
    plan: &'i Plan<'_>,
    target: &ResolvedTarget,
    slot: &'s mut Option<Box<dyn Input + 'i>>,
    run: Run<'i>,
) -> Result<&'s mut (dyn Input + 'i)> {
    let stdin = match &target.existing {
        Some(old) if plan.origin.edits() => Some(target.open(old).context("read")?),
        // A missing TARGET is read as an empty one.
        None if plan.origin.edits() => Some(platform::pipe().context("pipe")?.0),
        _ => None,
    };
    Ok(slot.insert(plan.origin.open(stdin, run.note, run.signals)?).as_mut())
}

/// Creates the staging file, except with `--if-changed`, which writes nothing until a difference is found. The second one is for
/// that case. It has been created if TARGET has not the requested mode or owner: fakeroot(1) does not learn that an unnamed file
/// is gone, and gives what it knew of it to the next file with its inode number.
fn stage_if_needed(job: &Replacement<'_>) -> Result<(Option<Stage>, Option<Stage>)> {
    if !job.options.if_changed || job.old.is_none() {
        let stage = create_stage(job)?;
        validate::check(job)?;
        return Ok((Some(stage), None));
    }
    if let Some(PathHandle { stat: old, .. }) = job.old_file()
        && (requested_mode::of_old(job.options, old).is_some_and(|mode| !platform::is_mode_met(mode, old.bits()))
            || !job.options.owners.are_met_by(old.uid, old.gid))
    {
        // Find out before the input is read whether the file system supports that mode and that owner, or whether TARGET
        // must be overwritten in place, which `job.spill` records.
        return Ok((None, Some(create_stage(job)?)));
    }
    Ok((None, None))
}

/// Closes every descriptor on TARGET, except the one that holds its lock.
fn release_target(job: &Replacement<'_>) {
    job.target.existing.iter().for_each(|old| old.handle.close());
    job.old.iter().for_each(|old| old.file.close());
    if let Some(old) = job.old_file()
        && !job.target.directory.filesystem().can_replace_open_files()
        && Stat::of(platform::stdin()).is_ok_and(|now| now.is_same_file(&old.stat))
    {
        // As in `atomic-write f -- sort <f`. The input has ended; a process that inherited the descriptor has its own
        // copy.
        platform::close_stdin();
    }
}

/// `--if-changed` found no difference: nothing is written, but exit status 0 still promises durability.
fn leave_alone(job: &Replacement<'_>, warning: Option<String>) -> Result<()> {
    let Some(old) = &job.old else {
        return Err(failed("compare", "there is nothing to compare with"));
    };
    if job.options.sync != Sync::None {
        let file = old.file.get().context("sync")?;
        sync::file(&*file)?;
    }
    if job.options.sync == Sync::Full {
        sync::unchanged_directory(&job.target.directory)?;
    }
    if let Some(warning) = warning {
        job.notices.warn(warning);
    }
    Ok(())
}
