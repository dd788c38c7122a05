//! Where the bytes come from, before it is opened.

use std::ffi::OsString;
use std::path::Path;

use super::command::Command;
use super::reader::Input;
use super::source::Source;
use crate::error::Result;
use crate::platform::{OwnedFd, Signals};

/// Where the bytes come from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Origin<'a> {
    Stdin,
    File(&'a Path),
    Command {
        argv: &'a [OsString],
        /// Whether its standard input is TARGET's content.
        edits: bool,
    },
}

impl<'a> Origin<'a> {
    /// Whether a command derives the content from TARGET's own.
    pub(crate) fn edits(&self) -> bool {
        matches!(self, Origin::Command { edits: true, .. })
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
            Origin::Command { argv, .. } => Box::new(Command::new(argv, stdin, note, signals)),
        })
    }
}
