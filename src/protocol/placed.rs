//! The files that a run with many files has put in place. Two names may lead to one file: by links, or where upper and lower
//! case are the same. The second would replace what the first has become, and both would be reported as done.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use super::directory::Directory;
use super::resolve::ResolvedTarget;
use crate::platform::{self, Stat};

/// The files by what nearly identifies them, each with the place of its name in the list. There may be very many.
#[derive(Default)]
pub(super) struct Placed(RefCell<BTreeMap<u32, u32>>);

impl Placed {
    /// The file that the target has become.
    pub(super) fn add(&self, target: &ResolvedTarget, place: usize) {
        if let (Ok(Some(now)), Ok(place)) = (target.directory.lstat(&target.name), u32::try_from(place)) {
            self.0.borrow_mut().insert(key(&now), place);
        }
    }

    /// If the name probably leads to a file that was put in place: the file, and the place in the list of the name that tells
    /// whether it does. Another program may have removed it, and the file system given its number to another.
    pub(super) fn find(&self, directory: &Directory, name: &OsStr) -> Option<(Stat, usize)> {
        let placed = self.0.borrow();
        if placed.is_empty() {
            return None;
        }
        let now = directory.lstat(name).ok()??;
        let place = placed.get(&key(&now))?;
        Some((now, usize::try_from(*place).ok()?))
    }
}

/// Part of the file's number.
fn key(stat: &Stat) -> u32 {
    let (_, inode) = stat.identity();
    let [a, b, c, d, ..] = inode.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
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
