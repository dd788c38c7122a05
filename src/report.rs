//! What the program prints, and its exit status.

use std::path::Path;
use std::process::ExitCode;

use crate::cli::Args;
use crate::error::{Cause, Error, ErrorExt, TargetState};
use crate::notices::Notices;
use crate::platform::{self, Errno, Interrupted, TerminationSignal, os_message};
use crate::protocol::many::Tally;
use crate::protocol::many::file_list::{FileList, last_component};
use crate::protocol::{Change, Outcome};
use crate::quote::{Shown, bytes};

/// Prints one line on standard error. A failure to print is ignored.
fn print_line(line: &str) {
    let _ = platform::write_all(std::io::stderr(), format!("{line}\n").as_bytes());
}

/// Prints help and version on standard output, or a usage error on standard error. Returns the exit status.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        let text = error.render().to_string();
        print_line(&format!("atomic-write: {}", text.strip_prefix("error: ").unwrap_or(&text).trim_end()));
    } else if let Err(errno) = platform::write_all(std::io::stdout(), error.render().to_string().as_bytes()) {
        print_line(&format!("atomic-write: standard output: {}", os_message(errno)));
        return ExitCode::FAILURE;
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// Prints a line about TARGET that is neither an error nor a warning.
pub(crate) fn note(target: &Path, sentence: &str) {
    print_line(&format!("atomic-write: {}: {sentence}", Shown(target.as_os_str())));
}

fn warn(target: &Path, warning: &str) {
    note(target, &format!("warning: {warning}"));
}

/// Prints what was done, as far as the arguments request it.
pub(crate) fn success(args: &Args, outcome: &Outcome, notices: &Notices) {
    success_of(args, &args.target, outcome, notices);
    if args.report
        && let Err(errno) = print_report(&format!("{}\n", word(outcome.change)))
    {
        warn(&args.target, &format!("the word for --report could not be written: {}", os_message(errno)));
    }
}

/// The same without `--report`, for the file at `path`.
fn success_of(args: &Args, path: &Path, outcome: &Outcome, notices: &Notices) {
    self::notices(args, path, notices);
    if args.verbose {
        note(path, &verbose(args, outcome));
    }
}

/// Prints the warnings. Leftovers are printed even with `--quiet`.
pub(crate) fn notices(args: &Args, path: &Path, notices: &Notices) {
    notices.take_leftovers().iter().for_each(|leftover| warn(path, leftover));
    if !args.quiet {
        notices.take_warnings().iter().for_each(|warning| warn(path, warning));
    }
}

/// One of many files. Returns its exit status.
pub(crate) fn one_of_many(
    args: &Args,
    path: &Path,
    done: std::result::Result<&Outcome, &Error>,
    notices: &Notices,
) -> u8 {
    match done {
        Ok(outcome) => {
            success_of(args, path, outcome, notices);
            0
        }
        Err(error) => {
            failure_of(args, path, error, notices);
            status(error, false)
        }
    }
}

/// The worse of two exit statuses: a TARGET that is harmed comes first, a failure before a refusal.
pub(crate) fn worse(one: u8, other: u8) -> u8 {
    let severity = |status: &u8| [0, 3, 1, 2, 4, 5].iter().position(|known| known == status);
    std::cmp::max_by_key(one, other, severity)
}

/// The end of a run with many files: `--report`, and how many there are of each kind if not all were done.
pub(crate) fn many(args: &Args, files: &FileList<'_>, tally: &Tally, error: Option<&Error>) {
    let count = files.len();
    if args.report {
        let mut lines = Vec::new();
        let done =
            files.iter().zip(&tally.changes).filter_map(|(name, change)| Some((last_component(name), (*change)?)));
        let mut printed = Ok(());
        for (name, change) in done {
            // A name with a line feed must not look like two.
            lines.extend_from_slice(format!("{} {}\n", word(change), Shown(name)).as_bytes());
            if lines.len() >= 1 << 16 {
                printed = printed.and_then(|()| platform::write_all(std::io::stdout(), &lines));
                lines.clear();
            }
        }
        if let Err(errno) = printed.and_then(|()| platform::write_all(std::io::stdout(), &lines)) {
            warn(&args.target, &format!("the lines for --report could not be written: {}", os_message(errno)));
        }
    }
    let changes = [Change::Created, Change::Replaced, Change::Overwritten, Change::Unchanged];
    let number = |wanted| tally.changes.iter().filter(|change| **change == Some(wanted)).count();
    let done = changes.map(|change| (number(change), in_words(change)));
    let dealt_with = tally.failed + done.iter().map(|(number, _)| number).sum::<usize>();
    let is_of_directory = dealt_with == 0 && error.is_some_and(|error| !error.is::<Interrupted>());
    if count == 1 || is_of_directory || tally.failed == 0 && dealt_with == count {
        return;
    }
    let rest = [(tally.failed, "failed"), (count - dealt_with, "not reached")];
    let [failed, not_reached] = rest.map(|(number, what)| (number, what.to_owned()));
    let done = done.map(|(number, what)| (number, format!("{}{what}", conditional(args))));
    let counts = std::iter::once(failed).chain(done).chain([not_reached]).filter(|(number, _)| *number > 0);
    let counts: Vec<_> = counts.map(|(number, what)| format!("{number} {what}")).collect();
    note(&args.target, &format!("{count} files: {}", counts.join(", ")));
}

/// `--verbose`: what was done.
fn verbose(args: &Args, outcome: &Outcome) -> String {
    let size = match outcome.appended_to {
        _ if args.options.tree => "a directory".to_owned(),
        Some(before) => {
            let (received, all) = (bytes(outcome.received), bytes(before + outcome.received));
            format!("{received} appended, {} {all}", if args.options.dry_run { "then" } else { "now" })
        }
        None => bytes(outcome.received),
    };
    format!("{}{} ({size})", conditional(args), in_words(outcome.change))
}

/// What stands before a change that `--dry-run` does not make.
fn conditional(args: &Args) -> &'static str {
    if args.options.dry_run { "would be " } else { "" }
}

fn in_words(change: Change) -> &'static str {
    match change {
        Change::Created => "created",
        Change::Replaced => "replaced",
        Change::Overwritten => "overwritten in place",
        Change::Unchanged => "unchanged",
    }
}

/// `--report`: one word.
fn word(change: Change) -> &'static str {
    match change {
        Change::Created => "created",
        Change::Replaced | Change::Overwritten => "replaced",
        Change::Unchanged => "unchanged",
    }
}

fn print_report(text: &str) -> Result<(), Errno> {
    platform::write_all(std::io::stdout(), text.as_bytes())
}

/// How the program ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    Status(u8),
    Signal(TerminationSignal),
}

/// Prints the failure; the contract gives the status. A termination by a signal prints no failure.
pub(crate) fn failure(args: &Args, error: &Error, notices: &Notices) -> End {
    failure_of(args, &args.target, error, notices);
    match error.downcast_ref() {
        Some(Interrupted(signal)) => End::Signal(*signal),
        None => End::Status(status(error, args.has_command())),
    }
}

fn failure_of(args: &Args, path: &Path, error: &Error, notices: &Notices) {
    if !error.is::<Interrupted>() {
        let (step, reason) = error.step_and_reason();
        note(path, &format!("{step}: {reason} ({})", state(error)));
    }
    error.hints().iter().chain(&notices.take_leftovers()).for_each(|hint| print_line(&format!("hint: {hint}")));
    if !args.quiet {
        notices.take_warnings().iter().for_each(|warning| warn(path, warning));
    }
}

/// The state of TARGET, as a message.
fn state(error: &Error) -> &'static str {
    match error.downcast_ref() {
        Some(Cause::NotDurable(_)) => "replaced, may not survive a power cut",
        Some(Cause::Damaged(_)) => "damaged",
        Some(Cause::Missing(_)) => "missing",
        Some(Cause::Usage(_) | Cause::Refused(_) | Cause::Command(..)) | None => match error.downcast_ref() {
            Some(TargetState::Unchanged) | None => "unchanged",
            Some(TargetState::TimesChanged) => "its times have changed",
            Some(TargetState::Changed) => "changed meanwhile",
        },
    }
}

/// The exit status, from one of the two columns of the contract's table: with COMMAND or without.
fn status(error: &Error, has_command: bool) -> u8 {
    let (alone, with_command) = match error.downcast_ref() {
        None => (1, 125),
        Some(Cause::Usage(_)) => (2, 2),
        Some(Cause::Refused(_)) => (3, 123),
        Some(Cause::NotDurable(_)) => (4, 121),
        Some(Cause::Damaged(_) | Cause::Missing(_)) => (5, 122),
        Some(Cause::Command(status, _)) => (*status, *status),
    };
    if has_command { with_command } else { alone }
}
