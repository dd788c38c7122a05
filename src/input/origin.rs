//! Where the bytes come from, before it is opened.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::command::{self, Command};
use super::reader::Input;
use super::source::Source;
use crate::error::{Result, failed};
use crate::platform::{self, OwnedFd, Signals};

/// Where a script finds the path at which it writes the content.
const PATH_VARIABLE: &str = "ATOMIC_WRITE_PATH";

/// Where the bytes come from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Origin<'a> {
    Stdin,
    File(&'a Path),
    Command {
        argv: &'a [OsString],
        /// Whether the only word is a script for a shell.
        shell: bool,
        /// Whether it begins with TARGET's content.
        edits: bool,
        /// Whether a missing TARGET is as an empty one.
        creates: bool,
        /// What stands for the path of its output in its arguments. `None` if it prints its output.
        placeholder: Option<&'a OsStr>,
        /// The exit statuses beside 0 that count as success.
        success: &'a [u8],
    },
}

impl<'a> Origin<'a> {
    /// Whether a command derives the content from TARGET's own.
    pub(crate) fn edits(&self) -> bool {
        matches!(self, Origin::Command { edits: true, .. })
    }

    /// Whether a command that edits begins with nothing if TARGET is missing.
    pub(crate) fn creates(&self) -> bool {
        matches!(self, Origin::Command { creates: true, .. })
    }

    /// Whether a command writes the content by name.
    pub(crate) fn is_by_name(&self) -> bool {
        matches!(self, Origin::Command { placeholder: Some(_), .. })
    }

    /// The command that writes its output at `path`. It is not started yet.
    pub(crate) fn open_by_name(
        self,
        path: &Path,
        note: &'a dyn Fn(&str),
        signals: &'a Signals,
    ) -> Result<Box<dyn Input + 'a>> {
        let Origin::Command { argv: [first, others @ ..], shell, placeholder: Some(placeholder), success, .. } = self
        else {
            return Err(failed("run", "there is no command"));
        };
        let argv = if shell {
            // In the text of a script no quotes would be right at every place, so the path is not in it.
            platform::set_for_children(PATH_VARIABLE, path.into());
            let path = OsString::from(format!("\"${PATH_VARIABLE}\""));
            command::of_script(platform::replace_all(first, placeholder, &path), signals)?
        } else {
            let others = others.iter().map(|word| platform::replace_all(word, placeholder, path.as_os_str()));
            std::iter::once(first.clone()).chain(others).collect()
        };
        Ok(Box::new(Command::by_name(argv, first, success, note, signals)))
    }

    /// Opens it; a command is not started yet. `stdin` is a command's standard input, `None` to inherit ours. `note`
    /// prints a sentence while a command runs.
    pub(crate) fn open(
        self,
        stdin: Option<OwnedFd>,
        note: &'a dyn Fn(&str),
        signals: &'a Signals,
    ) -> Result<Box<dyn Input + 'a>> {
        Ok(match self {
            Origin::Stdin => Box::new(Source::stdin(signals)?),
            Origin::File(path) => Box::new(Source::open(path, signals)?),
            Origin::Command { argv: [script], shell: true, success, .. } => {
                Box::new(Command::by_shell(script, success, stdin, note, signals)?)
            }
            Origin::Command { argv, success, .. } => Box::new(Command::new(argv, success, stdin, note, signals)),
        })
    }
}
