//! The files that a run with many files has put in place. Two names may lead to one file: by links, or where upper and lower
//! case are the same. The second would replace what the first has become, and both would be reported as done.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use super::directory::Directory;
use super::resolve::ResolvedTarget;
use crate::platform::{self, Stat};

/// The files that more than one name can lead to, by what identifies them, each with the place of its name in the list.
#[derive(Default)]
pub(super) struct Placed(RefCell<BTreeMap<(u64, u64), usize>>);

impl Placed {
    /// The file that the target has become.
    pub(super) fn add(&self, target: &ResolvedTarget, place: usize) {
        if let Ok(Some(now)) = target.directory.lstat(&target.name) {
            self.0.borrow_mut().insert(now.identity(), place);
        }
    }

    /// If the name leads to a file that was put in place: that file, and the place of its name in the list.
    /// Another program may have removed it since, and the file system given its number to another.
    pub(super) fn find(&self, directory: &Directory, name: &OsStr) -> Option<(Stat, usize)> {
        let placed = self.0.borrow();
        if placed.is_empty() {
            return None;
        }
        let now = directory.lstat(name).ok()??;
        let place = placed.get(&now.identity())?;
        Some((now, *place))
    }
}

/// Names that differ in upper and lower case only. On some FUSE file systems, such as exFAT, each way to write a name has an
/// inode number of its own, which then says nothing.
#[derive(Default)]
pub(super) struct Alike<'a> {
    names: Vec<&'a OsStr>,
    placed: RefCell<Vec<OsString>>,
    has_case: Cell<bool>,
}

impl<'a> Alike<'a> {
    pub(super) fn new(mut names: Vec<&'a OsStr>) -> Self {
        names.sort_unstable();
        Alike { names, ..Alike::default() }
    }

    /// The file of this name has been put in place.
    pub(super) fn add(&self, name: &OsStr) {
        if !self.has_case.get() && self.names.binary_search(&name).is_ok() {
            self.placed.borrow_mut().push(name.to_owned());
        }
    }

    /// Another name that was put in place, and is this one in the directory.
    pub(super) fn find(&self, directory: &Directory, name: &OsStr) -> Option<OsString> {
        if self.has_case.get() || !directory.readable() || self.names.binary_search(&name).is_err() {
            return None;
        }
        let placed = self.placed.borrow();
        let other = placed.iter().find(|other| other.eq_ignore_ascii_case(name))?;
        let (mut has_name, mut has_other) = (false, false);
        let listed = platform::for_each_name(directory, |entry| {
            has_name |= entry == name;
            has_other |= entry == other;
        });
        let is_other = listed.is_ok() && has_name != has_other && matches!(directory.lstat(name), Ok(Some(_)));
        self.has_case.set(!is_other);
        is_other.then(|| other.clone())
    }
}
