//! The files that a run with many files has put in place. Two names may lead to one file: by links, or where upper and lower
//! case are the same. The second would replace what the first has become, and both would be reported as done.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsStr;

use super::directory::Directory;
use super::resolve::ResolvedTarget;
use crate::platform::Stat;

/// The files by what identifies them, each with the place of its name in the list.
#[derive(Default)]
pub(super) struct Placed(RefCell<BTreeMap<(u64, u64), u32>>);

impl Placed {
    /// The file that the target has become.
    pub(super) fn add(&self, target: &ResolvedTarget, place: usize) {
        if let (Ok(Some(now)), Ok(place)) = (target.directory.lstat(&target.name), u32::try_from(place)) {
            self.0.borrow_mut().insert(now.identity(), place);
        }
    }

    /// If the name leads to a file that was put in place: that file, and the place of its name in the list. Another program
    /// may have removed it since, and the file system given its number to another.
    pub(super) fn find(&self, directory: &Directory, name: &OsStr) -> Option<(Stat, usize)> {
        let placed = self.0.borrow();
        if placed.is_empty() {
            return None;
        }
        let now = directory.lstat(name).ok()??;
        let place = placed.get(&now.identity())?;
        Some((now, usize::try_from(*place).ok()?))
    }
}
