//! The groups: how they are formed, and the steps of each.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::file_list::{Checked, last_component};
use super::group_sync::GroupSync;
use super::placed::Placed;
use super::request::{Many, Tally, Tell, Unsynced};
use super::staged::{AfterSync, BeforeSync, Planned, Staged};
use crate::error::{Context, Error, ErrorExt, Result, not_durable};
use crate::input::Origin;
use crate::options::Sync;
use crate::platform::{self, AsFd, Interrupted, OwnedFd, is_full, os_message};
use crate::progress::Phase;
use crate::protocol::commit::{self, Named, Prepared};
use crate::protocol::directory::Directory;
use crate::protocol::parents::Parents;
use crate::protocol::request::{Change, Outcome, Plan, Replacement, Target};
use crate::protocol::{
    Content, Run, acquire_lock, check_if_match, leave_alone, overwrite, read_old, release_target, resolve,
    stage_content, sync, with_state,
};
use crate::quote::ShellWord;

/// The most files of a group.
const GROUP: usize = 256;
/// The most bytes of a group, unless its last file, whose size could not be known, has more.
const GROUP_BYTES: u64 = 64 << 20;
/// How many descriptors a file of a group needs at most.
const DESCRIPTORS: usize = 3;
/// The same with an overwrite in place or `--validate`.
const DESCRIPTORS_IN_PLACE: usize = 12;
/// How many descriptors the program has beside these, if its caller has left it few.
const OTHER_DESCRIPTORS: usize = 64;

/// The run, group by group.
pub(super) struct Groups<'a, 'n> {
    many: &'a Many<'a>,
    count: usize,
    /// The most files of a group.
    limit: Cell<usize>,
    directory: &'a Rc<Directory>,
    parents: &'a RefCell<Option<Parents<'n>>>,
    syncs: GroupSync,
    run: Run<'a>,
    tell: Tell<'a>,
    placed: Placed<'a>,
}

impl<'a, 'n> Groups<'a, 'n> {
    pub(super) fn new(
        many: &'a Many<'a>,
        names: Checked<'a>,
        directory: &'a Rc<Directory>,
        parents: &'a RefCell<Option<Parents<'n>>>,
        run: Run<'a>,
        tell: Tell<'a>,
    ) -> Self {
        let limit = Cell::new(group_size(many));
        let placed = Placed::new(many, directory, run.notices, names);
        let syncs = GroupSync::default();
        Groups { many, count: many.files.len(), limit, directory, parents, syncs, run, tell, placed }
    }

    pub(super) fn replace_all(&self, tally: &mut Tally) -> Result<()> {
        let mut sources = self.many.files.iter().peekable();
        let mut held_over: Vec<&OsStr> = Vec::new();
        while !held_over.is_empty() || sources.peek().is_some() {
            self.run.signals.check()?;
            let mut group = std::mem::take(&mut held_over);
            let mut bytes = group.iter().map(|source| size(source)).sum::<u64>();
            while group.len() < self.limit.get()
                && bytes < GROUP_BYTES
                && let Some(source) = sources.peek()
            {
                let more = size(source);
                if !group.is_empty() && bytes.saturating_add(more) > GROUP_BYTES {
                    break;
                }
                bytes = bytes.saturating_add(more);
                group.extend(sources.next());
            }
            let first = tally.changes.len();
            let next = group.get(..self.limit.get()).unwrap_or(&group);
            let dealt_with = self.replace_group(next, tally)?;
            held_over = group.split_off(dealt_with);
            let has_replaced =
                tally.changes.get(first..).is_some_and(|changes| changes.contains(&Some(Change::Replaced)));
            if has_replaced && (!held_over.is_empty() || sources.peek().is_some()) {
                self.keep_old_blocks(tally.file_inside.as_ref())?;
            }
        }
        Ok(())
    }

    /// Before the next group is written: after a power cut the files that this one has replaced may be back, and must not
    /// have the blocks of the next.
    fn keep_old_blocks(&self, inside: Option<&OwnedFd>) -> Result<()> {
        let filesystem = self.directory.filesystem();
        let options = self.many.options;
        if options.dry_run || options.sync == Sync::None || !filesystem.may_reuse_blocks_early(&***self.directory) {
            return Ok(());
        }
        self.run.progress.phase(Phase::Syncing);
        sync_names(self.directory, inside)
    }

    /// Replaces these files. Returns how many have been dealt with: if there is no room for all, the others follow in another
    /// group.
    fn replace_group(&self, sources: &[&OsStr], tally: &mut Tally) -> Result<usize> {
        self.run.progress.phase(Phase::Receiving);
        let paths: Vec<_> = sources.iter().map(|source| self.many.directory.join(last_component(source))).collect();
        let first = tally.changes.len();
        let planned = self.plan_group(sources, &paths)?;
        let (staged, dealt_with) = self.stage_group(&planned, &paths, tally)?;
        tally.changes.resize(first + dealt_with, None);
        let synced = self.sync_group(staged, tally)?;
        self.name_group(synced, tally)?;
        Ok(dealt_with)
    }

    /// Plans the files, as many as can be open at once.
    fn plan_group<'p>(&'p self, sources: &[&'p OsStr], paths: &'p [PathBuf]) -> Result<Vec<Result<Planned<'p>>>> {
        let mut planned = Vec::with_capacity(sources.len());
        for (path, source) in paths.iter().zip(sources) {
            self.run.subject.replace(path.clone());
            match self.plan(path, source) {
                Err(error) if error.is::<Interrupted>() => return Err(error),
                Err(error) if is_out_of_descriptors(&error) && !planned.is_empty() => {
                    // Those that are closed again leave room to stage the others.
                    self.limit.set((planned.len() / DESCRIPTORS).max(1));
                    planned.truncate(self.limit.get());
                    break;
                }
                // An error is told of in its turn, which may be in another group.
                done => planned.push(done.map_err(|error| offer_tree(error, source, path))),
            }
        }
        Ok(planned)
    }

    fn plan<'p>(&'p self, path: &'p Path, source: &'p OsStr) -> Result<Planned<'p>> {
        let Many { options, guards, if_match, lock, .. } = self.many;
        let follow = !options.no_dereference;
        let mut resolved = resolve::resolve_in(self.directory, last_component(source), follow, self.run.notices)?;
        resolved.is_behind_own_link &= !options.is_of_file() && if_match.is_none();
        let mut target = Target::check(resolved, options)?;
        let plan = Plan {
            path,
            options,
            guards: guards.clone(),
            origin: Origin::File(Path::new(source)),
            if_match: *if_match,
            lock: *lock,
            parents: false,
            target: None,
        };
        acquire_lock(&plan, &mut target, self.run)?;
        let old = read_old(&plan, &mut target, self.run.signals)?;
        check_if_match(&plan, &target.resolved, old.as_ref(), self.run.signals)?;
        Ok(Planned { source, plan, target, old: Cell::new(old) })
    }

    /// Stages the files, up to one that finds no room or no descriptor beside the others. Also returns how many have been dealt
    /// with.
    fn stage_group<'p>(
        &'p self,
        planned: &'p [Result<Planned<'p>>],
        paths: &[PathBuf],
        tally: &mut Tally,
    ) -> Result<(Vec<Staged<'p, BeforeSync>>, usize)> {
        let first = tally.changes.len();
        let mut staged = Vec::with_capacity(planned.len());
        let mut bytes = 0;
        for (at, (file, path)) in planned.iter().zip(paths).enumerate() {
            self.run.subject.replace(path.clone());
            let file = match file {
                Ok(file) => file,
                Err(error) => {
                    self.tell_failure(path, error, tally);
                    continue;
                }
            };
            match self.stage(first + at, file) {
                Ok(done) => {
                    // As much as was written: a FIFO has no size, and any file may have grown.
                    bytes += done.bytes_to_sync();
                    staged.push(done);
                    if bytes > GROUP_BYTES {
                        return Ok((staged, at + 1));
                    }
                }
                // Once the group is in place, the old contents make room.
                Err(error) if error.errno().is_some_and(is_full) && !staged.is_empty() => {
                    self.forget_warnings();
                    return Ok((staged, at));
                }
                Err(error) if is_out_of_descriptors(&error) && planned.len() > 1 => {
                    self.limit.set((planned.len() / 2).max(1));
                    self.forget_warnings();
                    return Ok((staged, at));
                }
                Err(error) => self.failed(file, offer_tree(error, file.source, path), tally)?,
            }
        }
        Ok((staged, planned.len()))
    }

    /// A file will be staged again in another group, and its warnings come then.
    fn forget_warnings(&self) {
        self.run.notices.take_warnings();
    }

    /// The whole new content, with its metadata, which has no name yet.
    fn stage<'p>(&'p self, index: usize, file: &'p Planned<'p>) -> Result<Staged<'p, BeforeSync>> {
        let mut job = Replacement::new(&file.plan, &file.target, file.old.take(), self.run);
        let mut input = None;
        let Content { sealed, received, warning } = stage_content(&file.plan, &mut job, &mut input, self.run)?;
        let mut outcome = Outcome { change: job.expected_change(), received, appended_to: job.appended_to() };
        let next = match sealed {
            None => {
                outcome.change = Change::Unchanged;
                BeforeSync::NoSync(AfterSync::Unchanged(warning))
            }
            Some(sealed) if job.options.dry_run => {
                outcome.change = commit::rehearse(&job, sealed, Sync::None)?;
                BeforeSync::NoSync(AfterSync::DryRun)
            }
            Some(sealed) if job.must_overwrite() => BeforeSync::NoSync(AfterSync::Overwrite(sealed)),
            Some(sealed) => {
                let prepared = Prepared::from(&job, sealed)?;
                release_target(&job);
                if self.is_shared(&job.target.directory) {
                    BeforeSync::Sync(prepared)
                } else {
                    // Behind a link, perhaps on another file system.
                    BeforeSync::NoSync(AfterSync::Name(prepared.sync(job.options.sync)?))
                }
            }
        };
        Ok(Staged { file, index, job, outcome, warnings: self.run.notices.take_warnings(), next })
    }

    /// Syncs what is to be synced with the group. Those that could not be synced are told of, and left out.
    fn sync_group<'p>(
        &self,
        staged: Vec<Staged<'p, BeforeSync>>,
        tally: &mut Tally,
    ) -> Result<Vec<Staged<'p, AfterSync>>> {
        let how = self.many.options.sync;
        let mut results = BTreeMap::new();
        if how != Sync::None && !self.many.options.dry_run {
            self.run.progress.phase(Phase::Syncing);
            let news: Vec<_> = staged.iter().filter_map(|done| Some((done.index, done.new_content()?))).collect();
            // The content of a TARGET that is left alone may be unsynced as well.
            let olds = staged.iter().filter(|done| self.is_here(&done.job));
            let olds: Vec<_> = olds.filter_map(|done| Some((done.index, done.unchanged_content()?))).collect();
            let bytes = staged.iter().map(Staged::bytes_to_sync).sum();
            let (new_files, old_files): (Vec<_>, Vec<_>) =
                (news.iter().map(|(_, file)| *file).collect(), olds.iter().map(|(_, file)| file.as_fd()).collect());
            let done = self.syncs.sync(self.directory, &new_files, &old_files, bytes, self.count);
            let indices = news.iter().map(|(index, _)| *index).chain(olds.iter().map(|(index, _)| *index));
            results.extend(indices.zip(done));
        }
        let mut synced = Vec::with_capacity(staged.len());
        for done in staged {
            let file = done.file;
            let done = match results.remove(&done.index) {
                Some(result) => done.synced(result),
                None => done.sync_alone(how),
            };
            match done {
                Ok(done) => synced.push(done),
                Err(error) => self.failed(file, error, tally)?,
            }
        }
        Ok(synced)
    }

    fn name_group(&self, synced: Vec<Staged<'_, AfterSync>>, tally: &mut Tally) -> Result<()> {
        self.run.progress.phase(Phase::Swapping);
        for done in synced {
            let (file, index) = (done.file, done.index);
            self.run.subject.replace(file.plan.path.to_owned());
            let done = self.name(done, tally);
            // The overwrite of a file in place holds signals.
            self.run.signals.release().context("signals")?;
            match done {
                Ok(outcome) => {
                    self.run.progress.file_done();
                    (self.tell)(file.plan.path, Ok(&outcome));
                }
                // It is replaced, but not durable.
                Err(error) if tally.changes.get(index).is_some_and(Option::is_some) => {
                    self.run.progress.file_done();
                    (self.tell)(file.plan.path, Err(&error));
                }
                Err(error) => self.failed(file, error, tally)?,
            }
        }
        Ok(())
    }

    /// The last step for a file: the new content gets its name. After an error TARGET may have it, too, as `tally` tells.
    fn name(&self, done: Staged<'_, AfterSync>, tally: &mut Tally) -> Result<Outcome> {
        let Staged { file, index, job, mut outcome, warnings, next } = done;
        self.run.notices.warn_all(warnings);
        let changes = !matches!(next, AfterSync::Unchanged(_));
        self.placed.check(&job, file.source, changes, tally)?;
        let mut synced = Ok(());
        match next {
            AfterSync::Unchanged(warning) => {
                self.run.notices.warn_all(warning);
                match (job.options.dry_run, self.is_here(&job)) {
                    (true, _) => {}
                    (false, true) => tally.unsynced = tally.unsynced.max(Unsynced::Unchanged),
                    (false, false) => leave_alone(&job, None)?,
                }
            }
            AfterSync::Overwrite(sealed) => {
                commit::check(&job)?;
                overwrite::overwrite(&job, sealed)?;
            }
            AfterSync::Name(finished) => {
                let named = commit::name(&job, finished, &mut self.parents.borrow_mut())?;
                outcome.change = named.change();
                synced = self.sync_name(named, &job, tally);
            }
            AfterSync::DryRun => {}
        }
        if let Some(change) = tally.changes.get_mut(index) {
            *change = Some(outcome.change);
        }
        self.placed.add(job.target, file.source, index, &outcome);
        synced.map(|()| outcome)
    }

    /// Leaves the name to the sync of the directory if it is in that. A lock is not held until then: two runs that wait for each
    /// other would never end.
    fn sync_name(&self, named: Named, job: &Replacement<'_>, tally: &mut Tally) -> Result<()> {
        let how = job.options.sync;
        match named {
            Named::InDirectory(directory, committed)
                if self.is_shared(&directory) && (directory.readable() || !job.is_locked) =>
            {
                tally.unsynced = Unsynced::New;
                let synced =
                    if self.syncs.used_syncfs() { Ok(()) } else { commit::sync_again(&directory, &committed, how) };
                if !directory.readable() {
                    tally.file_inside = committed.file.or(tally.file_inside.take());
                }
                synced
            }
            named => named.sync_directory(how),
        }
    }

    fn is_shared(&self, directory: &Rc<Directory>) -> bool {
        Rc::ptr_eq(directory, self.directory)
    }

    /// Whether TARGET is in the directory, and not perhaps on another file system.
    fn is_here(&self, job: &Replacement<'_>) -> bool {
        let is_mounted = job.target.existing.as_ref().is_some_and(|old| old.stat.is_mount_point());
        self.is_shared(&job.target.directory) && !is_mounted
    }

    /// Tells of a file that failed. A signal ends the run.
    fn failed(&self, file: &Planned<'_>, error: Error, tally: &mut Tally) -> Result<()> {
        if error.is::<Interrupted>() {
            return Err(error);
        }
        self.tell_failure(file.plan.path, &with_state(error, &file.plan, &file.target), tally);
        Ok(())
    }

    fn tell_failure(&self, path: &Path, error: &Error, tally: &mut Tally) {
        tally.failed += 1;
        self.run.progress.file_done();
        (self.tell)(path, Err(error));
    }
}

/// Adds the line that replaces a directory by a directory, where one is a SOURCE.
fn offer_tree(error: Error, source: &OsStr, path: &Path) -> Error {
    let is_directory = |path: &Path| std::fs::metadata(path).ok().map(|found| found.is_dir());
    match (is_directory(Path::new(source)), is_directory(path)) {
        (Some(true), Some(true) | None) => {
            let (source, target) = (ShellWord(source), ShellWord(path.as_os_str()));
            error.hint(format!("a directory is replaced as a whole: atomic-write --tree --from {source} {target}"))
        }
        _ => error,
    }
}

/// The most files of a group. Whoever takes locks takes one at a time: two runs that wait for each other would never end.
fn group_size(many: &Many<'_>) -> usize {
    if many.lock.is_some() {
        return 1;
    }
    let Many { options, guards, .. } = many;
    let may_be_in_place = options.in_place || options.allow_in_place || !guards.validate.is_empty();
    let each = if may_be_in_place { DESCRIPTORS_IN_PLACE } else { DESCRIPTORS };
    (platform::max_open_files().saturating_sub(OTHER_DESCRIPTORS) / each).clamp(1, GROUP)
}

fn is_out_of_descriptors(error: &Error) -> bool {
    error.errno().is_some_and(platform::is_out_of_descriptors)
}

/// The size of a file, in bytes, as far as it can be known.
fn size(source: &OsStr) -> u64 {
    std::fs::metadata(source).map_or(0, |found| found.len())
}

/// Makes the names durable.
pub(super) fn sync_names(directory: &Directory, inside: Option<&OwnedFd>) -> Result<()> {
    sync::directory(directory, inside).map_err(|errno| not_durable("sync directory", os_message(errno)))
}
