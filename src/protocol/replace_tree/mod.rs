//! `--tree`: a directory is replaced as a whole.
//!
//! The new tree is staged in a private directory beside TARGET, under TARGET's own name. Then:
//!
//! ```text
//! 1. sync everything in it                                a kill or a power cut leaves
//! 2. exchange it with TARGET, or rename it if there       before: the old tree
//!    is no TARGET; rename the old tree to the backup      between: the new tree; after a power cut the old or the new
//! 3. sync TARGET's directory                              after: the new tree
//! 4. remove the old tree                                  the new tree, and what is left of the old one
//! ```
//!
//! Until the private directory is removed, a kill leaves it. An exchange is one step for whoever opens TARGET: TARGET is
//! never absent, and its entries are those of one tree. A process that holds the old directory open keeps the old tree,
//! from which entries disappear in step 4.

mod checks;
mod commit;
mod metadata;
mod stage;

use std::cell::Ref;
use std::ffi::OsStr;
use std::rc::Rc;

use super::commit_once::other_writer;
use super::directory::{Closable, Directory, Entry};
use super::fill::requested_change;
use super::parents::Parents;
use super::private_directory::PrivateDirectory;
use super::request::{Change, Outcome, Plan, Replacement, Target};
use super::run::Run;
use super::{lock, tree};
use crate::digest::Digest;
use crate::error::{Context, Error, ErrorExt, Result, TargetState, failed, refused_by_guard};
use crate::guard::NonEmpty;
use crate::input::{self, Input};
use crate::options::Sync;
use crate::platform::{self, AsFd, Errno, FileType, Interrupted, Stat};
use crate::progress::Phase;

const STEP: &str = "create staging directory";

/// The steps. `slot` keeps the command, to end it after a failure.
pub(super) fn replace<'i>(
    plan: &'i Plan<'_>,
    target: &Target,
    parents: &mut Option<Parents<'_>>,
    slot: &mut Option<Box<dyn Input + 'i>>,
    run: Run<'i>,
) -> Result<Outcome> {
    let job = &Replacement::new(plan, target, None, run);
    let old = OldTree::open(job)?;
    checks::check(job, old.as_ref())?;
    let private = PrivateDirectory::create(&job.target.directory, job.signals, job.notices)?;
    checks::check_renames(job, &private)?;

    let staged = stage::fill(plan, job, old.as_ref(), private, slot, run)?;
    let name = job.target.name.as_os_str();
    check_guards(job, &*staged.directory(name)?, old.as_ref())?;
    if let Some(old) = old.as_ref().filter(|_| job.options.if_changed || plan.origin.edits())
        && may_stay(job, &*staged.directory(name)?, old)?
    {
        return Ok(Outcome { change: Change::Unchanged, received: 0, appended_to: None });
    }
    validate(job, &staged)?;
    if job.options.dry_run {
        commit::check_target(job, old.as_ref(), job.target.open_path().context("stat")?.as_ref())?;
        return Ok(Outcome { change: job.expected_change(), received: 0, appended_to: None });
    }

    job.progress.phase(Phase::Syncing);
    if job.options.sync != Sync::None {
        tree::sync(&*staged.directory(name)?, job.signals)?;
    }
    if job.is_locked {
        lock::lock_staged(staged.directory(name)?.as_fd())?;
    }
    job.hold_signals()?;
    job.progress.phase(Phase::Swapping);
    let change = commit::commit(job, &staged, old.as_ref())?;
    parents.iter_mut().for_each(Parents::keep);
    Ok(Outcome { change, received: 0, appended_to: None })
}

/// The staged tree.
///
/// Fields are dropped in order: some systems do not remove a directory that is open.
struct Staged {
    /// Its top directory.
    directory: Closable<Directory>,
    private: Rc<PrivateDirectory>,
    /// The mode of the top directory that was made for a new TARGET, if it has another one meanwhile.
    mode: Option<u32>,
    /// With `--preserve-timestamps`, the state of the directory SOURCE, whose times the top directory gets.
    times: Option<Stat>,
}

impl Staged {
    /// Its top directory, which has the name `name` in the private directory.
    fn open(private: Rc<PrivateDirectory>, name: &OsStr) -> Result<Self> {
        let directory = Closable::new(private.directory().enter(name, false).context(STEP)?);
        Ok(Staged { directory, private, mode: None, times: None })
    }

    /// The top directory. It is opened again after it was closed for a rename.
    fn directory(&self, name: &OsStr) -> Result<Ref<'_, Directory>> {
        if let Ok(open) = self.directory.get() {
            return Ok(open);
        }
        self.directory.set(self.private.directory().enter(name, false).context(STEP)?);
        self.directory.get().context(STEP)
    }

    fn entry<'a>(&'a self, name: &'a OsStr) -> Entry<'a> {
        self.private.entry(name)
    }
}

/// TARGET, which is a directory.
struct OldTree {
    directory: Directory,
    stat: Stat,
    /// The state of everything in it, where the new tree depends on it.
    fingerprint: Option<Digest>,
}

impl OldTree {
    /// `None` if there is no TARGET, or if it is a symbolic link to be replaced.
    fn open(job: &Replacement<'_>) -> Result<Option<OldTree>> {
        let Some(existing) = job.target.existing.as_ref().filter(|old| old.kind() == FileType::Directory) else {
            if job.plan.origin.edits() && job.target.existing.is_some() {
                return Err(failed("edit", "is a symbolic link, which has no content (--no-dereference)"));
            }
            if job.plan.origin.edits() && !job.plan.origin.creates() {
                return Err(failed("edit", "does not exist"));
            }
            return Ok(None);
        };
        let depends = job.plan.origin.edits();
        let directory = match job.target.directory.enter(&job.target.name, false) {
            // Another writer has removed it since it was looked up.
            Err(Errno::NOENT) if !depends => return Ok(None),
            opened => opened.context("open directory")?,
        };
        let stat = directory.stat().context("stat")?;
        // Where writers do not take turns, the last one wins.
        if depends && !stat.is_same_file(&existing.stat) {
            return Err(changed(job));
        }
        let fingerprint = depends.then(|| tree::fingerprint(&directory, job.signals)).transpose()?;
        Ok(Some(OldTree { directory, stat, fingerprint }))
    }

    /// Whether TARGET is still this directory.
    fn is_target(&self, job: &Replacement<'_>) -> Result<bool> {
        let now = job.target.directory.lstat(&job.target.name).context("stat")?;
        Ok(now.is_some_and(|now| now.is_same_file(&self.stat)))
    }

    /// Whether a read failed because another writer has replaced the tree and removes it meanwhile.
    fn is_lost(&self, job: &Replacement<'_>, error: &Error) -> Result<bool> {
        Ok(!error.is::<Interrupted>() && !self.is_target(job)?)
    }

    /// Fails if anything in the tree has changed since it was opened, where that matters.
    fn ensure_unchanged(&self, job: &Replacement<'_>) -> Result<()> {
        let Some(before) = &self.fingerprint else { return Ok(()) };
        if tree::fingerprint(&self.directory, job.signals)? == *before {
            return Ok(());
        }
        Err(changed(job))
    }
}

/// The error if TARGET is not in the state that was read.
fn changed(job: &Replacement<'_>) -> Error {
    refused_by_guard("replace", "has changed since it was read")
        .context(TargetState::Changed)
        .hint(other_writer(job.target, job.is_locked))
}

fn check_guards(job: &Replacement<'_>, staged: &Directory, old: Option<&OldTree>) -> Result<()> {
    let Some(why) = job.plan.guards.non_empty else { return Ok(()) };
    if !tree::is_empty(staged)? {
        return Ok(());
    }
    // As for a file: what is edited may have been empty.
    if why != NonEmpty::Requested
        && job.plan.origin.edits()
        && let Some(old) = old
        && tree::is_empty(&old.directory)?
    {
        return Ok(());
    }
    Err(match why {
        NonEmpty::Requested => refused_by_guard("non-empty", "the new directory is empty"),
        NonEmpty::Printed { .. } | NonEmpty::Written => {
            refused_by_guard("replace", "the command made nothing in the directory")
                .hint("--allow-empty permits an empty directory")
        }
    })
}

/// `--if-changed`, or `--edit` without a change: whether TARGET can be left alone. If so, it is synced.
fn may_stay(job: &Replacement<'_>, staged: &Directory, old: &OldTree) -> Result<bool> {
    match is_same_and_synced(job, staged, old) {
        Err(error) if old.is_lost(job, &error)? => Ok(false),
        Ok(is_same) => Ok(is_same && old.is_target(job)?),
        Err(error) => Err(error),
    }
}

fn is_same_and_synced(job: &Replacement<'_>, staged: &Directory, old: &OldTree) -> Result<bool> {
    if let Some(existing) = &job.target.existing
        && requested_change(job, existing)?.is_some()
    {
        return Ok(false);
    }
    if !tree::same(staged, &old.directory, job.signals)? {
        return Ok(false);
    }
    if job.options.sync != Sync::None {
        tree::sync(&old.directory, job.signals)?;
    }
    if job.options.sync == Sync::Full {
        super::sync::unchanged_directory(&job.target.directory)?;
    }
    Ok(true)
}

/// `--validate`: the command gets the directory's path, and nothing on its standard input. It must not change the tree.
fn validate(job: &Replacement<'_>, staged: &Staged) -> Result<()> {
    const STEP: &str = "validate";
    if job.plan.guards.validate.is_empty() {
        return Ok(());
    }
    let name = job.target.name.as_os_str();
    let directory = staged.directory(name)?;
    let (top, before) = (directory.stat().context(STEP)?, tree::fingerprint(&directory, job.signals)?);
    for script in &job.plan.guards.validate {
        let (nothing, _) = platform::pipe().context("pipe")?;
        input::validate(script, nothing.as_fd(), &staged.private.path_of(name), job.plan.path, job.signals)?;
        let now = staged.entry(name).lstat().context(STEP)?;
        if !now.is_some_and(|now| now.is_same_file(&top)) || tree::fingerprint(&directory, job.signals)? != before {
            return Err(refused_by_guard(STEP, "the command changed the directory that it was to look at"));
        }
    }
    Ok(())
}
