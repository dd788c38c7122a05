//! The names of many files: operands, or a list in which each is ended by a zero byte.

use std::ffi::{OsStr, OsString};
use std::hash::{DefaultHasher, Hash, Hasher};
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

    /// Fails unless each has a last component, and none has that of another.
    pub(crate) fn check(&self) -> Result<()> {
        for name in self.iter() {
            if name == "-" {
                return Err(refused("-, standard input, has no name").hint("for a file of that name use ./-"));
            }
            if let Err(error) = resolve::split(name) {
                return Err(refused(format!("{}: {}", Shown(name), error.step_and_reason().1)));
            }
        }
        if let Some((one, other)) = self.same_name() {
            return Err(refused(format!("{} and {} have the same name", Shown(one), Shown(other))));
        }
        Ok(())
    }

    /// Two that have one last component: the first of them, and the next.
    fn same_name(&self) -> Option<(&OsStr, &OsStr)> {
        // Half as large as the names themselves, of which there may be very many.
        let mut hashes: Vec<u64> = self.iter().map(|name| hash(last_component(name))).collect();
        if !has_twice(&mut hashes) {
            return None;
        }
        let mut names: Vec<&OsStr> = self.iter().map(last_component).collect();
        names.sort_unstable();
        let (twice, _) = names.iter().zip(names.iter().skip(1)).find(|(one, other)| one == other)?;
        let mut same = self.iter().filter(|name| last_component(name) == *twice);
        Some((same.next()?, same.next()?))
    }
}

fn hash(name: &OsStr) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

fn has_twice(hashes: &mut [u64]) -> bool {
    hashes.sort_unstable();
    hashes.iter().zip(hashes.iter().skip(1)).any(|(one, other)| one == other)
}

/// The name that the file gets.
pub(crate) fn last_component(name: &OsStr) -> &OsStr {
    Path::new(name).file_name().unwrap_or_default()
}

fn refused(reason: impl std::fmt::Display) -> Error {
    Error::new(Cause::Usage(reason.to_string())).context(STEP)
}
