//! What is asked for, and what came of it.

use std::path::Path;

use super::file_list::FileList;
use crate::digest::Digest;
use crate::error::Error;
use crate::guard::Guards;
use crate::options::Options;
use crate::platform::OwnedFd;
use crate::protocol::request::{Change, LockOptions, Outcome};

/// The files, and how they are replaced.
pub(crate) struct Many<'a> {
    /// The directory as given on the command line.
    pub(crate) directory: &'a Path,
    pub(crate) files: &'a FileList<'a>,
    pub(crate) options: &'a Options,
    pub(crate) guards: Guards,
    /// The digest that the old content must have.
    pub(crate) if_match: Option<&'a Digest>,
    pub(crate) lock: Option<LockOptions>,
    /// Whether to create the directory.
    pub(crate) parents: bool,
}

/// What became of the files.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// In the order of the files. `None` for one that failed or was not reached.
    pub(crate) changes: Vec<Option<Change>>,
    /// How many have failed, and were told of.
    pub(crate) failed: usize,
    /// Whose names are to be synced at the end.
    pub(super) unsynced: Unsynced,
    /// A file in the directory, if that cannot be opened for reading: its file system is synced by way of this one.
    pub(super) file_inside: Option<OwnedFd>,
}

/// Files whose names may not be on disk yet.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Unsynced {
    #[default]
    None,
    /// Only files that were left alone.
    Unchanged,
    /// Files that were created or replaced.
    New,
}

/// Prints what became of the file at this path.
pub(crate) type Tell<'a> = &'a dyn Fn(&Path, std::result::Result<&Outcome, &Error>);
