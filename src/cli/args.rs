//! The command line's definition. The doc comments of [`Cli`] are the help and the manual's OPTIONS.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Parser};

use crate::digest::Digest;
use crate::mode::Mode;
use crate::options::{Options, Sync};

/// Replace a file atomically and durably, or leave it unchanged
///
/// Stages the new content in an unnamed file in TARGET's directory, syncs it,
/// renames it over TARGET and syncs the directory. A reader gets either the whole
/// old content or the whole new content. So does the disk after a power cut.
// The lines are broken here, at 70 columns for an option, and not by clap: that would cost a dependency, and its short help
// would put some descriptions on a line of their own.
#[derive(Debug, Default, PartialEq, Parser)]
#[command(
    name = "atomic-write",
    version,
    args_override_self = true,
    disable_help_flag = true,
    disable_version_flag = true,
    verbatim_doc_comment,
    term_width = 0,
    override_usage = "atomic-write [OPTIONS] TARGET                 (standard input)\n       \
                      atomic-write [OPTIONS] --from SOURCE TARGET\n       \
                      atomic-write [OPTIONS] TARGET -- COMMAND [ARG]...\n       \
                      atomic-write [OPTIONS] --edit TARGET -- COMMAND [ARG]...\n       \
                      atomic-write [OPTIONS] -I {} TARGET -- COMMAND -o {}\n       \
                      atomic-write [OPTIONS] --tree --from DIR TARGET\n       \
                      atomic-write [OPTIONS] -t DIR SOURCE...",
    after_help = "A pipe does not report that its writer failed. Let atomic-write run COMMAND:\n\
                  it then replaces TARGET only if COMMAND exits 0.\n\n\
                  Exit status        replaced  failed  usage  refused  not durable  damaged\n  \
                    without COMMAND         0       1      2        3            4        5\n  \
                    with COMMAND            0     125      2      123          121      122\n\
                  If COMMAND fails, its own status. TARGET is unchanged with 1, 2, 3, 123, 125.\n\
                  With -t, 1 and 3 mean that some files failed; the others are replaced."
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
        long_help = "The file to replace or create. A symbolic link is followed.\n\
                     With -t, each operand is a SOURCE instead."
    )]
    pub(super) operands: Vec<OsString>,

    /// The command to run, with its arguments, after --
    #[arg(
        value_name = "COMMAND",
        last = true,
        num_args = 0..,
        value_hint = clap::ValueHint::CommandWithArguments,
        hide_short_help = true,
        long_help = "The command to run, with its arguments, after --.\n\
                     If it exits 0, its output becomes TARGET."
    )]
    pub(super) command: Vec<OsString>,

    /// Read the content from SOURCE (-: standard input)
    ///
    /// A new TARGET then has SOURCE's permissions, less the umask. With
    /// --tree, SOURCE is a directory.
    #[arg(
        long,
        value_name = "SOURCE",
        help_heading = "Content",
        allow_hyphen_values = true,
        value_hint = clap::ValueHint::FilePath,
        verbatim_doc_comment
    )]
    pub(super) from: Option<OsString>,

    /// Replace files in DIR by the SOURCEs
    ///
    /// The operands are then SOURCEs, and a SOURCE whose name is NAME becomes
    /// DIR/NAME. Each is replaced atomically, as with --from, but not all of
    /// them at one instant (for that, --tree). One that fails does not stop
    /// the others, and the exit status is that of the worst. They are synced
    /// in groups. With -D, DIR is created.
    #[arg(
        short = 't',
        long,
        value_name = "DIR",
        help_heading = "Content",
        value_hint = clap::ValueHint::DirPath,
        allow_hyphen_values = true,
        action = ArgAction::Append,
        verbatim_doc_comment
    )]
    pub(super) target_directory: Vec<OsString>,

    /// With -t, take the names of the SOURCEs from FILE
    ///
    /// Each is ended by a zero byte, as find -print0 prints them. FILE - is
    /// standard input. The list may be empty.
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "Content",
        value_hint = clap::ValueHint::FilePath,
        allow_hyphen_values = true,
        action = ArgAction::Append,
        verbatim_doc_comment
    )]
    pub(super) files0_from: Vec<OsString>,

    /// Filter TARGET in place through COMMAND
    ///
    /// COMMAND has TARGET's content on standard input, and its output becomes
    /// TARGET. With -I it finds a copy of TARGET at the path that it is
    /// given. Takes the lock where the system has one (--no-lock: not).
    /// Refuses if another program changes TARGET meanwhile.
    #[arg(short, long, help_heading = "Content", verbatim_doc_comment)]
    pub(super) edit: bool,

    /// With --edit, a missing TARGET is read as empty
    #[arg(long, help_heading = "Content", verbatim_doc_comment)]
    pub(super) create: bool,

    /// Append to TARGET
    ///
    /// The new content is the old content followed by the input. Takes the
    /// lock where the system has one (--no-lock: not), so that no line is
    /// lost.
    #[arg(short, long, help_heading = "Content", verbatim_doc_comment)]
    pub(super) append: bool,

    /// Run SCRIPT as COMMAND, by bash with pipefail
    ///
    /// By bash -o pipefail -c or, without bash, by sh if that has pipefail. A
    /// pipeline in it has failed if any part of it has. With -I, STR in it
    /// becomes "$ATOMIC_WRITE_PATH", quoted so, and that variable has the
    /// path.
    #[arg(
        long,
        value_name = "SCRIPT",
        help_heading = "Content",
        value_hint = clap::ValueHint::CommandString,
        allow_hyphen_values = true,
        verbatim_doc_comment
    )]
    pub(super) shell: Option<OsString>,

    /// Let COMMAND write the content to the path STR
    ///
    /// STR in COMMAND's arguments becomes an absolute path, in a private
    /// directory, that ends in TARGET's own name. The regular file that is
    /// there after exit status 0 becomes TARGET. With --edit it begins as a
    /// copy of TARGET. COMMAND has our standard input and output.
    #[arg(short = 'I', long, value_name = "STR", help_heading = "Content", verbatim_doc_comment)]
    pub(super) placeholder: Option<OsString>,

    /// Replace a directory as a whole (--from, -I)
    ///
    /// TARGET is a directory, or becomes one, and is replaced as a whole: by
    /// a copy of the directory SOURCE, or by what COMMAND makes in the empty
    /// directory that STR becomes (with --edit: in a copy of TARGET).
    #[arg(long, help_heading = "Content", verbatim_doc_comment)]
    pub(super) tree: bool,

    /// Permit empty output of COMMAND
    ///
    /// Without it, empty output is refused: COMMAND may have written
    /// elsewhere, and TARGET would be emptied.
    #[arg(long, help_heading = "Guards", verbatim_doc_comment)]
    pub(super) allow_empty: bool,

    /// Further exit statuses of COMMAND that are success
    ///
    /// Separated by commas. grep and diff exit 1 if they have found nothing,
    /// or a difference.
    #[arg(
        long,
        value_name = "LIST",
        help_heading = "Guards",
        value_delimiter = ',',
        value_parser = clap::value_parser!(u8).range(1..),
        verbatim_doc_comment
    )]
    pub(super) success_status: Vec<u8>,

    /// Refuse empty input
    #[arg(long, help_heading = "Guards", verbatim_doc_comment)]
    pub(super) non_empty: bool,

    /// Refuse input with another sha256 or sha512 digest
    ///
    /// ALGO is sha256 or sha512, and HEX is the first word that sha256sum or
    /// sha512sum prints.
    #[arg(
        long,
        value_name = "ALGO:HEX",
        help_heading = "Guards",
        value_parser = Digest::parse,
        action = ArgAction::Append,
        verbatim_doc_comment
    )]
    pub(super) checksum: Vec<Digest>,

    /// Refuse unless sh -c COMMAND exits 0
    ///
    /// The staged content is on its standard input and readable at "$1", a
    /// path that ends in TARGET's own name. "$2" is TARGET. May be given more
    /// than once.
    #[arg(
        long,
        value_name = "COMMAND",
        help_heading = "Guards",
        value_hint = clap::ValueHint::CommandString,
        action = ArgAction::Append,
        verbatim_doc_comment
    )]
    pub(super) validate: Vec<OsString>,

    /// Refuse if TARGET exists
    ///
    /// Also if another program creates it meanwhile. The status is then 3
    /// (123 with COMMAND).
    #[arg(short, long, help_heading = "Guards", verbatim_doc_comment)]
    pub(super) no_clobber: bool,

    /// Refuse unless the old content has this digest
    ///
    /// A compare-and-swap, exact among those who use --lock. ALGO is sha256
    /// or sha512.
    #[arg(
        long,
        value_name = "ALGO:HEX",
        help_heading = "Guards",
        value_parser = Digest::parse,
        action = ArgAction::Append,
        verbatim_doc_comment
    )]
    pub(super) if_match: Vec<Digest>,

    /// Leave TARGET untouched if the content is the same
    ///
    /// Its inode and its times then stay, and the exit status is 0.
    #[arg(short = 'C', long, help_heading = "Guards", verbatim_doc_comment)]
    pub(super) if_changed: bool,

    /// Back up the old file (numbered, simple ...)
    ///
    /// CONTROL is
    /// none, off:      no backup;
    /// numbered, t:    TARGET.~1~, TARGET.~2~ and so on;
    /// simple, never:  TARGET~ (see --suffix);
    /// existing, nil:  numbered if there are numbered ones, else simple.
    /// The default is $VERSION_CONTROL, or existing if that is not set.
    #[arg(
        long,
        value_name = "CONTROL",
        help_heading = "Backup and lock",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "",
        verbatim_doc_comment
    )]
    pub(super) backup: Option<OsString>,

    /// Back up the old file, as --backup alone
    #[arg(short = 'b', help_heading = "Backup and lock", verbatim_doc_comment)]
    pub(super) backup_default: bool,

    /// Backup suffix (default ~); implies --backup
    ///
    /// Of a simple backup. The default is $SIMPLE_BACKUP_SUFFIX, or ~ if that
    /// is not set.
    #[arg(
        short = 'S',
        long,
        value_name = "SUFFIX",
        help_heading = "Backup and lock",
        allow_hyphen_values = true,
        verbatim_doc_comment
    )]
    pub(super) suffix: Option<OsString>,

    /// Take turns with others that lock TARGET
    ///
    /// Waits until others that use --lock, --edit or --append, or flock(1),
    /// have finished with TARGET. No lock file is made.
    #[arg(long, help_heading = "Backup and lock", verbatim_doc_comment)]
    pub(super) lock: bool,

    /// Take no lock, even with --edit or --append
    #[arg(long, help_heading = "Backup and lock", verbatim_doc_comment)]
    pub(super) no_lock: bool,

    /// Give up waiting after SECONDS; implies --lock
    ///
    /// 0 tries once. If the lock is not free by then, TARGET is left
    /// unchanged and the status is 3 (123 with COMMAND).
    #[arg(
        long,
        value_name = "SECONDS",
        help_heading = "Backup and lock",
        value_parser = seconds,
        verbatim_doc_comment
    )]
    pub(super) lock_timeout: Option<f64>,

    /// Set the mode, as chmod does
    ///
    /// Octal (600), or changes as in chmod (u=rw,go=r, +x) to the mode that
    /// the file would have otherwise: the old file's or, for a new file, what
    /// the umask leaves. Where nobody is named, as in +x, the umask counts.
    #[arg(
        short,
        long,
        value_name = "MODE",
        help_heading = "New file",
        value_parser = Mode::parse,
        allow_hyphen_values = true,
        verbatim_doc_comment
    )]
    pub(super) mode: Option<Mode>,

    /// Set the owner: a user's name or id
    ///
    /// As in chown, a name wins over an id, and +ID is an id always. It is
    /// set before TARGET has the file. Only root can give files away.
    #[arg(long, value_name = "USER", help_heading = "New file", value_hint = clap::ValueHint::Username, verbatim_doc_comment)]
    pub(super) owner: Option<OsString>,

    /// Set the group: its name or id
    ///
    /// As --owner. Without root, it must be a group that you belong to.
    #[arg(long, value_name = "GROUP", help_heading = "New file", verbatim_doc_comment)]
    pub(super) group: Option<OsString>,

    /// Keep SOURCE's times of modification and access
    ///
    /// With --from or -t, as cp -p. Where --if-changed finds the same
    /// content, TARGET's times stay as they are.
    #[arg(long, help_heading = "New file", verbatim_doc_comment)]
    pub(super) preserve_timestamps: bool,

    /// Replace TARGET even if you may not write to it
    ///
    /// As mv -f: what counts is that its directory can be written.
    #[arg(short, long, help_heading = "New file", verbatim_doc_comment)]
    pub(super) force: bool,

    /// Replace a symbolic link, not what it points to
    #[arg(short = 'P', long, help_heading = "New file", verbatim_doc_comment)]
    pub(super) no_dereference: bool,

    /// Create missing parent directories
    ///
    /// Durably. They are removed again if the replacement fails.
    #[arg(short = 'D', long, help_heading = "New file", verbatim_doc_comment)]
    pub(super) parents: bool,

    /// Overwrite where a rename is impossible (not atomic)
    ///
    /// For a mount point or a directory that cannot be written. The content
    /// is received and stored elsewhere first. An interruption while TARGET
    /// is overwritten leaves it damaged.
    #[arg(long, help_heading = "New file", verbatim_doc_comment)]
    pub(super) allow_in_place: bool,

    /// Overwrite TARGET, keeping its inode (not atomic)
    ///
    /// The whole content is received, checked and stored elsewhere first.
    /// Other hard links, bind mounts and watchers of the inode see the new
    /// content. A missing TARGET is created as otherwise.
    #[arg(long, help_heading = "New file", verbatim_doc_comment)]
    pub(super) in_place: bool,

    /// What to sync before exiting (default full):
    /// full: all; file: not the name; none: nothing
    ///
    /// full: the content, the metadata and the name.
    /// file: the content and the metadata; after a power cut the name may
    ///       still refer to the old file.
    /// none: nothing; the replacement is atomic for running programs only.
    /// $ATOMIC_WRITE_SYNC is the default if it is set.
    #[arg(long, value_name = "WHAT", help_heading = "New file", hide_possible_values = true, verbatim_doc_comment)]
    pub(super) sync: Option<Sync>,

    /// Do all but the commit
    ///
    /// Receive the content, check the guards, report and exit as otherwise,
    /// but leave TARGET as it is. The new content is dropped. COMMAND and
    /// validators are run.
    #[arg(long, help_heading = "Messages", verbatim_doc_comment)]
    pub(super) dry_run: bool,

    /// Show progress on a terminal
    ///
    /// Bytes, rate and, where the size is known, percent and time left. If
    /// standard error is no terminal, a line each 10 seconds.
    #[arg(long, help_heading = "Messages", verbatim_doc_comment)]
    pub(super) progress: bool,

    /// Print one word: created, replaced or unchanged
    ///
    /// On standard output, for scripts that reload what has changed. With -t
    /// a line for each file: the word and the file's name, quoted as $'...'
    /// if it has control characters or begins like that.
    #[arg(long, help_heading = "Messages", verbatim_doc_comment)]
    pub(super) report: bool,

    /// Print one line about what was done
    #[arg(short, long, help_heading = "Messages", verbatim_doc_comment)]
    pub(super) verbose: bool,

    /// Print no warnings
    ///
    /// Errors are printed all the same.
    #[arg(short, long, help_heading = "Messages", verbatim_doc_comment)]
    pub(super) quiet: bool,

    /// Print help (-h: a summary)
    #[arg(short, long, action = ArgAction::Help, help_heading = "Messages", verbatim_doc_comment)]
    pub(super) help: Option<bool>,

    /// Print the version
    #[arg(short = 'V', long, action = ArgAction::Version, help_heading = "Messages", verbatim_doc_comment)]
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
    /// Many files, each of which replaces the file of its name in TARGET, a directory.
    Many(Sources),
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

/// Which files replace those of their names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Sources {
    /// These.
    Named(Vec<OsString>),
    /// Those whose names are in a file.
    ListedIn(PathBuf),
    /// Those whose names are on standard input.
    ListedOnStdin,
}

/// The command line, its words checked against each other.
///
/// The flags are the user's independent choices; an enum for each would only rename them.
#[allow(clippy::struct_excessive_bools)]
#[derive(Clone, Debug, PartialEq)]
pub struct Args {
    /// TARGET as typed, or the directory of many.
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

fn seconds(word: &str) -> Result<f64, String> {
    match word.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() && seconds >= 0.0 => Ok(seconds),
        _ => Err("a number of seconds, 0 or more, is expected".to_owned()),
    }
}
