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
    /// The same with `--dry-run`: the files behind links, each with its index in the list.
    rehearsed: RefCell<BTreeMap<Place, usize>>,
    alike: Alike<'a>,
}

/// A directory and a name in it.
type Place = ((u64, u64), OsString);

fn place(directory: &Directory, name: &OsStr) -> Option<Place> {
    Some((directory.stat().ok()?.identity(), name.to_owned()))
}

impl<'a> Placed<'a> {
    pub(super) fn new(
        many: &'a Many<'a>,
        directory: &'a Rc<Directory>,
        notices: &'a Notices,
        mut names: Checked<'a>,
    ) -> Self {
        let alike = Alike::new(std::mem::take(&mut names.alike));
        Placed { many, directory, notices, names, shared: Shared::default(), rehearsed: RefCell::default(), alike }
    }

    /// The file with this index in the list has been dealt with.
    pub(super) fn add(&self, target: &ResolvedTarget, source: &OsStr, index: usize, outcome: &Outcome) {
        let options = self.many.options;
        let is_behind_link = self.is_behind_link(target, source);
        if options.dry_run {
            if is_behind_link {
                self.rehearsed.borrow_mut().extend(place(&target.directory, &target.name).map(|place| (place, index)));
            }
            return;
        }
        // A file that is overwritten keeps its other hard links, and by one of them an unchanged one can be overwritten.
        let keeps_links = match outcome.change {
            Change::Overwritten => true,
            Change::Unchanged => options.in_place || options.allow_in_place,
            Change::Created | Change::Replaced => false,
        };
        if keeps_links || is_behind_link {
            self.shared.add(target, index);
        }
        self.alike.add(&target.name);
    }

    /// Fails if this run has put another file in place there, or where the backup would be. What it has left alone there is
    /// only in the way of another content: so `changes` tells whether the file is to be replaced.
    pub(super) fn check(&self, job: &Replacement<'_>, source: &OsStr, changes: bool, tally: &Tally) -> Result<()> {
        const IS: &str = "is";
        const BACKUP: &str = "its backup would replace";
        let target = job.target;
        let backup = match job.backup {
            Some(BackupName::Simple(name)) => Some(name),
            // It takes a number that is free.
            Some(BackupName::Numbered(_)) | None => None,
        };
        if changes && let Some(other) = self.pending_in_place_of_backup(job, tally) {
            let other = self.many.directory.join(other);
            return Err(failed(
                "backup",
                format_args!("it would replace {}, another file of this run", Shown(other.as_os_str())),
            ));
        }
        for (name, what) in [(Some(&target.name), IS), (backup, BACKUP)] {
            let Some(name) = name else { continue };
            let has_own_name = what == IS && !self.is_behind_link(target, source);
            if !has_own_name && self.has_placed(&target.directory, name, changes, tally) {
                return Err(has_become(what, &self.many.directory.join(name)));
            }
            if let Some(other) = self.find_shared(&target.directory, name, changes, tally) {
                return Err(has_become(what, &self.many.directory.join(other)));
            }
        }
        match self.alike.find(&target.directory, &target.name).filter(|_| changes) {
            Some(other) => Err(has_become(IS, &self.many.directory.join(other))),
            None => Ok(()),
        }
    }

    /// The file of this run that has the name of the backup, exists and has not been dealt with. It would be lost without a backup
    /// of its own, and what was planned for it would be wrong.
    fn pending_in_place_of_backup(&self, job: &Replacement<'_>, tally: &Tally) -> Option<OsString> {
        job.target.existing.as_ref()?;
        let name = job.backup?.first(&job.target.name);
        let index = self.index_of(&job.target.directory, &name)?;
        let is_pending = tally.changes.get(index).copied().flatten().is_none();
        (is_pending && matches!(job.target.directory.lstat(&name), Ok(Some(_)))).then_some(name)
    }

    /// The last component of the file that the name leads to and that this run has dealt with, by way of a link.
    fn find_shared(&self, directory: &Directory, name: &OsStr, changes: bool, tally: &Tally) -> Option<&OsStr> {
        let rehearsed = self.rehearsed.borrow();
        if !rehearsed.is_empty()
            && let Some(index) = place(directory, name).and_then(|place| rehearsed.get(&place))
        {
            return self.last_component(*index).filter(|_| is_in_the_way(*index, changes, tally));
        }
        let (now, index) = self.shared.find(directory, name)?;
        let other = self.last_component(index)?;
        let follow = !self.many.options.no_dereference;
        let leads_there = resolve::resolve_in(self.directory, other, follow, self.notices)
            .is_ok_and(|other| other.existing.is_some_and(|other| other.stat.is_same_file(&now)));
        (leads_there && is_in_the_way(index, changes, tally)).then_some(other)
    }

    /// Whether the name in the directory is that of a file which this run has dealt with, and must not be replaced again.
    fn has_placed(&self, directory: &Rc<Directory>, name: &OsStr, changes: bool, tally: &Tally) -> bool {
        self.index_of(directory, name).is_some_and(|index| is_in_the_way(index, changes, tally))
    }

    /// The index of the file of this run that has this name in this directory.
    fn index_of(&self, directory: &Rc<Directory>, name: &OsStr) -> Option<usize> {
        let is_same =
            || matches!((directory.stat(), self.directory.stat()), (Ok(one), Ok(other)) if one.is_same_file(&other));
        let is_here = self.names.may_contain(name) && (Rc::ptr_eq(directory, self.directory) || is_same());
        is_here.then(|| self.many.files.index_of(name)).flatten()
    }

    fn last_component(&self, index: usize) -> Option<&OsStr> {
        self.many.files.iter().nth(index).map(last_component)
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
    is_case_sensitive: Cell<bool>,
}

impl<'a> Alike<'a> {
    fn new(mut names: Vec<&'a OsStr>) -> Self {
        names.sort_unstable();
        Alike { names, ..Alike::default() }
    }

    /// The file of this name has been put in place.
    fn add(&self, name: &OsStr) {
        if !self.is_case_sensitive.get() && self.names.binary_search(&name).is_ok() {
            self.placed.borrow_mut().push(name.to_owned());
        }
    }

    /// Another name that was put in place, and is this one in the directory.
    fn find(&self, directory: &Directory, name: &OsStr) -> Option<OsString> {
        if self.is_case_sensitive.get() || !directory.readable() || self.names.binary_search(&name).is_err() {
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
        self.is_case_sensitive.set(!is_other);
        is_other.then(|| other.clone())
    }
}
