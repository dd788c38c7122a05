//! The names of many files: operands, or a list in which each is ended by a zero byte.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::copy::{BUFFER, read};
use super::resolve;
use super::run::Run;
use crate::error::{Cause, Error, ErrorExt, Result};
use crate::input::Origin;
use crate::platform;
use crate::quote::Shown;

const STEP: &str = "names";

/// The files, in their order.
#[derive(Debug)]
pub(crate) enum FileList<'a> {
    Operands(&'a [OsString]),
    /// Their names, one behind the other, each ended by a zero byte. One allocation, whatever their number.
    Listed(Vec<u8>),
}

impl<'a> FileList<'a> {
    /// Reads a list to its end.
    pub(crate) fn read(list: Origin<'_>, run: Run<'_>) -> Result<FileList<'a>> {
        let mut input = list.open(None, run.note, run.signals)?;
        input.begin()?;
        let (mut names, mut buffer) = (Vec::new(), Vec::with_capacity(BUFFER));
        loop {
            read(input.as_mut(), &mut buffer)?;
            if buffer.is_empty() {
                break;
            }
            names.extend_from_slice(&buffer);
        }
        input.finish()?;
        if names.last().is_some_and(|last| *last != 0) {
            names.push(0);
        }
        Ok(FileList::Listed(names))
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            FileList::Operands(operands) => operands.len(),
            FileList::Listed(names) => names.split_inclusive(|byte| *byte == 0).count(),
        }
    }

    /// The names; a listed one that no file can have here is empty.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &OsStr> {
        let (operands, names) = match self {
            FileList::Operands(operands) => (*operands, &[][..]),
            FileList::Listed(names) => (&[][..], names.as_slice()),
        };
        let listed = names.split_inclusive(|byte| *byte == 0);
        let listed = listed.map(|name| platform::from_bytes(name.strip_suffix(&[0]).unwrap_or(name)));
        operands.iter().map(OsString::as_os_str).chain(listed.map(Option::unwrap_or_default))
    }

    /// Fails unless each has a last component, and none has that of another. Returns those that differ from another in upper
    /// and lower case only.
    pub(crate) fn check(&self) -> Result<Vec<&OsStr>> {
        for name in self.iter() {
            if name == "-" {
                return Err(refused("-, standard input, has no name").hint("for a file of that name use ./-"));
            }
            if let Err(error) = resolve::split(name) {
                return Err(refused(format!("{}: {}", Shown(name), error.step_and_reason().1)));
            }
        }
        self.different()
    }

    fn different(&self) -> Result<Vec<&OsStr>> {
        let mut names: Vec<&OsStr> = self.iter().collect();
        // Stable, so the first of two is named first.
        names.sort_by(|one, other| {
            let (one, other) = (last_component(one), last_component(other));
            lower(one).cmp(lower(other)).then_with(|| one.cmp(other))
        });
        let mut alike = Vec::new();
        for (one, other) in names.iter().zip(names.iter().skip(1)) {
            let (first, second) = (last_component(one), last_component(other));
            if first == second {
                return Err(refused(format!("{} and {} have the same name", Shown(one), Shown(other))));
            }
            if first.eq_ignore_ascii_case(second) {
                alike.extend([first, second]);
            }
        }
        Ok(alike)
    }
}

/// The name that the file gets.
pub(crate) fn last_component(name: &OsStr) -> &OsStr {
    Path::new(name).file_name().unwrap_or_default()
}

fn lower(name: &OsStr) -> impl Iterator<Item = u8> {
    name.as_encoded_bytes().iter().map(u8::to_ascii_lowercase)
}

fn refused(reason: impl std::fmt::Display) -> Error {
    Error::new(Cause::Usage(reason.to_string())).context(STEP)
}
