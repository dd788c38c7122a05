//! What is said, and with which status the program exits.

use std::ffi::OsStr;
use std::fmt::{self, Write as _};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;

use rustix::io::Errno;

use crate::engine::{Change, Outcome};
use crate::failure::{Failure, Kind, Seen, words};
use crate::guard::bytes;
use crate::signals::Caught;
use crate::sys;

/// A name as it can be shown: as it is, or, where it contains what a terminal would obey or hide, quoted as a shell reads
/// it (`$'...'`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown<'a>(pub(crate) &'a OsStr);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("''");
        }
        let text = std::str::from_utf8(self.0.as_bytes());
        if let Ok(text) = text
            && !text.chars().any(is_unsafe)
        {
            return f.write_str(text);
        }
        f.write_str("$'")?;
        for chunk in self.0.as_bytes().utf8_chunks() {
            for character in chunk.valid().chars() {
                match character {
                    '\n' => f.write_str("\\n")?,
                    '\t' => f.write_str("\\t")?,
                    '\r' => f.write_str("\\r")?,
                    '\'' | '\\' => write!(f, "\\{character}")?,
                    character if is_unsafe(character) => {
                        let mut utf8 = [0; 4];
                        for byte in character.encode_utf8(&mut utf8).bytes() {
                            write!(f, "\\x{byte:02x}")?;
                        }
                    }
                    character => f.write_char(character)?,
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        f.write_str("'")
    }
}

/// Control characters, and those that turn the direction of writing or have no width.
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

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
    Signal(Caught),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(bytes: &[u8]) -> String {
        Shown(OsStr::from_bytes(bytes)).to_string()
    }

    #[test]
    fn plain_names_are_shown_as_they_are() {
        assert_eq!(shown("a b/gr\u{fc}n-\u{65e5}".as_bytes()), "a b/gr\u{fc}n-\u{65e5}");
    }

    #[test]
    fn what_a_terminal_would_obey_is_quoted() {
        assert_eq!(shown(b"a\x1b[31m\n"), r"$'a\x1b[31m\n'");
        assert_eq!(shown(b"caf\xe9"), r"$'caf\xe9'");
        assert_eq!(shown("\u{202e}'".as_bytes()), r"$'\xe2\x80\xae\''");
    }
}
