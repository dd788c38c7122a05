//! What the program prints, and its exit status.

use std::path::Path;
use std::process::ExitCode;

use crate::cli::Args;
use crate::error::{Cause, Error, ErrorExt, TargetState};
use crate::notices::Notices;
use crate::platform::{self, Errno, Interrupted, TerminationSignal, os_message};
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

/// Prints what was done, as far as the arguments request it. Leftovers are printed even with `--quiet`.
pub(crate) fn success(args: &Args, outcome: &Outcome, notices: &Notices) {
    notices.take_leftovers().iter().for_each(|leftover| warn(&args.target, leftover));
    if !args.quiet {
        notices.take_warnings().iter().for_each(|warning| warn(&args.target, warning));
    }
    if args.verbose {
        note(&args.target, &verbose(args, outcome));
    }
    if args.report
        && let Err(errno) = print_report(outcome)
    {
        warn(&args.target, &format!("the word for --report could not be written: {}", os_message(errno)));
    }
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
    let done = match outcome.change {
        Change::Created => "created",
        Change::Replaced => "replaced",
        Change::Overwritten => "overwritten in place",
        Change::Unchanged => "unchanged",
    };
    let dry = if args.options.dry_run { "would be " } else { "" };
    format!("{dry}{done} ({size})")
}

/// `--report`: one word on standard output.
fn print_report(outcome: &Outcome) -> Result<(), Errno> {
    let word = match outcome.change {
        Change::Created => "created",
        Change::Replaced | Change::Overwritten => "replaced",
        Change::Unchanged => "unchanged",
    };
    platform::write_all(std::io::stdout(), format!("{word}\n").as_bytes())
}

/// How the program ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    Status(ExitCode),
    Signal(TerminationSignal),
}

/// Prints the failure; the contract gives the status. A termination by a signal prints no failure.
pub(crate) fn failure(args: &Args, error: &Error, notices: &Notices) -> End {
    let signal = error.downcast_ref::<Interrupted>();
    if signal.is_none() {
        let (step, reason) = error.step_and_reason();
        note(&args.target, &format!("{step}: {reason} ({})", state(error)));
    }
    error.hints().iter().chain(&notices.take_leftovers()).for_each(|hint| print_line(&format!("hint: {hint}")));
    if !args.quiet {
        notices.take_warnings().iter().for_each(|warning| warn(&args.target, warning));
    }
    match signal {
        Some(Interrupted(signal)) => End::Signal(*signal),
        None => End::Status(ExitCode::from(status(error, args.has_command()))),
    }
}

/// The state of TARGET, as a message.
fn state(error: &Error) -> &'static str {
    match error.downcast_ref() {
        Some(Cause::NotDurable(_)) => "replaced, may not survive a power cut",
        Some(Cause::Damaged(_)) => "damaged",
        Some(Cause::Missing(_)) => "missing",
        Some(Cause::Refused(_) | Cause::Command(..)) | None => match error.downcast_ref() {
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
        Some(Cause::Refused(_)) => (3, 123),
        Some(Cause::NotDurable(_)) => (4, 121),
        Some(Cause::Damaged(_) | Cause::Missing(_)) => (5, 122),
        Some(Cause::Command(status, _)) => (*status, *status),
    };
    if has_command { with_command } else { alone }
}
