//! The words themselves. The doc comments of [`Cli`] are the help and the man page.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Parser};

use crate::digest::Digest;
use crate::options::{Options, Sync};

/// Produce a file whole and durable, or not at all
///
/// Stages the new content beside TARGET in a file without a name, syncs it, renames it over TARGET and syncs the
/// directory. Readers, and the disk after a power cut, have the whole old content or the whole new content.
#[derive(Debug, Default, PartialEq, Parser)]
#[command(
    name = "atomic-write",
    version,
    args_override_self = true,
    disable_help_flag = true,
    disable_version_flag = true,
    max_term_width = 100,
    override_usage = "atomic-write [OPTIONS] TARGET                 (standard input)\n       \
                      atomic-write [OPTIONS] --from SOURCE TARGET\n       \
                      atomic-write [OPTIONS] TARGET -- COMMAND [ARG]...\n       \
                      atomic-write [OPTIONS] --edit TARGET -- COMMAND [ARG]...",
    after_help = "A pipe cannot tell that its writer failed; COMMAND is run here, and TARGET\n\
                  replaced only if it exits 0. Exit status: 0 replaced; 1 failed, 2 usage,\n\
                  3 refused (TARGET unchanged); 4 replaced but perhaps not durable; 5 damaged\n\
                  or missing. With COMMAND its own, and 125, 2, 123, 121, 122."
)]
// One flag of the command line each.
#[allow(clippy::struct_excessive_bools)]
pub struct Cli {
    /// The file to produce; a symbolic link is followed
    #[arg(value_name = "TARGET", value_hint = clap::ValueHint::FilePath, num_args = 0.., hide_short_help = true)]
    pub(super) operands: Vec<OsString>,

    /// After --: run COMMAND; its output becomes TARGET if it exits 0
    #[arg(value_name = "COMMAND", last = true, num_args = 0.., value_hint = clap::ValueHint::CommandWithArguments, hide_short_help = true)]
    pub(super) command: Vec<OsString>,

    /// Take the content of SOURCE; - is standard input
    #[arg(long, value_name = "SOURCE", help_heading = "Content", allow_hyphen_values = true, value_hint = clap::ValueHint::FilePath)]
    pub(super) from: Option<OsString>,

    /// Give COMMAND the content of TARGET on its standard input
    #[arg(short, long, help_heading = "Content")]
    pub(super) edit: bool,

    /// Keep the old content and put the new behind it
    #[arg(short, long, help_heading = "Content")]
    pub(super) append: bool,

    /// Accept a COMMAND that writes nothing
    #[arg(long, help_heading = "Guards")]
    pub(super) allow_empty: bool,

    /// Refuse an empty input
    #[arg(long, help_heading = "Guards")]
    pub(super) non_empty: bool,

    /// Refuse input with another digest (sha256 or sha512)
    #[arg(long, value_name = "ALGO:HEX", help_heading = "Guards", value_parser = Digest::parse, action = ArgAction::Append)]
    pub(super) checksum: Vec<Digest>,

    /// Refuse unless COMMAND, run by sh, accepts "$1"
    ///
    /// `sh -c COMMAND` must exit 0. The staged content is on its standard input and readable at "$1"; "$2" is TARGET.
    #[arg(long, value_name = "COMMAND", help_heading = "Guards", value_hint = clap::ValueHint::CommandString, action = ArgAction::Append)]
    pub(super) validate: Vec<OsString>,

    /// Refuse if TARGET exists
    #[arg(short, long, help_heading = "Guards")]
    pub(super) no_clobber: bool,

    /// Refuse unless the old content has this digest
    #[arg(long, value_name = "ALGO:HEX", help_heading = "Guards", value_parser = Digest::parse, action = ArgAction::Append)]
    pub(super) if_match: Vec<Digest>,

    /// Leave TARGET alone if it has this content already
    #[arg(short = 'C', long, help_heading = "Guards")]
    pub(super) if_changed: bool,

    /// Keep it (none, numbered, existing, simple)
    #[arg(long, value_name = "CONTROL", help_heading = "Old file", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(super) backup: Option<OsString>,

    /// Like --backup, but takes no argument
    #[arg(short = 'b', help_heading = "Old file")]
    pub(super) backup_default: bool,

    /// Suffix of a simple backup (else ~); asks for one
    #[arg(short = 'S', long, value_name = "SUFFIX", help_heading = "Old file", allow_hyphen_values = true)]
    pub(super) suffix: Option<OsString>,

    /// Take turns with other writers that use --lock
    #[arg(long, help_heading = "Old file")]
    pub(super) lock: bool,

    /// Wait no longer for the turn (0: try once)
    #[arg(long, value_name = "SECONDS", help_heading = "Old file", value_parser = seconds)]
    pub(super) lock_timeout: Option<f64>,

    /// Octal mode of the finished file
    #[arg(short, long, value_name = "MODE", help_heading = "New file", value_parser = octal)]
    pub(super) mode: Option<u32>,

    /// Replace a file that you may not write
    #[arg(short, long, help_heading = "New file")]
    pub(super) force: bool,

    /// Replace a symbolic link itself
    #[arg(short = 'P', long, help_heading = "New file")]
    pub(super) no_dereference: bool,

    /// Create missing parent directories
    #[arg(short = 'D', long, help_heading = "New file")]
    pub(super) parents: bool,

    /// Where a rename is impossible, overwrite; not atomic
    #[arg(long, help_heading = "New file")]
    pub(super) allow_in_place: bool,

    /// What exit 0 has made durable: full, file or none
    #[arg(long, value_name = "WHAT", help_heading = "New file", hide_possible_values = true)]
    pub(super) sync: Option<Sync>,

    /// Print created, replaced or unchanged
    #[arg(long, help_heading = "Messages")]
    pub(super) report: bool,

    /// Say in one line what was done
    #[arg(short, long, help_heading = "Messages")]
    pub(super) verbose: bool,

    /// No warnings
    #[arg(short, long, help_heading = "Messages")]
    pub(super) quiet: bool,

    /// Print help (short with -h)
    #[arg(short, long, action = ArgAction::Help, help_heading = "Messages")]
    pub(super) help: Option<bool>,

    /// Print version
    #[arg(short = 'V', long, action = ArgAction::Version, help_heading = "Messages")]
    pub(super) version: Option<bool>,
}

/// Where the content comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum From {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
    /// A command's output.
    Command {
        /// Program and arguments, at least the first.
        words: Vec<OsString>,
        /// Whether TARGET's content is its standard input.
        edit: bool,
        /// Whether it may write nothing.
        allow_empty: bool,
    },
}

/// The command line, its words checked against each other.
///
/// The flags are the user's independent choices; an enum for each would only rename them.
#[allow(clippy::struct_excessive_bools)]
#[derive(Clone, Debug, PartialEq)]
pub struct Args {
    /// TARGET as typed.
    pub target: PathBuf,
    /// Where the content comes from.
    pub from: From,
    /// How TARGET is replaced.
    pub options: Options,
    /// Refuse an empty input.
    pub non_empty: bool,
    /// The digest that the input must have.
    pub checksum: Option<Digest>,
    /// The shell command that must accept the content.
    pub validate: Option<OsString>,
    /// The digest that the old content must have.
    pub if_match: Option<Digest>,
    /// Take turns with other writers.
    pub lock: bool,
    /// How long to wait for the turn, in seconds; `None` is for ever.
    pub lock_timeout: Option<f64>,
    /// Create missing parents.
    pub parents: bool,
    /// Print one word on standard output.
    pub report: bool,
    /// Say what was done.
    pub verbose: bool,
    /// No warnings.
    pub quiet: bool,
}

impl Args {
    /// Whether the content is a command's output, which changes the exit statuses.
    #[must_use]
    pub fn has_command(&self) -> bool {
        matches!(self.from, From::Command { .. })
    }

    /// Whether the command has TARGET's content on its standard input.
    #[must_use]
    pub fn edits(&self) -> bool {
        matches!(self.from, From::Command { edit: true, .. })
    }
}

fn octal(word: &str) -> Result<u32, String> {
    let digits = !word.is_empty() && word.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    match u32::from_str_radix(word, 8) {
        Ok(mode) if digits && mode <= 0o7777 => Ok(mode),
        _ => Err("an octal number from 0 to 7777 is expected".to_owned()),
    }
}

fn seconds(word: &str) -> Result<f64, String> {
    match word.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() && seconds >= 0.0 => Ok(seconds),
        _ => Err("a number of seconds, 0 or more, is expected".to_owned()),
    }
}
