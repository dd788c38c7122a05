//! From the words to what will be done: the target resolved, its turn taken, everything that can refuse asked.
//!
//! Nothing is written here but the parent directories that `--parents` asks for.

use std::cell::OnceCell;

use rustix::fs::FileType;

use crate::cli::{Args, From};
use crate::command::Command;
use crate::engine::copy::Input;
use crate::engine::names::{self, Place};
use crate::engine::parents::Parents;
use crate::engine::{self, Backups, OldContent, Outcome, Replacement, preflight, turn};
use crate::failure::{Failure, Result, Seen};
use crate::guard::{Guards, NonEmpty};
use crate::signals::Signals;
use crate::source::Source;
use crate::startup;

/// Plans, and carries it out.
pub(crate) fn run(args: &Args, signals: &Signals) -> Result<Outcome> {
    let policy = &args.policy;
    if args.report && startup::was_closed(1) {
        return Err(Failure::failed("report", "standard output is closed"));
    }
    if args.parents {
        // What is created is removed again, whatever ends us.
        signals.watch()?;
    }
    let mut parents = Parents::new(args.parents, policy.sync);
    resolved(args, signals, &mut parents).map_err(|mut failure| {
        failure.hints.extend(parents.take_back());
        failure
    })
}

fn resolved(args: &Args, signals: &Signals, parents: &mut Parents) -> Result<Outcome> {
    let mut place = names::resolve(&args.target, !args.policy.no_dereference, parents)?;
    let done = at(args, signals, &mut place, parents);
    // Whatever was rolled back by now has left its traces, if any.
    let leftovers = place.directory.leftovers();
    match done {
        Ok(mut outcome) => {
            outcome.leftovers.extend(leftovers);
            Ok(outcome)
        }
        Err(mut failure) => {
            failure.hints.extend(leftovers);
            failure.seen = match (failure.seen, place.look_again()) {
                // Its size is the same, and it has been read.
                (Seen::Changed, Seen::OtherTimes) => Seen::Changed,
                (_, seen) => seen,
            };
            Err(failure)
        }
    }
}

fn at(args: &Args, signals: &Signals, place: &mut Place, parents: &mut Parents) -> Result<Outcome> {
    let policy = &args.policy;
    // Refused before waiting for a turn, and looked at again after it.
    let mut way = preflight::check(place, place.at.as_ref(), policy)?;
    let turn = if args.lock {
        let turn = turn::take(place, policy.no_dereference, args.lock_timeout, signals)?;
        way = preflight::check(place, place.at.as_ref(), policy)?;
        Some(turn)
    } else {
        None
    };
    // Whether or not there is something to keep: it may appear until the commit.
    let backups = policy.backup.as_ref().map(|backup| Backups::plan(place, backup)).transpose()?;
    if args.validate.is_some() && rustix::fs::access("/proc/self/fd", rustix::fs::Access::EXEC_OK).is_err() {
        return Err(Failure::failed("validate", "/proc is not mounted, so the command could not be shown the content"));
    }
    let old = old_content(args, place, signals)?;
    if let Some(expected) = &args.if_match {
        if_match(expected, place, old.as_ref(), signals)?;
    }

    let guards = guards(args);
    let (mut input, source_mode) = input(args, place, signals)?;
    let job = Replacement {
        target: &args.target,
        policy,
        guards: &guards,
        signals,
        place,
        way,
        turn,
        backups,
        old,
        unchanged: args.if_match.is_some() || matches!(args.from, From::Command { edit: true, .. }),
        source_mode,
        elsewhere: OnceCell::new(),
    };
    engine::run(&job, input.as_mut(), parents)
        .map_err(|failure| Failure { abandoned: input.abandon().map(Box::new), ..failure })
}

/// Opens TARGET's content where something reads it.
fn old_content(args: &Args, place: &Place, signals: &Signals) -> Result<Option<OldContent>> {
    let edit = matches!(args.from, From::Command { edit: true, .. });
    let needed = edit || args.if_match.is_some();
    if !needed && !args.policy.append && !args.policy.if_changed {
        return Ok(None);
    }
    match &place.at {
        Some(old) if old.kind() == FileType::RegularFile => OldContent::open(old, place, signals).map(Some),
        Some(_) if edit || args.policy.append => {
            Err(Failure::failed("read", "is a symbolic link, which has no content of its own (--no-dereference)"))
        }
        None if edit => Err(Failure::failed("edit", "does not exist, so there is nothing to edit")),
        _ => Ok(None),
    }
}

/// `--if-match`: the digest of what TARGET is now.
fn if_match(expected: &crate::guard::Digest, place: &Place, old: Option<&OldContent>, signals: &Signals) -> Result<()> {
    const STEP: &str = "if-match";
    let Some(old) = old else {
        let found = match &place.at {
            Some(_) => "TARGET is a symbolic link, which has no content of its own (--no-dereference)",
            None => "there is no such file",
        };
        return Err(Failure::refused(STEP, format_args!("expected {expected}, but {found}")));
    };
    let got = old.digest(expected.hasher(), signals)?;
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
fn input<'a>(args: &'a Args, place: &Place, signals: &'a Signals) -> Result<(Box<dyn Input + 'a>, Option<u32>)> {
    Ok(match &args.from {
        From::Stdin => (Box::new(Source::stdin(signals)?), None),
        From::File(path) => {
            let source = Source::open(path, signals)?;
            let mode = source.mode();
            (Box::new(source), mode)
        }
        From::Command { words, edit, .. } => {
            let stdin = match (&place.at, edit) {
                (Some(old), true) => Some(old.open(place).map_err(Failure::call("read"))?),
                _ => None,
            };
            (Box::new(Command::new(words, stdin, &args.target, signals)), None)
        }
    })
}
