//! Where the bytes are to come from, and how that becomes an input.

use std::ffi::OsString;
use std::path::Path;

use super::command::Command;
use super::reader::Input;
use super::source::Source;
use crate::error::Result;
use crate::platform::{OwnedFd, Signals};

/// Where the bytes are to come from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Origin<'a> {
    Stdin,
    File(&'a Path),
    Command {
        words: &'a [OsString],
        /// Whether it has TARGET's content on its standard input.
        edits: bool,
    },
}

impl<'a> Origin<'a> {
    /// Whether the content is a command's work on TARGET's own.
    pub(crate) fn edits(&self) -> bool {
        matches!(self, Origin::Command { edits: true, .. })
    }

    /// Opens it; a command is not started yet. `stdin` is a command's standard input, where that is not ours; `note` is
    /// called with a sentence when something is worth telling while a command runs.
    pub(crate) fn open(
        self,
        stdin: Option<OwnedFd>,
        note: &'a dyn Fn(&str),
        signals: &'a Signals,
    ) -> Result<Box<dyn Input + 'a>> {
        Ok(match self {
            Origin::Stdin => Box::new(Source::stdin(signals)?),
            Origin::File(path) => Box::new(Source::open(path, signals)?),
            Origin::Command { words, .. } => Box::new(Command::new(words, stdin, note, signals)),
        })
    }
}
