//! What the user typed, and nothing else: no system call happens here.
//!
//! The doc comments of [`Cli`] are the help and the man page; completions and man page are generated from it.
//! [`Args`] is what remains once the words have been checked against each other.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use clap::error::{ContextValue, ErrorKind};
use clap::{ArgAction, CommandFactory, FromArgMatches, Parser};

use crate::guard::Digest;
use crate::policy::{Backup, Control, Policy, Sync};

/// Produce a file whole and durable, or not at all
///
/// Stages the new content beside TARGET in a file without a name, syncs it, renames it over TARGET and syncs the
/// directory. Readers, and the disk after a power cut, have the whole old content or the whole new content.
#[derive(Debug, Parser)]
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
                  (--allow-in-place only). With COMMAND its own, and 125, 2, 123, 121, 122."
)]
// One flag of the command line each.
#[allow(clippy::struct_excessive_bools)]
pub struct Cli {
    /// The file to produce; a symbolic link is followed
    #[arg(value_name = "TARGET", value_hint = clap::ValueHint::FilePath, num_args = 0.., hide_short_help = true)]
    operands: Vec<OsString>,

    /// After --: run COMMAND; its output becomes TARGET if it exits 0
    #[arg(value_name = "COMMAND", last = true, num_args = 0.., value_hint = clap::ValueHint::CommandWithArguments, hide_short_help = true)]
    command: Vec<OsString>,

    /// Take the content of SOURCE; - is standard input
    #[arg(long, value_name = "SOURCE", help_heading = "Content", allow_hyphen_values = true, value_hint = clap::ValueHint::FilePath)]
    from: Option<OsString>,

    /// Give COMMAND the content of TARGET on its standard input
    #[arg(short, long, help_heading = "Content")]
    edit: bool,

    /// Keep the old content and put the new behind it
    #[arg(short, long, help_heading = "Content")]
    append: bool,

    /// Accept a COMMAND that writes nothing
    #[arg(long, help_heading = "Guards")]
    allow_empty: bool,

    /// Refuse an empty input
    #[arg(long, help_heading = "Guards")]
    non_empty: bool,

    /// Refuse input with another digest (sha256 or sha512)
    #[arg(long, value_name = "ALGO:HEX", help_heading = "Guards", value_parser = Digest::parse)]
    checksum: Option<Digest>,

    /// Refuse unless COMMAND, run by sh, accepts "$1"
    ///
    /// `sh -c COMMAND` must exit 0. The staged content is on its standard input and readable at "$1"; "$2" is TARGET.
    #[arg(long, value_name = "COMMAND", help_heading = "Guards", value_hint = clap::ValueHint::CommandString)]
    validate: Option<OsString>,

    /// Refuse if TARGET exists
    #[arg(short, long, help_heading = "Guards")]
    no_clobber: bool,

    /// Refuse unless the old content has this digest
    #[arg(long, value_name = "ALGO:HEX", help_heading = "Guards", value_parser = Digest::parse)]
    if_match: Option<Digest>,

    /// Leave TARGET alone if it has this content already
    #[arg(short = 'C', long, help_heading = "Guards")]
    if_changed: bool,

    /// Keep it (none, numbered, existing, simple)
    #[arg(long, value_name = "CONTROL", help_heading = "Old file", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    backup: Option<OsString>,

    /// Like --backup, but takes no argument
    #[arg(short = 'b', help_heading = "Old file")]
    backup_default: bool,

    /// Suffix of a simple backup (else ~); asks for one
    #[arg(short = 'S', long, value_name = "SUFFIX", help_heading = "Old file", allow_hyphen_values = true)]
    suffix: Option<OsString>,

    /// Take turns with other writers that use --lock
    #[arg(long, help_heading = "Old file")]
    lock: bool,

    /// Wait no longer for the turn (0: try once)
    #[arg(long, value_name = "SECONDS", help_heading = "Old file", value_parser = seconds)]
    lock_timeout: Option<f64>,

    /// Octal mode of the finished file
    #[arg(short, long, value_name = "MODE", help_heading = "New file", value_parser = octal)]
    mode: Option<u32>,

    /// Replace a file that you may not write
    #[arg(short, long, help_heading = "New file")]
    force: bool,

    /// Replace a symbolic link itself
    #[arg(short = 'P', long, help_heading = "New file")]
    no_dereference: bool,

    /// Create missing parent directories
    #[arg(short = 'D', long, help_heading = "New file")]
    parents: bool,

    /// Where a rename is impossible, overwrite; not atomic
    #[arg(long, help_heading = "New file")]
    allow_in_place: bool,

    /// What exit 0 has made durable: full, file or none
    #[arg(
        long,
        value_name = "WHAT",
        help_heading = "New file",
        default_value = "full",
        hide_default_value = true,
        hide_possible_values = true
    )]
    sync: Sync,

    /// Print created, replaced or unchanged
    #[arg(long, help_heading = "Messages")]
    report: bool,

    /// Say in one line what was done
    #[arg(short, long, help_heading = "Messages")]
    verbose: bool,

    /// No warnings
    #[arg(short, long, help_heading = "Messages")]
    quiet: bool,

    /// Print help (short with -h)
    #[arg(short, long, action = ArgAction::Help, help_heading = "Messages")]
    help: Option<bool>,

    /// Print version
    #[arg(short = 'V', long, action = ArgAction::Version, help_heading = "Messages")]
    version: Option<bool>,
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
    pub policy: Policy,
    /// Refuse an empty input.
    pub non_empty: bool,
    /// The digest that the input must have.
    pub checksum: Option<Digest>,
    /// The shell command that must accept the content.
    pub validate: Option<OsString>,
    /// The digest that the old content must have.
    pub if_match: Option<Digest>,
    /// Take turns.
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

/// Parses and checks the command line; `argv[0]` included.
///
/// # Errors
///
/// Usage errors, and the texts of `--help` and `--version`, as clap gives them: they print and know their status.
pub fn parse(
    argv: impl IntoIterator<Item = OsString>,
    env: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Args, clap::Error> {
    let argv: Vec<OsString> = argv.into_iter().collect();
    if let Some(args) = plain(&argv) {
        return Ok(args);
    }
    let matches = Cli::command().try_get_matches_from(&argv);
    let cli = matches.and_then(|matches| Cli::from_arg_matches(&matches)).map_err(safe)?;
    cli.check(argv.last().is_some_and(|last| last == "--"), env)
}

/// What was typed, as it can be shown: clap would print it as it is.
fn safe(mut error: clap::Error) -> clap::Error {
    let is_unsafe = |text: &str| crate::report::Shown(text.as_ref()).to_string() != text;
    let shown: Vec<_> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(text) if !text.is_empty() && is_unsafe(text) => {
                Some((kind, ContextValue::String(crate::report::Shown(text.as_ref()).to_string())))
            }
            // Advice that repeats it.
            ContextValue::StyledStrs(advice) if advice.iter().any(|text| is_unsafe(&text.to_string())) => {
                Some((kind, ContextValue::None))
            }
            _ => None,
        })
        .collect();
    for (kind, value) in shown {
        error.insert(kind, value);
    }
    error
}

/// The two commonest command lines, `TARGET` and `TARGET -- COMMAND [ARG]...`, without an option: starting is most of
/// what a small write costs, and clap would be a third of that. A test holds it to what clap says.
fn plain(argv: &[OsString]) -> Option<Args> {
    let (target, command) = match argv {
        [_, target] => (target, None),
        [_, target, dashes, words @ ..] if dashes == "--" => (target, Some(words)),
        _ => return None,
    };
    let usable = |word: &OsString| !word.is_empty();
    if target.as_bytes().starts_with(b"-") || !command.is_none_or(|words| words.first().is_some_and(usable)) {
        return None;
    }
    Some(Args {
        target: target.into(),
        from: command.map_or(From::Stdin, |words| From::Command {
            words: words.to_vec(),
            edit: false,
            allow_empty: false,
        }),
        policy: Policy {
            no_dereference: false,
            append: false,
            if_changed: false,
            no_clobber: false,
            force: false,
            allow_in_place: false,
            mode: None,
            backup: None,
            sync: Sync::Full,
        },
        non_empty: false,
        checksum: None,
        validate: None,
        if_match: None,
        lock: false,
        lock_timeout: None,
        parents: false,
        report: false,
        verbose: false,
        quiet: false,
    })
}

impl Cli {
    fn check(self, ends_in_dashes: bool, env: &dyn Fn(&str) -> Option<OsString>) -> Result<Args, clap::Error> {
        let (target, command) = operands(self.operands, self.command, ends_in_dashes)?;
        let has_command = !command.is_empty();
        let backup = backup(self.backup, self.backup_default, self.suffix, env)?;
        let lock = self.lock || self.lock_timeout.is_some();

        // Each pair contradicts itself; the words say why, which clap's own conflict message does not.
        let contradictions: [(bool, &str); 13] = [
            (self.from.is_some() && has_command, "the content comes from --from SOURCE or from COMMAND, not from both"),
            (self.edit && !has_command, "--edit needs a command: atomic-write --edit TARGET -- COMMAND"),
            (self.edit && self.append, "--edit replaces the content that --append would keep; use one of them"),
            (self.edit && self.no_clobber, "--edit needs an existing TARGET, which --no-clobber refuses"),
            (
                self.append && self.no_clobber,
                "--append keeps an existing TARGET's content, and --no-clobber refuses one",
            ),
            (
                self.if_match.is_some() && self.no_clobber,
                "--if-match needs an existing TARGET, which --no-clobber refuses",
            ),
            (
                self.if_changed && self.no_clobber,
                "--if-changed compares with an existing TARGET, which --no-clobber refuses",
            ),
            (
                backup.is_some() && self.no_clobber,
                "--no-clobber replaces nothing, so there is nothing for --backup to keep",
            ),
            (
                self.allow_in_place && self.no_clobber,
                "--allow-in-place overwrites an existing TARGET, which --no-clobber refuses",
            ),
            (
                self.allow_in_place && backup.is_some(),
                "--allow-in-place cannot rename TARGET, so --backup cannot keep it",
            ),
            (self.allow_in_place && self.no_dereference, "--allow-in-place cannot overwrite a symbolic link itself"),
            (self.allow_empty && self.non_empty, "--allow-empty and --non-empty contradict each other"),
            (
                self.allow_empty && !has_command,
                "--allow-empty is for COMMAND; standard input and --from may be empty anyway",
            ),
        ];
        if let Some((_, words)) = contradictions.iter().find(|(holds, _)| *holds) {
            return Err(usage(ErrorKind::ArgumentConflict, words));
        }

        let from = match (self.from, has_command) {
            (_, true) => From::Command { words: command, edit: self.edit, allow_empty: self.allow_empty },
            (Some(source), _) if source != "-" => From::File(source.into()),
            _ => From::Stdin,
        };
        Ok(Args {
            target: target.into(),
            from,
            policy: Policy {
                no_dereference: self.no_dereference,
                append: self.append,
                if_changed: self.if_changed,
                no_clobber: self.no_clobber,
                force: self.force,
                allow_in_place: self.allow_in_place,
                mode: self.mode,
                backup,
                sync: self.sync,
            },
            non_empty: self.non_empty,
            checksum: self.checksum,
            validate: self.validate,
            if_match: self.if_match,
            lock,
            lock_timeout: self.lock_timeout,
            parents: self.parents,
            report: self.report,
            verbose: self.verbose,
            quiet: self.quiet,
        })
    }
}

impl Args {
    /// Whether the content is a command's output, which changes the exit statuses.
    #[must_use]
    pub fn has_command(&self) -> bool {
        matches!(self.from, From::Command { .. })
    }
}

/// TARGET and COMMAND: `--` starts COMMAND, or, where no TARGET was given, TARGET, and a second `--` then COMMAND.
fn operands(
    mut operands: Vec<OsString>,
    mut last: Vec<OsString>,
    ends_in_dashes: bool,
) -> Result<(OsString, Vec<OsString>), clap::Error> {
    if operands.is_empty() && !last.is_empty() {
        operands.push(last.remove(0));
        if !last.is_empty() {
            if last[0] != "--" {
                operands.append(&mut last);
            } else if last.remove(0) == "--" && last.is_empty() {
                return Err(no_command());
            }
        }
    } else if last.is_empty() && ends_in_dashes && !operands.is_empty() {
        return Err(no_command());
    }
    let mut operands = operands.into_iter();
    let Some(target) = operands.next() else {
        return Err(usage(ErrorKind::MissingRequiredArgument, "TARGET is missing: atomic-write [OPTIONS] TARGET"));
    };
    if let Some(second) = operands.next() {
        let second = crate::report::Shown(&second).to_string();
        return Err(usage(
            ErrorKind::TooManyValues,
            &format!(
                "a second operand, {second}: there is one TARGET\nhint: for a file's content use --from SOURCE TARGET, for a command's output TARGET -- COMMAND"
            ),
        ));
    }
    if target == "-" {
        return Err(usage(
            ErrorKind::InvalidValue,
            "TARGET is -, which would be standard output\nhint: for a file of that name use ./-",
        ));
    }
    Ok((target, command_words(last)?))
}

fn no_command() -> clap::Error {
    // `atomic-write f -- $cmd` with an empty $cmd would otherwise read standard input, and could empty f.
    usage(ErrorKind::MissingRequiredArgument, "no COMMAND after --")
}

fn command_words(words: Vec<OsString>) -> Result<Vec<OsString>, clap::Error> {
    match words.first() {
        Some(first) if first.is_empty() => Err(usage(ErrorKind::InvalidValue, "COMMAND is an empty word")),
        _ => Ok(words),
    }
}

/// GNU's rules: an option's value before the environment's, a suffix alone asks for a backup.
fn backup(
    long: Option<OsString>,
    short: bool,
    suffix: Option<OsString>,
    env: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Option<Backup>, clap::Error> {
    if long.is_none() && !short && suffix.is_none() {
        return Ok(None);
    }
    let given = long.filter(|word| !word.is_empty());
    let (word, origin) = match given {
        Some(word) => (word, "--backup"),
        None => (env("VERSION_CONTROL").unwrap_or_default(), "VERSION_CONTROL"),
    };
    let Some(control) = control(&word) else {
        let shown = crate::report::Shown(&word).to_string();
        return Err(usage(
            ErrorKind::InvalidValue,
            &format!("{origin}: {shown} is none of none, off, numbered, t, existing, nil, simple, never"),
        ));
    };
    let usable = |suffix: &OsString| !suffix.is_empty() && !suffix.as_bytes().contains(&b'/');
    if suffix.as_ref().is_some_and(|suffix| suffix.as_bytes().contains(&b'/')) {
        return Err(usage(
            ErrorKind::InvalidValue,
            "--suffix: a backup stays in TARGET's directory, so no / in its name",
        ));
    }
    let suffix = suffix.or_else(|| env("SIMPLE_BACKUP_SUFFIX")).filter(usable).unwrap_or_else(|| OsString::from("~"));
    Ok(control.map(|control| Backup { control, suffix }))
}

/// `Some(None)` is "no backup"; `None` is a word that means nothing. Unambiguous beginnings count, as GNU has it.
#[allow(clippy::option_option)] // "Not a word" and "no backup" are two things.
fn control(word: &OsStr) -> Option<Option<Control>> {
    const WORDS: [(&str, Option<Control>); 8] = [
        ("none", None),
        ("off", None),
        ("simple", Some(Control::Simple)),
        ("never", Some(Control::Simple)),
        ("existing", Some(Control::Existing)),
        ("nil", Some(Control::Existing)),
        ("numbered", Some(Control::Numbered)),
        ("t", Some(Control::Numbered)),
    ];
    if word.is_empty() {
        return Some(Some(Control::Existing));
    }
    let word = word.to_str()?;
    if let Some((_, exact)) = WORDS.iter().find(|(name, _)| *name == word) {
        return Some(*exact);
    }
    let mut meanings = WORDS.iter().filter(|(name, _)| name.starts_with(word)).map(|(_, meaning)| *meaning);
    let first = meanings.next()?;
    meanings.all(|other| other == first).then_some(first)
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

fn usage(kind: ErrorKind, words: &str) -> clap::Error {
    Cli::command().error(kind, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &[&str]) -> Vec<OsString> {
        line.iter().map(Into::into).collect()
    }

    fn by_clap(line: &[&str]) -> Option<Args> {
        let argv = words(line);
        let cli = Cli::from_arg_matches(&Cli::command().try_get_matches_from(&argv).ok()?).ok()?;
        cli.check(argv.last().is_some_and(|last| last == "--"), &|_| None).ok()
    }

    #[test]
    fn the_short_way_says_what_clap_says() {
        for line in [
            &["aw", "f"][..],
            &["aw", ""],
            &["aw", "a b/c"],
            &["aw", "f", "--", "cat"],
            &["aw", "f", "--", "sh", "-c", "x", "--", "-v"],
            &["aw", "f", "--", "--"],
        ] {
            assert_eq!(plain(&words(line)), by_clap(line), "{line:?}");
            assert!(plain(&words(line)).is_some(), "{line:?}");
        }
        for line in [
            &["aw"][..],
            &["aw", "-"],
            &["aw", "--"],
            &["aw", "-v"],
            &["aw", "f", "--"],
            &["aw", "f", "--", ""],
            &["aw", "f", "g"],
            &["aw", "f", "-v"],
            &["aw", "--", "f"],
        ] {
            assert_eq!(plain(&words(line)), None, "{line:?}");
        }
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }
}
