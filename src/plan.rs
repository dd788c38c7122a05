//! From the arguments to a plan: TARGET is resolved, and every predictable failure is reported. Nothing is written, and
//! no command runs.

use crate::cli::{Args, From, Lock, Sources};
use crate::error::{Result, failed};
use crate::guard::{Guards, NonEmpty};
use crate::input::Origin;
use crate::notices::Notices;
use crate::platform;
use crate::protocol::many::Many;
use crate::protocol::many::file_list::FileList;
use crate::protocol::resolve::{self, ResolvedTarget};
use crate::protocol::{LockOptions, Plan, Run, Target};

/// Plans the replacement that the arguments describe.
pub(crate) fn plan<'a>(args: &'a Args, notices: &Notices) -> Result<Plan<'a>> {
    check_report(args)?;
    let resolved = resolve_target(args, notices)?;
    let target = resolved.map(|resolved| Target::check(resolved, &args.options)).transpose()?;
    Ok(Plan {
        path: &args.target,
        options: &args.options,
        guards: guards(args),
        origin: origin(args),
        if_match: args.if_match.as_ref(),
        lock: lock(args),
        parents: args.parents,
        target,
    })
}

/// The names of many files, read to their end.
pub(crate) fn files<'a>(sources: &'a Sources, run: Run<'_>) -> Result<FileList<'a>> {
    match sources {
        Sources::Named(operands) => Ok(FileList::Operands(operands)),
        Sources::ListedIn(list) => FileList::read(Origin::File(list), run),
        Sources::ListedOnStdin => FileList::read(Origin::Stdin, run),
    }
}

/// Plans the replacement of many files, each of which is planned in its turn.
pub(crate) fn many<'a>(args: &'a Args, files: &'a FileList<'a>) -> Result<Many<'a>> {
    check_report(args)?;
    Ok(Many {
        directory: &args.target,
        files,
        options: &args.options,
        guards: guards(args),
        if_match: args.if_match.as_ref(),
        lock: lock(args),
        parents: args.parents,
    })
}

fn check_report(args: &Args) -> Result<()> {
    if args.report && platform::was_closed(1) {
        return Err(failed("report", "standard output is closed"));
    }
    Ok(())
}

fn lock(args: &Args) -> Option<LockOptions> {
    match args.lock {
        Lock::No => None,
        wanted => Some(LockOptions { timeout: args.lock_timeout, is_required: wanted == Lock::Required }),
    }
}

/// Resolves TARGET; `None` where its directory is to be created first.
fn resolve_target(args: &Args, notices: &Notices) -> Result<Option<ResolvedTarget>> {
    match resolve::resolve(&args.target, !args.options.no_dereference, None, notices) {
        Err(error) if args.parents && resolve::is_missing_directory(&error) => Ok(None),
        Err(error) if may_create(args) => Err(resolve::offer_parents(error, notices)),
        Err(error) => Err(error),
        Ok(mut resolved) => {
            // What a link has no part in cannot be done to the link itself.
            let is_of_file = args.edits() || args.if_match.is_some() || args.options.is_of_file();
            resolved.is_behind_own_link &= !is_of_file;
            Ok(Some(resolved))
        }
    }
}

/// Whether TARGET may be missing.
fn may_create(args: &Args) -> bool {
    let needs_old = matches!(args.from, From::Command { edit: true, create: false, .. });
    !needs_old && args.if_match.is_none()
}

fn guards(args: &Args) -> Guards {
    let non_empty = match &args.from {
        _ if args.non_empty => Some(NonEmpty::Requested),
        From::Command { allow_empty: false, placeholder: None, words, .. } => {
            let has_braces = words.iter().any(|word| word.as_encoded_bytes().windows(2).any(|part| part == b"{}"));
            Some(NonEmpty::Printed { has_braces })
        }
        From::Command { allow_empty: false, .. } => Some(NonEmpty::Written),
        _ => None,
    };
    Guards { non_empty, checksum: args.checksum.clone(), validate: args.validate.clone() }
}

fn origin(args: &Args) -> Origin<'_> {
    match &args.from {
        // Each of many is planned with its own.
        From::Stdin | From::Many(_) => Origin::Stdin,
        From::File(path) => Origin::File(path),
        From::Command { words, shell, edit, create, placeholder, success, .. } => Origin::Command {
            argv: words,
            shell: *shell,
            edits: *edit,
            creates: *create,
            placeholder: placeholder.as_deref(),
            success,
        },
    }
}
