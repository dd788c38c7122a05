//! The names of many files: operands, or a list in which each is ended by a zero byte.

use std::ffi::{OsStr, OsString};
use std::hash::{DefaultHasher, Hasher};
use std::path::Path;

use crate::error::{Cause, Error, ErrorExt, Result};
use crate::input::Origin;
use crate::platform;
use crate::protocol::copy::{BUFFER, read};
use crate::protocol::resolve;
use crate::protocol::run::Run;
use crate::quote::Shown;

const STEP: &str = "names";
/// No path is as long, in bytes.
const LONGEST: usize = 1 << 16;
/// The longest list, in bytes, which is held in memory: some ten million names.
const LONGEST_LIST: usize = 256 << 20;

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
            // An endless list is not read to its end.
            if names.len() + buffer.len() > LONGEST_LIST {
                return Err(refused("the list is longer than 256 MiB"));
            }
            let before = names.last().copied().unwrap_or(0);
            if std::iter::once(&before).chain(&buffer).zip(&buffer).any(|pair| pair == (&0, &0)) {
                return Err(refused("'': the name is empty"));
            }
            names.extend_from_slice(&buffer);
            let last = names.rsplit(|byte| *byte == 0).next().unwrap_or_default();
            if last.len() > LONGEST {
                return Err(if last.contains(&b'\n') { lines() } else { refused("a name is longer than any path") });
            }
        }
        input.finish()?;
        if names.last() == Some(&b'\n') && !names.contains(&0) {
            return Err(lines());
        }
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
    pub(crate) fn check(&self) -> Result<Checked<'_>> {
        for name in self.iter() {
            if name == "-" {
                return Err(refused("-, standard input, has no name").hint("for a file of that name use ./-"));
            }
            if let Err(error) = resolve::split(name) {
                return Err(refused(format!("{}: {}", Shown(name), error.step_and_reason().1)));
            }
        }
        // Half as large as the names themselves, of which there may be very many.
        let mut hashes: Vec<u64> = self.iter().map(|name| hash(last_component(name))).collect();
        hashes.sort_unstable();
        let has_twice = hashes.iter().zip(hashes.iter().skip(1)).any(|(one, other)| one == other);
        Ok(Checked { alike: if has_twice { self.alike()? } else { Vec::new() }, hashes })
    }

    /// The names that differ from another in upper and lower case only.
    fn alike(&self) -> Result<Vec<&OsStr>> {
        let mut names: Vec<&OsStr> = self.iter().collect();
        // Stable, so the first of two is named first.
        names.sort_by(|one, other| {
            let (one, other) = (last_component(one), last_component(other));
            fold(one).cmp(&fold(other)).then_with(|| one.cmp(other))
        });
        let mut alike = Vec::new();
        for (one, other) in names.iter().zip(names.iter().skip(1)) {
            let (first, second) = (last_component(one), last_component(other));
            if first == second {
                return Err(refused(format!("{} and {} have the same name", Shown(one), Shown(other))));
            }
            if fold(first) == fold(second) {
                alike.extend([first, second]);
            }
        }
        Ok(alike)
    }

    /// The index of the file with this last component.
    pub(crate) fn index_of(&self, name: &OsStr) -> Option<usize> {
        self.iter().position(|source| last_component(source) == name)
    }
}

/// What is known of the names.
pub(crate) struct Checked<'f> {
    /// Those that differ from another in upper and lower case only.
    pub(crate) alike: Vec<&'f OsStr>,
    /// Of all last components, without regard to case.
    hashes: Vec<u64>,
}

impl Checked<'_> {
    /// Whether one of the files may have this last component.
    pub(crate) fn may_contain(&self, name: &OsStr) -> bool {
        self.hashes.binary_search(&hash(name)).is_ok()
    }
}

fn hash(name: &OsStr) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(&fold(name));
    hasher.finish()
}

/// The name that the file gets.
pub(crate) fn last_component(name: &OsStr) -> &OsStr {
    Path::new(name).file_name().unwrap_or_default()
}

/// The name in small letters. What Unicode has more than one form for, such as letters with accents, is not made equal.
pub(super) fn fold(name: &OsStr) -> Vec<u8> {
    name.to_str().map_or_else(|| name.as_encoded_bytes().to_ascii_lowercase(), |name| name.to_lowercase().into_bytes())
}

fn lines() -> Error {
    let error = refused("each is ended by a line feed, not by a zero byte");
    error.hint("find -print0 ends names by zero bytes, and tr '\\n' '\\0' makes them of line feeds")
}

fn refused(reason: impl std::fmt::Display) -> Error {
    Error::new(Cause::Usage(reason.to_string())).context(STEP)
}
