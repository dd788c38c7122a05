//! `--target-directory`: many files, each of which replaces the file of its name in one directory.
//!
//! Each is replaced by the protocol of one, but they are staged, synced and named in groups:
//!
//! ```text
//! plan -> stage -> metadata      each file of the group; nothing has a name yet
//! sync                           the group at once
//! link or rename                 each file of the group
//! sync of the directory          once, after the last group; where freed blocks may be used again at once, after each
//! ```
//!
//! A group is bounded in number and bytes, so open files, memory and the space for what is staged are constant. A file that
//! fails does not stop the others. A power cut or a kill leaves the old or the new content under each name.

use std::cell::Ref;
use std::ffi::OsStr;
use std::path::Path;
use std::rc::Rc;

use super::commit::{self, Finished, Named, Prepared};
use super::directory::Directory;
use super::file_list::{Checked, FileList, last_component};
use super::group_sync::GroupSync;
use super::old_content::OldContent;
use super::parents::Parents;
use super::placed::{Alike, Placed};
use super::request::{Change, LockOptions, Outcome, Plan, Replacement, Target};
use super::resolve::ResolvedTarget;
use super::run::Run;
use super::sealed::Sealed;
use super::{Content, acquire_lock, check_if_match, overwrite, preflight, read_old, release_target, resolve};
use super::{leave_alone, stage_content, sync, with_state};
use crate::digest::Digest;
use crate::error::{Context, Error, ErrorExt, Result, failed, not_durable};
use crate::guard::Guards;
use crate::input::Origin;
use crate::options::{Options, Sync};
use crate::platform::{self, AsFd, Interrupted, OwnedFd, is_full, os_message};
use crate::progress::Phase;
use crate::quote::{ShellWord, Shown};

/// The most files of a group.
const GROUP: usize = 256;
/// The most bytes of a group, unless it has one file only.
const GROUP_BYTES: u64 = 64 << 20;
/// How many descriptors a file of a group needs at most, and how many the program has beside them.
const DESCRIPTORS: (usize, usize) = (3, 64);

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
    /// In the order of the files, as far as they were dealt with. `None` for one that failed.
    pub(crate) changes: Vec<Option<Change>>,
    /// Whether a name is to be synced at the end.
    has_unsynced_names: bool,
    /// A file in the directory, if that cannot be opened for reading: its file system is synced by way of this one.
    inside: Option<OwnedFd>,
}

/// Prints what became of the file at this path.
pub(crate) type Tell<'a> = &'a dyn Fn(&Path, std::result::Result<&Outcome, &Error>);

/// Replaces the files. An error is one of the directory, or a signal; `tally` tells how far it came.
pub(crate) fn replace(many: &Many<'_>, run: Run<'_>, tell: Tell<'_>, tally: &mut Tally) -> Result<()> {
    let mut names = many.files.check()?;
    let alike = Alike::new(std::mem::take(&mut names.alike));
    // While files get their names, signals wait.
    run.signals.watch().context("signals")?;
    let mut parents = many.parents.then(|| Parents::new(many.options.sync, run.notices));
    let directory = resolve::open_directory(many.directory, parents.as_mut(), run.notices)
        .map_err(|error| if many.parents { error } else { resolve::offer_parents(error, run.notices) })?;
    preflight::check_directory(&directory, many.options)?;
    let count = many.files.len();
    run.progress.expect_files(count);
    let syncs = GroupSync::default();
    let groups =
        Groups { many, count, directory: &directory, syncs, run, tell, names, placed: Placed::default(), alike };
    let done = groups.replace_all(tally);
    if !many.options.dry_run
        && tally.changes.iter().any(Option::is_some)
        && let Some(parents) = &mut parents
    {
        parents.keep();
    }
    if tally.has_unsynced_names && many.options.sync == Sync::Full {
        run.progress.phase(Phase::Syncing);
        sync_names(&directory, tally.inside.as_ref())?;
    }
    done
}

fn sync_names(directory: &Directory, inside: Option<&OwnedFd>) -> Result<()> {
    sync::directory(directory, inside).map_err(|errno| not_durable("sync directory", os_message(errno)))
}

struct Groups<'a> {
    many: &'a Many<'a>,
    count: usize,
    directory: &'a Rc<Directory>,
    syncs: GroupSync,
    run: Run<'a>,
    tell: Tell<'a>,
    names: Checked<'a>,
    placed: Placed,
    alike: Alike<'a>,
}

/// A file of a group that has been planned.
struct Planned<'p> {
    plan: Plan<'p>,
    target: Target,
}

/// A file of a group whose content is complete.
struct Staged<'p> {
    /// Its place in the group.
    at: usize,
    job: Replacement<'p>,
    outcome: Outcome,
    /// Warnings so far.
    warnings: Vec<String>,
    state: State,
}

enum State {
    /// `--if-changed`, and the content is the same; perhaps with a warning.
    Same(Option<String>),
    /// To be synced with the group.
    Prepared(Prepared),
    /// Synced.
    Finished(Finished),
    /// TARGET is to be overwritten with it.
    Overwrite(Sealed),
    /// `--dry-run`.
    Rehearsed,
}

impl Groups<'_> {
    fn replace_all(&self, tally: &mut Tally) -> Result<()> {
        let limit = self.group_size();
        let mut sources = self.many.files.iter().peekable();
        let mut held_over: Vec<&OsStr> = Vec::new();
        while !held_over.is_empty() || sources.peek().is_some() {
            self.run.signals.check()?;
            let mut group = std::mem::take(&mut held_over);
            let mut bytes = group.iter().map(|source| size(source)).sum::<u64>();
            while group.len() < limit
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
            let dealt_with = self.replace_group(&group, bytes, tally)?;
            held_over = group.split_off(dealt_with);
            let has_replaced =
                tally.changes.get(first..).is_some_and(|changes| changes.contains(&Some(Change::Replaced)));
            if has_replaced && (!held_over.is_empty() || sources.peek().is_some()) {
                self.keep_old_blocks(tally.inside.as_ref())?;
            }
        }
        Ok(())
    }

    /// Before the next group is written: after a power cut the files that this one has replaced may be back, and must not
    /// have the blocks of the next.
    fn keep_old_blocks(&self, inside: Option<&OwnedFd>) -> Result<()> {
        if self.many.options.sync == Sync::None || !self.directory.filesystem().may_reuse_blocks_early() {
            return Ok(());
        }
        self.run.progress.phase(Phase::Syncing);
        sync_names(self.directory, inside)
    }

    /// Whoever takes locks takes one at a time: two runs that wait for each other would never end.
    fn group_size(&self) -> usize {
        if self.many.lock.is_some() {
            return 1;
        }
        let (each, others) = DESCRIPTORS;
        (platform::max_open_files().saturating_sub(others) / each).clamp(1, GROUP)
    }

    /// Replaces these files, which have `bytes` bytes together. Returns how many have been dealt with: if the disk is full, the
    /// others follow in another group.
    fn replace_group(&self, sources: &[&OsStr], bytes: u64, tally: &mut Tally) -> Result<usize> {
        self.run.progress.phase(Phase::Receiving);
        let paths: Vec<_> = sources.iter().map(|source| self.many.directory.join(last_component(source))).collect();
        let first = tally.changes.len();
        let mut planned = Vec::with_capacity(sources.len());
        let mut olds = Vec::with_capacity(sources.len());
        for (path, source) in paths.iter().zip(sources) {
            self.run.subject.replace(path.clone());
            let (file, old) = match self.plan(path, source) {
                Ok((file, old)) => (Some(file), Ok(old)),
                Err(error) if error.is::<Interrupted>() => return Err(error),
                // Told in its turn, which may be in another group.
                Err(error) => (None, Err(offer_tree(error, source, path))),
            };
            planned.push(file);
            olds.push(old);
        }
        let (mut staged, mut dealt_with) = (Vec::with_capacity(sources.len()), sources.len());
        for (at, (((source, path), file), old)) in sources.iter().zip(&paths).zip(&planned).zip(olds).enumerate() {
            self.run.subject.replace(path.clone());
            let (file, old) = match (file, old) {
                (Some(file), Ok(old)) => (file, old),
                (_, Err(error)) => {
                    self.failed(path, error)?;
                    continue;
                }
                (None, Ok(_)) => continue,
            };
            match self.stage(at, file, old) {
                Ok(done) => staged.push(done),
                Err(error) if error.errno().is_some_and(is_full) && !staged.is_empty() => {
                    // Once the group is in place, the old contents make room.
                    dealt_with = at;
                    break;
                }
                Err(error) => self.failed_at(file, offer_tree(error, source, path))?,
            }
        }
        tally.changes.resize(first + dealt_with, None);
        let staged = self.sync(staged, &planned, (bytes, self.count - first))?;
        self.run.progress.phase(Phase::Swapping);
        for done in staged {
            let at = done.at;
            let (Some(Some(file)), Some(source)) = (planned.get(at), sources.get(at)) else { continue };
            self.run.subject.replace(file.plan.path.to_owned());
            match self.name(done, (first + at, source), tally) {
                Ok(outcome) => {
                    if let Some(change) = tally.changes.get_mut(first + at) {
                        *change = Some(outcome.change);
                    }
                    self.run.progress.file_done();
                    (self.tell)(file.plan.path, Ok(&outcome));
                }
                Err(error) => self.failed_at(file, error)?,
            }
        }
        Ok(dealt_with)
    }

    fn plan<'p>(&'p self, path: &'p Path, source: &'p OsStr) -> Result<(Planned<'p>, Option<OldContent>)> {
        let Many { options, guards, if_match, lock, .. } = self.many;
        let follow = !options.no_dereference;
        let mut resolved = resolve::resolve_in(self.directory, last_component(source), follow, self.run.notices)?;
        // What a link has no part in cannot be done to the link itself.
        resolved.is_behind_own_link &= if_match.is_none() && !options.is_of_file();
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
        Ok((Planned { plan, target }, old))
    }

    /// The whole new content, with its metadata, which has no name yet.
    fn stage<'p>(&'p self, at: usize, file: &'p Planned<'p>, old: Option<OldContent>) -> Result<Staged<'p>> {
        let mut job = Replacement::new(&file.plan, &file.target, old, self.run);
        let mut input = None;
        let Content { sealed, received, warning } = stage_content(&file.plan, &mut job, &mut input, self.run)?;
        let mut outcome = Outcome { change: job.expected_change(), received, appended_to: job.appended_to() };
        let state = match sealed {
            None => {
                outcome.change = Change::Unchanged;
                State::Same(warning)
            }
            Some(sealed) if job.options.dry_run => {
                outcome.change = commit::rehearse(&job, sealed)?;
                State::Rehearsed
            }
            Some(sealed) if job.must_overwrite() => State::Overwrite(sealed),
            Some(sealed) => {
                let prepared = Prepared::from(&job, sealed)?;
                release_target(&job);
                if self.is_shared(&job.target.directory) {
                    State::Prepared(prepared)
                } else {
                    // Behind a link, perhaps on another file system.
                    State::Finished(prepared.sync(job.options.sync)?)
                }
            }
        };
        Ok(Staged { at, job, outcome, warnings: self.run.notices.take_warnings(), state })
    }

    /// Syncs what is to be synced with the group. Those that could not be synced are told, and left out.
    fn sync<'p>(
        &self,
        staged: Vec<Staged<'p>>,
        planned: &[Option<Planned<'_>>],
        (bytes, remaining): (u64, usize),
    ) -> Result<Vec<Staged<'p>>> {
        let how = self.many.options.sync;
        let is_wanted = how != Sync::None && !self.many.options.dry_run;
        let mut results = Vec::new();
        if is_wanted {
            self.run.progress.phase(Phase::Syncing);
            // The content of a TARGET that is left alone may be unsynced as well.
            let olds: Vec<_> = staged.iter().map(Staged::same_content).collect();
            let files = staged.iter().zip(&olds).filter_map(|(done, old)| match &done.state {
                State::Prepared(prepared) => prepared.file().ok(),
                _ => old.as_ref().map(|old| old.as_fd()),
            });
            results = self.syncs.sync(self.directory, &files.collect::<Vec<_>>(), bytes, remaining);
        }
        let mut results = results.into_iter();
        let mut ready = Vec::with_capacity(staged.len());
        for done in staged {
            let at = done.at;
            let done = if !is_wanted {
                done.without_sync(how)
            } else if done.is_synced_with_group() {
                done.synced(results.next().unwrap_or(Ok(())))
            } else {
                Ok(done)
            };
            match (done, planned.get(at)) {
                (Ok(done), _) => ready.push(done),
                (Err(error), Some(Some(file))) => self.failed_at(file, error)?,
                (Err(error), _) => return Err(error),
            }
        }
        Ok(ready)
    }

    /// The last step for the file at this place of the list: the new content gets its name.
    fn name(&self, done: Staged<'_>, (place, source): (usize, &OsStr), tally: &mut Tally) -> Result<Outcome> {
        let Staged { job, mut outcome, warnings, state, .. } = done;
        self.run.notices.warn_all(warnings);
        self.check_not_placed(&job, source, tally)?;
        let target = job.target;
        match state {
            State::Same(warning) => {
                self.run.notices.warn_all(warning);
                if !self.is_shared(&job.target.directory) && !job.options.dry_run {
                    // Perhaps on another file system.
                    leave_alone(&job, None)?;
                }
                tally.has_unsynced_names |= self.directory.readable();
            }
            State::Overwrite(sealed) => {
                commit::check(&job)?;
                overwrite::overwrite(&job, sealed)?;
            }
            State::Finished(finished) => {
                let named = commit::name(&job, finished, &mut None)?;
                outcome.change = named.change();
                self.sync_name(named, &job, tally)?;
            }
            State::Prepared(_) => return Err(failed("sync", "the staging file has not been synced")),
            State::Rehearsed => {}
        }
        if is_placed(outcome.change) && !self.many.options.dry_run {
            // An overwritten file keeps its other hard links.
            if self.is_behind_link(target, source) || outcome.change == Change::Overwritten {
                self.placed.add(target, place);
            }
            self.alike.add(&target.name);
        }
        Ok(outcome)
    }

    /// Leaves the name to the sync of the directory if it is in that. A lock is not held until then: two runs that wait for each
    /// other would never end.
    fn sync_name(&self, named: Named, job: &Replacement<'_>, tally: &mut Tally) -> Result<()> {
        let how = job.options.sync;
        match named {
            Named::InDirectory(directory, committed)
                if self.is_shared(&directory) && (directory.readable() || !job.is_locked) =>
            {
                if !self.syncs.was_at_once() {
                    commit::sync_again(&directory, &committed, how)?;
                }
                tally.has_unsynced_names = true;
                if !directory.readable() {
                    tally.inside = committed.file.or(tally.inside.take());
                }
                Ok(())
            }
            named => named.sync_directory(how),
        }
    }

    /// Fails if this run has put another file in place there, or where the backup would be.
    fn check_not_placed(&self, job: &Replacement<'_>, source: &OsStr, tally: &Tally) -> Result<()> {
        let target = job.target;
        let other_name = self.is_behind_link(target, source).then(|| target.name.clone());
        let backup = job.backup.map(|backup| backup.first(&target.name));
        for (name, what) in [(other_name.as_deref(), "is"), (backup.as_deref(), "its backup would replace")] {
            if name.is_some_and(|name| self.has_placed(&target.directory, name, tally)) {
                return Err(has_become(what, &self.many.directory.join(name.unwrap_or_default())));
            }
        }
        for (name, what) in [(Some(target.name.as_os_str()), "is"), (backup.as_deref(), "its backup would replace")] {
            let Some((now, place)) = name.and_then(|name| self.placed.find(&target.directory, name)) else { continue };
            let Some(other) = self.many.files.iter().nth(place).map(last_component) else { continue };
            let leads_there =
                resolve::resolve_in(self.directory, other, !self.many.options.no_dereference, self.run.notices)
                    .is_ok_and(|other| other.existing.is_some_and(|other| other.stat.is_same_file(&now)));
            if leads_there {
                return Err(has_become(what, &self.many.directory.join(other)));
            }
        }
        if let Some(other) = self.alike.find(&target.directory, &target.name) {
            return Err(has_become("is", &self.many.directory.join(other)));
        }
        Ok(())
    }

    /// Whether the name in the directory is that of a file which this run has put in place.
    fn has_placed(&self, directory: &Rc<Directory>, name: &OsStr, tally: &Tally) -> bool {
        let is_same =
            || matches!((directory.stat(), self.directory.stat()), (Ok(one), Ok(other)) if one.is_same_file(&other));
        self.names.may_contain(name)
            && (self.is_shared(directory) || is_same())
            && self.many.files.place_of(name).and_then(|place| *tally.changes.get(place)?).is_some_and(is_placed)
    }

    fn is_behind_link(&self, target: &ResolvedTarget, source: &OsStr) -> bool {
        !self.is_shared(&target.directory) || target.name != last_component(source)
    }

    fn is_shared(&self, directory: &Rc<Directory>) -> bool {
        Rc::ptr_eq(directory, self.directory)
    }

    /// Tells of a file that failed. A signal ends the run.
    fn failed_at(&self, file: &Planned<'_>, error: Error) -> Result<()> {
        self.failed(file.plan.path, with_state(error, &file.plan, &file.target))
    }

    fn failed(&self, path: &Path, error: Error) -> Result<()> {
        if error.is::<Interrupted>() {
            return Err(error);
        }
        self.run.progress.file_done();
        (self.tell)(path, Err(&error));
        Ok(())
    }
}

impl Staged<'_> {
    /// The old content, which stays.
    fn same_content(&self) -> Option<Ref<'_, OwnedFd>> {
        match self.state {
            State::Same(_) => self.job.old.as_ref().and_then(|old| old.file.get().ok()),
            _ => None,
        }
    }

    fn is_synced_with_group(&self) -> bool {
        matches!(self.state, State::Prepared(_)) || self.same_content().is_some()
    }

    /// What has become of it in the sync of the group.
    fn synced(mut self, result: platform::Result<()>) -> Result<Self> {
        let failed = |errno| sync::with_hint(self.job.target.directory.staging_error("sync", errno));
        result.map_err(failed)?;
        self.state = match self.state {
            State::Prepared(prepared) => State::Finished(prepared.synced()?),
            other => other,
        };
        Ok(self)
    }

    fn without_sync(mut self, how: Sync) -> Result<Self> {
        self.state = match self.state {
            State::Prepared(prepared) => State::Finished(prepared.sync(how)?),
            other => other,
        };
        Ok(self)
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

fn is_placed(change: Change) -> bool {
    matches!(change, Change::Created | Change::Replaced | Change::Overwritten)
}

fn has_become(what: &str, other: &Path) -> Error {
    failed("replace", format_args!("{what} the file that {} has become", Shown(other.as_os_str())))
}

/// The size of a file, in bytes, as far as it can be known.
fn size(source: &OsStr) -> u64 {
    std::fs::metadata(source).map_or(0, |found| found.len())
}
