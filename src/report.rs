//! What is said, and with which status the program exits.

use std::path::Path;
use std::process::ExitCode;

use rustix::io::Errno;

use crate::caught::TerminationSignal;
use crate::engine::{Change, Outcome};
use crate::failure::{Failure, Kind, Seen, words};
use crate::quote::{Shown, bytes};
use crate::sys;

/// One line on standard error. That it cannot be written changes nothing.
fn say(line: &str) {
    let _ = sys::write_all(std::io::stderr(), format!("{line}\n").as_bytes());
}

/// Help and version, on standard output, or what is wrong with the command line. Returns the exit status.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        let text = error.render().to_string();
        say(&format!("atomic-write: {}", text.strip_prefix("error: ").unwrap_or(&text).trim_end()));
    } else if let Err(errno) = sys::write_all(std::io::stdout(), error.render().to_string().as_bytes()) {
        say(&format!("atomic-write: standard output: {}", words(errno)));
        return ExitCode::FAILURE;
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// A line about TARGET that is neither error nor warning.
pub(crate) fn note(target: &Path, words: &str) {
    say(&format!("atomic-write: {}: {words}", Shown(target.as_os_str())));
}

/// A warning about TARGET.
pub(crate) fn warn(target: &Path, words: &str) {
    note(target, &format!("warning: {words}"));
}

/// `--verbose`: what was done.
pub(crate) fn verbose(target: &Path, outcome: &Outcome) {
    let size = bytes(outcome.received);
    let words = match outcome.change {
        Change::Created => format!("created ({size})"),
        Change::Replaced => format!("replaced ({size})"),
        Change::Overwritten => format!("overwritten in place ({size})"),
        Change::Unchanged => format!("unchanged ({size})"),
    };
    note(target, &words);
}

/// `--report`: one word on standard output.
pub(crate) fn word(outcome: &Outcome) -> Result<(), Errno> {
    let word = match outcome.change {
        Change::Created => "created",
        Change::Replaced | Change::Overwritten => "replaced",
        Change::Unchanged => "unchanged",
    };
    sys::write_all(std::io::stdout(), format!("{word}\n").as_bytes())
}

/// How the program ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    /// With a status.
    Status(ExitCode),
    /// Of a signal.
    Signal(TerminationSignal),
}

/// Says what failed; the status is the contract's. `quiet` is `--quiet`.
pub(crate) fn failure(target: &Path, failure: &Failure, has_command: bool, quiet: bool) -> End {
    let state = match failure.kind {
        Kind::NotDurable => "replaced, may not survive a power cut",
        Kind::Damaged => "damaged",
        Kind::Missing => "missing",
        _ => match failure.seen {
            Seen::Unchanged => "unchanged",
            Seen::OtherTimes => "its times have changed",
            Seen::Changed => "changed by another program",
        },
    };
    if !matches!(failure.kind, Kind::Signal(_)) {
        note(target, &format!("{}: {} ({state})", failure.step, failure.reason));
    }
    for hint in &failure.hints {
        say(&format!("hint: {hint}"));
    }
    if !quiet {
        failure.warnings.iter().for_each(|words| warn(target, words));
    }
    let status = match (failure.kind, has_command) {
        (Kind::Failed, false) => 1,
        (Kind::Failed, true) => 125,
        (Kind::Refused, false) => 3,
        (Kind::Refused, true) => 123,
        (Kind::NotDurable, false) => 4,
        (Kind::NotDurable, true) => 121,
        (Kind::Damaged | Kind::Missing, false) => 5,
        (Kind::Damaged | Kind::Missing, true) => 122,
        (Kind::Command(status), _) => status,
        (Kind::Signal(caught), _) => return End::Signal(caught),
    };
    End::Status(ExitCode::from(status))
}
