//! From the words to what will be done: TARGET resolved and locked, everything that can refuse asked.
//!
//! Nothing is written here but the parent directories that `--parents` asks for.

use std::cell::OnceCell;

use rustix::fs::FileType;
use rustix::io::Errno;

use crate::child::Abandoned;
use crate::cli::{Args, From};
use crate::command::Command;
use crate::digest::Digest;
use crate::engine::parents::Parents;
use crate::engine::resolve::{self, ResolvedTarget};
use crate::engine::{self, Backups, OldContent, Outcome, Replacement, lock, preflight};
use crate::failure::{Failure, Result, Seen};
use crate::guard::{Guards, NonEmpty};
use crate::input::Input;
use crate::signals::Signals;
use crate::source::Source;
use crate::startup;
use crate::sys::Retries;

/// Plans, and carries it out. A command that has been asked to end, because of a failure of ours, is left in `abandoned`.
pub(crate) fn run(args: &Args, signals: &Signals, abandoned: &mut Option<Abandoned>) -> Result<Outcome> {
    let policy = &args.policy;
    if args.report && startup::was_closed(1) {
        return Err(Failure::failed("report", "standard output is closed"));
    }
    if args.parents {
        // What is created is removed again, whatever ends us.
        signals.watch()?;
    }
    let mut parents = Parents::new(args.parents, policy.sync);
    resolved(args, signals, &mut parents, abandoned).map_err(|mut failure| {
        failure.hints.extend(parents.take_back());
        failure
    })
}

fn resolved(
    args: &Args,
    signals: &Signals,
    parents: &mut Parents,
    abandoned: &mut Option<Abandoned>,
) -> Result<Outcome> {
    let mut target = resolve::resolve(&args.target, !args.policy.no_dereference, parents)?;
    let done = planned(args, signals, &mut target, parents, abandoned);
    // Whatever was rolled back by now has left its traces, if any.
    let leftovers = target.directory.leftovers();
    match done {
        Ok(mut outcome) => {
            outcome.leftovers.extend(leftovers);
            Ok(outcome)
        }
        Err(mut failure) => {
            failure.hints.extend(leftovers);
            failure.seen = match (failure.seen, target.look_again()) {
                // Its size is the same, and it has been read.
                (Seen::Changed, Seen::OtherTimes) => Seen::Changed,
                (_, seen) => seen,
            };
            Err(failure)
        }
    }
}

fn planned(
    args: &Args,
    signals: &Signals,
    target: &mut ResolvedTarget,
    parents: &mut Parents,
    abandoned: &mut Option<Abandoned>,
) -> Result<Outcome> {
    let policy = &args.policy;
    // Refused before waiting for the lock, and looked at again after it.
    let mut strategy = preflight::check(target, target.existing.as_ref(), policy)?;
    let lock = if args.lock {
        let lock = lock::acquire(target, policy.no_dereference, args.lock_timeout, signals)?;
        strategy = preflight::check(target, target.existing.as_ref(), policy)?;
        Some(lock)
    } else {
        None
    };
    // Whether or not there is something to keep: it may appear until the commit.
    let backups = policy.backup.as_ref().map(|backup| Backups::plan(target, backup)).transpose()?;
    if args.validate.is_some() && rustix::fs::access("/proc/self/fd", rustix::fs::Access::EXEC_OK).is_err() {
        return Err(Failure::failed("validate", "/proc is not mounted, so the command could not be shown the content"));
    }
    let old = old_content(args, target, signals)?;
    if let Some(expected) = &args.if_match {
        if_match(expected, target, old.as_ref(), signals)?;
    }

    let guards = guards(args);
    let (mut input, source_mode) = input(args, target, signals)?;
    let job = Replacement {
        path: &args.target,
        policy,
        guards: &guards,
        signals,
        target,
        strategy,
        lock,
        backups,
        old,
        unchanged: args.if_match.is_some() || args.edits(),
        source_mode,
        elsewhere: OnceCell::new(),
    };
    engine::run(&job, input.as_mut(), parents).inspect_err(|_| *abandoned = input.abandon())
}

/// Opens TARGET's content where something reads it.
fn old_content(args: &Args, target: &mut ResolvedTarget, signals: &Signals) -> Result<Option<OldContent>> {
    let needed = args.edits() || args.if_match.is_some();
    if !needed && !args.policy.append && !args.policy.if_changed {
        return Ok(None);
    }
    let mut retries = Retries::default();
    loop {
        match open_old(args, target, signals) {
            // Replaced by another client of a network file system since it was looked up.
            Err(failure) if failure.errno == Some(Errno::STALE) => {
                retries.again(Errno::STALE).map_err(|_| failure)?;
                target.existing = target.directory.open_path(&target.name).map_err(Failure::call("look"))?;
                preflight::check(target, target.existing.as_ref(), &args.policy)?;
            }
            done => return done,
        }
    }
}

fn open_old(args: &Args, target: &ResolvedTarget, signals: &Signals) -> Result<Option<OldContent>> {
    match &target.existing {
        Some(old) if old.kind() == FileType::RegularFile => OldContent::open(old, target, signals).map(Some),
        Some(_) if args.edits() || args.policy.append => {
            Err(Failure::failed("read", "is a symbolic link, which has no content of its own (--no-dereference)"))
        }
        None if args.edits() => Err(Failure::failed("edit", "does not exist, so there is nothing to edit")),
        _ => Ok(None),
    }
}

/// `--if-match`: the digest of what TARGET is now.
fn if_match(expected: &Digest, target: &ResolvedTarget, old: Option<&OldContent>, signals: &Signals) -> Result<()> {
    const STEP: &str = "if-match";
    let Some(old) = old else {
        let found = match &target.existing {
            Some(_) => "TARGET is a symbolic link, which has no content of its own (--no-dereference)",
            None => "there is no such file",
        };
        return Err(Failure::refused(STEP, format_args!("expected {expected}, but {found}")));
    };
    let got = old.digest_like(expected, signals)?;
    if got == *expected {
        return Ok(());
    }
    Err(Failure::refused(STEP, format_args!("expected {expected}, TARGET has {got}")))
}

fn guards(args: &Args) -> Guards {
    let non_empty = match args.from {
        _ if args.non_empty => Some(NonEmpty::Asked),
        From::Command { allow_empty: false, .. } => Some(NonEmpty::Command),
        _ => None,
    };
    Guards { non_empty, checksum: args.checksum.clone(), validate: args.validate.clone() }
}

/// The input, and the permission bits that it gives to a new TARGET.
fn input<'a>(
    args: &'a Args,
    target: &ResolvedTarget,
    signals: &'a Signals,
) -> Result<(Box<dyn Input + 'a>, Option<u32>)> {
    Ok(match &args.from {
        From::Stdin => (Box::new(Source::stdin(signals)?), None),
        From::File(path) => {
            let source = Source::open(path, signals)?;
            let mode = source.mode();
            (Box::new(source), mode)
        }
        From::Command { words, edit, .. } => {
            let stdin = match (&target.existing, edit) {
                (Some(old), true) => Some(old.open(target).map_err(Failure::call("read"))?),
                _ => None,
            };
            (Box::new(Command::new(words, stdin, &args.target, signals)), None)
        }
    })
}
