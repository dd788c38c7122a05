//! The command line's definition. The doc comments of [`Cli`] are the help and the manual's OPTIONS.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Parser};

use crate::digest::Digest;
use crate::options::{Options, Sync};

/// Replace a file atomically and durably, or leave it unchanged
///
/// Stages the new content in an unnamed file in TARGET's directory, syncs it, renames it over TARGET and syncs the
/// directory. A reader gets either the whole old content or the whole new content. So does the disk after a power cut.
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
                      atomic-write [OPTIONS] --edit TARGET -- COMMAND [ARG]...\n       \
                      atomic-write [OPTIONS] -I {} TARGET -- COMMAND -o {}\n       \
                      atomic-write [OPTIONS] --tree --from DIR TARGET",
    after_help = "A pipe does not report that its writer failed. Let atomic-write run COMMAND:\n\
                  it then replaces TARGET only if COMMAND exits 0.\n\
                  Exit status: 0 replaced; 1 failed, 2 usage error, 3 refused (TARGET unchanged);\n\
                  4 replaced, but perhaps not durable; 5 damaged or missing.\n\
                  With COMMAND: its own status if it fails; else 125, 2, 123, 121, 122 for 1 to 5."
)]
// One flag of the command line each.
#[allow(clippy::struct_excessive_bools)]
pub struct Cli {
    /// The file to replace or create
    #[arg(
        value_name = "TARGET",
        value_hint = clap::ValueHint::FilePath,
        num_args = 0..,
        hide_short_help = true,
        long_help = "The file to replace or create. A symbolic link is followed."
    )]
    pub(super) operands: Vec<OsString>,

    /// The command to run, with its arguments, after --
    #[arg(
        value_name = "COMMAND",
        last = true,
        num_args = 0..,
        value_hint = clap::ValueHint::CommandWithArguments,
        hide_short_help = true,
        long_help = "The command to run, with its arguments, after --. If it exits 0, its output becomes TARGET."
    )]
    pub(super) command: Vec<OsString>,

    /// Read the new content from SOURCE (-: standard input)
    #[arg(long, value_name = "SOURCE", help_heading = "Content", allow_hyphen_values = true, value_hint = clap::ValueHint::FilePath)]
    pub(super) from: Option<OsString>,

    /// Give COMMAND TARGET's content on standard input
    ///
    /// With -I, a copy of it is at the path that COMMAND is given.
    #[arg(short, long, help_heading = "Content")]
    pub(super) edit: bool,

    /// Run SCRIPT in place of COMMAND, by bash with pipefail
    #[arg(
        long,
        value_name = "SCRIPT",
        help_heading = "Content",
        value_hint = clap::ValueHint::CommandString,
        allow_hyphen_values = true,
        long_help = "Run SCRIPT in place of COMMAND: by bash -o pipefail -c or, without bash, by sh if that has pipefail. A \
                     pipeline in it has failed if any part of it has. With -I, STR in it becomes \"$ATOMIC_WRITE_PATH\", \
                     quoted so, and that variable has the path."
    )]
    pub(super) shell: Option<OsString>,

    /// COMMAND writes the content by name: STR is its path
    #[arg(
        short = 'I',
        long,
        value_name = "STR",
        help_heading = "Content",
        long_help = "COMMAND writes the content by name: STR in its arguments becomes an absolute path, in a private \
                     directory, that ends in TARGET's own name. The regular file that is there after exit status 0 \
                     becomes TARGET. With --edit it begins as a copy of TARGET. COMMAND has our standard input and \
                     output."
    )]
    pub(super) placeholder: Option<OsString>,

    /// Replace a directory as a whole (with --from or -I)
    #[arg(
        long,
        help_heading = "Content",
        long_help = "TARGET is a directory, or becomes one, and is replaced as a whole: by a copy of the directory SOURCE, \
                     or by what COMMAND makes in the empty directory that STR becomes (with --edit: in a copy of TARGET)."
    )]
    pub(super) tree: bool,

    /// With --edit, begin with nothing if TARGET is missing
    #[arg(long, help_heading = "Content")]
    pub(super) create: bool,

    /// Append the input to the old content
    #[arg(short, long, help_heading = "Content")]
    pub(super) append: bool,

    /// Permit empty output of COMMAND
    #[arg(long, help_heading = "Guards")]
    pub(super) allow_empty: bool,

    /// Other exit statuses of COMMAND that are success
    #[arg(
        long,
        value_name = "LIST",
        help_heading = "Guards",
        value_delimiter = ',',
        value_parser = clap::value_parser!(u8).range(1..),
        long_help = "Exit statuses of COMMAND, separated by commas, that count as success beside 0. grep and diff exit 1 if \
                     they have found nothing, or a difference."
    )]
    pub(super) success_status: Vec<u8>,

    /// Refuse empty input
    #[arg(long, help_heading = "Guards")]
    pub(super) non_empty: bool,

    /// Refuse input whose sha256/sha512 digest differs
    #[arg(long, value_name = "ALGO:HEX", help_heading = "Guards", value_parser = Digest::parse, action = ArgAction::Append)]
    pub(super) checksum: Vec<Digest>,

    /// Refuse unless sh -c COMMAND exits 0
    #[arg(
        long,
        value_name = "COMMAND",
        help_heading = "Guards",
        value_hint = clap::ValueHint::CommandString,
        action = ArgAction::Append,
        long_help = "Refuse unless sh -c COMMAND exits 0. The staged content is on its standard input and readable at \
                     \"$1\", a path that ends in TARGET's own name. \"$2\" is TARGET. May be given more than once."
    )]
    pub(super) validate: Vec<OsString>,

    /// Refuse if TARGET exists
    #[arg(short, long, help_heading = "Guards")]
    pub(super) no_clobber: bool,

    /// Refuse unless the old content has this digest
    #[arg(long, value_name = "ALGO:HEX", help_heading = "Guards", value_parser = Digest::parse, action = ArgAction::Append)]
    pub(super) if_match: Vec<Digest>,

    /// Leave TARGET untouched if the content is the same
    #[arg(short = 'C', long, help_heading = "Guards")]
    pub(super) if_changed: bool,

    /// Keep a backup (none, numbered, existing, simple)
    #[arg(long, value_name = "CONTROL", help_heading = "Old file", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(super) backup: Option<OsString>,

    /// Same as --backup, but takes no value
    #[arg(short = 'b', help_heading = "Old file")]
    pub(super) backup_default: bool,

    /// Simple backup suffix (default ~); implies -b
    #[arg(
        short = 'S',
        long,
        value_name = "SUFFIX",
        help_heading = "Old file",
        allow_hyphen_values = true,
        long_help = "The suffix of a simple backup. The default is $SIMPLE_BACKUP_SUFFIX, or ~ if that is not set. \
                     Implies --backup."
    )]
    pub(super) suffix: Option<OsString>,

    /// Lock TARGET against writers that use --lock
    #[arg(long, help_heading = "Old file")]
    pub(super) lock: bool,

    /// Take no lock, even with --edit and --append
    #[arg(long, help_heading = "Old file")]
    pub(super) no_lock: bool,

    /// Limit the wait for the lock (0: try once)
    #[arg(
        long,
        value_name = "SECONDS",
        help_heading = "Old file",
        value_parser = seconds,
        long_help = "Refuse if the lock is not free within SECONDS. 0 tries once. Implies --lock."
    )]
    pub(super) lock_timeout: Option<f64>,

    /// Set the mode, in octal
    #[arg(short, long, value_name = "MODE", help_heading = "New file", value_parser = octal)]
    pub(super) mode: Option<u32>,

    /// Replace TARGET even if you may not write to it
    #[arg(short, long, help_heading = "New file")]
    pub(super) force: bool,

    /// Replace a symbolic link, not the file that it points to
    #[arg(short = 'P', long, help_heading = "New file")]
    pub(super) no_dereference: bool,

    /// Create missing parent directories
    #[arg(short = 'D', long, help_heading = "New file")]
    pub(super) parents: bool,

    /// Overwrite where a rename is impossible (not atomic)
    #[arg(long, help_heading = "New file")]
    pub(super) allow_in_place: bool,

    /// Overwrite TARGET's own inode (not atomic)
    #[arg(
        long,
        help_heading = "New file",
        long_help = "Overwrite TARGET's own inode, once the whole content has been received, checked and synced under a name \
                     elsewhere. Other hard links, bind mounts and watchers of the inode see the new content. Not atomic. A \
                     missing TARGET is created as otherwise."
    )]
    pub(super) in_place: bool,

    /// What is durable after exit 0: full, file or none
    #[arg(
        long,
        value_name = "WHAT",
        help_heading = "New file",
        hide_possible_values = true,
        long_help = "What is durable after exit 0. full, the default: the content, the metadata and the name. file: the \
                     content and the metadata; after a power cut the name may still refer to the old file. none: nothing; \
                     the replacement is atomic for running programs only."
    )]
    pub(super) sync: Option<Sync>,

    /// Do all but the commit
    #[arg(
        long,
        help_heading = "Messages",
        long_help = "Receive the content, check the guards, report and exit as otherwise, but leave TARGET as it is. The new \
                     content is dropped."
    )]
    pub(super) dry_run: bool,

    /// Show how far it is
    #[arg(long, help_heading = "Messages")]
    pub(super) progress: bool,

    /// Print one word: created, replaced or unchanged
    #[arg(long, help_heading = "Messages")]
    pub(super) report: bool,

    /// Print one line about what was done
    #[arg(short, long, help_heading = "Messages")]
    pub(super) verbose: bool,

    /// Print no warnings
    #[arg(short, long, help_heading = "Messages")]
    pub(super) quiet: bool,

    /// Print help (-h: a summary)
    #[arg(short, long, action = ArgAction::Help, help_heading = "Messages")]
    pub(super) help: Option<bool>,

    /// Print the version
    #[arg(short = 'V', long, action = ArgAction::Version, help_heading = "Messages")]
    pub(super) version: Option<bool>,
}

/// Whether TARGET is locked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lock {
    /// No.
    No,
    /// If its file system has locks: the new content depends on the old.
    IfPossible,
    /// Or fail.
    Required,
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
        /// Program and arguments, at least the first. With `shell`, one script.
        words: Vec<OsString>,
        /// Whether a shell runs it.
        shell: bool,
        /// Whether it begins with TARGET's content.
        edit: bool,
        /// Whether a missing TARGET is as an empty one.
        create: bool,
        /// What stands for the path at which it writes the content. `None` if it prints the content.
        placeholder: Option<OsString>,
        /// Whether it may write nothing.
        allow_empty: bool,
        /// The exit statuses beside 0 that count as success.
        success: Vec<u8>,
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
    /// The shell commands that must exit 0, in this order.
    pub validate: Vec<OsString>,
    /// The digest that the old content must have.
    pub if_match: Option<Digest>,
    /// Lock TARGET against other writers.
    pub lock: Lock,
    /// How long to wait for the lock, in seconds; `None` is for ever.
    pub lock_timeout: Option<f64>,
    /// Create missing parents.
    pub parents: bool,
    /// Show how far it is.
    pub progress: bool,
    /// Print one word on standard output.
    pub report: bool,
    /// Print what was done.
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
