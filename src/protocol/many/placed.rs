//! The files that a run has put in place. Two names may lead to one file: by links, or where upper and lower case are the same.
//! The second would replace what the first has become, and both would be reported as done.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::rc::Rc;

use super::file_list::{Checked, fold, last_component};
use super::request::{Many, Tally};
use crate::error::{Error, Result, failed};
use crate::notices::Notices;
use crate::platform::{self, Stat};
use crate::protocol::backup_name::BackupName;
use crate::protocol::directory::Directory;
use crate::protocol::request::{Change, Outcome, Replacement};
use crate::protocol::resolve::{self, ResolvedTarget};
use crate::quote::Shown;

/// What has been put in place so far.
pub(super) struct Placed<'a> {
    many: &'a Many<'a>,
    directory: &'a Rc<Directory>,
    notices: &'a Notices,
    names: Checked<'a>,
    shared: Shared,
    alike: Alike<'a>,
}

impl<'a> Placed<'a> {
    pub(super) fn new(
        many: &'a Many<'a>,
        directory: &'a Rc<Directory>,
        notices: &'a Notices,
        mut names: Checked<'a>,
    ) -> Self {
        let alike = Alike::new(std::mem::take(&mut names.alike));
        Placed { many, directory, notices, names, shared: Shared::default(), alike }
    }

    /// The file with this index in the list has been dealt with.
    pub(super) fn add(&self, target: &ResolvedTarget, source: &OsStr, index: usize, outcome: &Outcome) {
        let options = self.many.options;
        if options.dry_run {
            return;
        }
        // A file that is overwritten keeps its other hard links, and by one of them an unchanged one can be overwritten.
        let keeps_links = match outcome.change {
            Change::Overwritten => true,
            Change::Unchanged => options.in_place || options.allow_in_place,
            Change::Created | Change::Replaced => false,
        };
        if keeps_links || self.is_behind_link(target, source) {
            self.shared.add(target, index);
        }
        self.alike.add(&target.name);
    }

    /// Fails if this run has put another file in place there, or where the backup would be. What it has left alone there is
    /// only in the way of another content: so `changes` tells whether the file is to be replaced.
    pub(super) fn check(&self, job: &Replacement<'_>, source: &OsStr, changes: bool, tally: &Tally) -> Result<()> {
        let target = job.target;
        let other_name = self.is_behind_link(target, source).then(|| target.name.clone());
        let backup = match job.backup {
            Some(BackupName::Simple(name)) => Some(name),
            // It takes a number that is free.
            Some(BackupName::Numbered(_)) | None => None,
        };
        for (name, what) in [(other_name.as_ref(), "is"), (backup, "its backup would replace")] {
            if name.is_some_and(|name| self.has_placed(&target.directory, name, changes, tally)) {
                return Err(has_become(
                    what,
                    &self.many.directory.join(name.map_or(OsStr::new(""), OsString::as_os_str)),
                ));
            }
        }
        for (name, what) in [(Some(&target.name), "is"), (backup, "its backup would replace")] {
            let Some((now, index)) = name.and_then(|name| self.shared.find(&target.directory, name)) else { continue };
            let Some(other) = self.many.files.iter().nth(index).map(last_component) else { continue };
            let leads_there =
                resolve::resolve_in(self.directory, other, !self.many.options.no_dereference, self.notices)
                    .is_ok_and(|other| other.existing.is_some_and(|other| other.stat.is_same_file(&now)));
            if leads_there && is_in_the_way(index, changes, tally) {
                return Err(has_become(what, &self.many.directory.join(other)));
            }
        }
        match self.alike.find(&target.directory, &target.name).filter(|_| changes) {
            Some(other) => Err(has_become("is", &self.many.directory.join(other))),
            None => Ok(()),
        }
    }

    /// Whether the name in the directory is that of a file which this run has dealt with, and must not be replaced again.
    fn has_placed(&self, directory: &Rc<Directory>, name: &OsStr, changes: bool, tally: &Tally) -> bool {
        let is_same =
            || matches!((directory.stat(), self.directory.stat()), (Ok(one), Ok(other)) if one.is_same_file(&other));
        self.names.may_contain(name)
            && (Rc::ptr_eq(directory, self.directory) || is_same())
            && self.many.files.index_of(name).is_some_and(|index| is_in_the_way(index, changes, tally))
    }

    fn is_behind_link(&self, target: &ResolvedTarget, source: &OsStr) -> bool {
        !Rc::ptr_eq(&target.directory, self.directory) || target.name != last_component(source)
    }
}

/// Whether the file with this index has been replaced, or left alone where another content is to come.
fn is_in_the_way(index: usize, changes: bool, tally: &Tally) -> bool {
    let change = tally.changes.get(index).copied().flatten();
    change.is_some_and(|change| changes || change != Change::Unchanged)
}

fn has_become(what: &str, other: &Path) -> Error {
    failed("replace", format_args!("{what} the file that {} has become", Shown(other.as_os_str())))
}

/// The files that more than one name can lead to, by what identifies them, each with the index of its name in the list.
#[derive(Default)]
struct Shared(RefCell<BTreeMap<(u64, u64), usize>>);

impl Shared {
    /// The file that the target has become.
    fn add(&self, target: &ResolvedTarget, index: usize) {
        if let Ok(Some(now)) = target.directory.lstat(&target.name) {
            self.0.borrow_mut().insert(now.identity(), index);
        }
    }

    /// If the name leads to a file that was put in place: that file, and the index of its name in the list.
    /// Another program may have removed it since, and the file system given its number to another.
    fn find(&self, directory: &Directory, name: &OsStr) -> Option<(Stat, usize)> {
        let placed = self.0.borrow();
        if placed.is_empty() {
            return None;
        }
        let now = directory.lstat(name).ok()??;
        let index = placed.get(&now.identity())?;
        Some((now, *index))
    }
}

/// Names that differ in upper and lower case only. On some FUSE file systems, such as exFAT, each way to write a name has an
/// inode number of its own, which then says nothing.
#[derive(Default)]
struct Alike<'a> {
    names: Vec<&'a OsStr>,
    placed: RefCell<Vec<OsString>>,
    has_case: Cell<bool>,
}

impl<'a> Alike<'a> {
    fn new(mut names: Vec<&'a OsStr>) -> Self {
        names.sort_unstable();
        Alike { names, ..Alike::default() }
    }

    /// The file of this name has been put in place.
    fn add(&self, name: &OsStr) {
        if !self.has_case.get() && self.names.binary_search(&name).is_ok() {
            self.placed.borrow_mut().push(name.to_owned());
        }
    }

    /// Another name that was put in place, and is this one in the directory.
    fn find(&self, directory: &Directory, name: &OsStr) -> Option<OsString> {
        if self.has_case.get() || !directory.readable() || self.names.binary_search(&name).is_err() {
            return None;
        }
        let placed = self.placed.borrow();
        let other = placed.iter().find(|other| fold(other) == fold(name))?;
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
