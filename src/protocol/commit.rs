//! The commit: attempted again whenever TARGET has become another file, and by a copy with a name, or by an overwrite in
//! place, if the system refuses a link or the rename. Then the directory is synced.

use std::rc::Rc;

use super::apply_metadata::{self, MetadataSource};
use super::commit_once::{Commit, CommitOptions, Committed, Precondition, Synced};
use super::directory::Directory;
use super::metadata::Metadata;
use super::naming::Naming;
use super::parents::Parents;
use super::preflight;
use super::request::{Change, Replacement};
use super::resolve::{self, ResolvedTarget};
use super::sealed::{InitialAccess, Sealed};
use super::staging::{CreateOptions, Stage};
use super::{commit_once, fill, overwrite, sync};
use crate::error::{Context, Error, ErrorExt, Result, at, failed, not_durable, refused_by_guard};
use crate::options::Sync;
use crate::platform::{self, BorrowedFd, Errno, FileType, Stat, os_message};

/// A staged file that is ready to commit: synced, with its metadata.
pub(super) struct Finished {
    synced: Synced,
    applied: Applied,
}

/// The metadata that a staged file has.
struct Applied {
    source: MetadataSource,
    /// A warning about the metadata that could not be preserved.
    not_preserved: Option<String>,
}

impl Applied {
    fn to(sealed: &Sealed, source: MetadataSource, times: Option<&Stat>) -> Result<Applied> {
        let not_preserved = apply_metadata::apply_metadata(sealed.file()?, &source, sealed.initial.as_ref(), times)?;
        Ok(Applied { source, not_preserved })
    }
}

/// A staged file that has its metadata, and is not synced yet.
pub(super) struct Prepared {
    sealed: Sealed,
    applied: Applied,
}

impl Prepared {
    pub(super) fn from(job: &Replacement<'_>, sealed: Sealed) -> Result<Prepared> {
        let source = match job.old_file() {
            Some(old) => MetadataSource::of_old(Metadata::of(old, job.target)?, job.options),
            None => metadata_of_new(job, job.target, sealed.naming())?,
        };
        if job.plan.origin.is_by_name() {
            // The command may have given its file capabilities, an ACL and attributes.
            apply_metadata::drop_privileges(sealed.file()?)?;
            if source.old_stat().is_some() {
                apply_metadata::reset_metadata(sealed.file()?)?;
            }
        }
        let applied = Applied::to(&sealed, source, job.times.as_ref())?;
        Ok(Prepared { sealed, applied })
    }

    /// The descriptor to sync, which has written the file.
    pub(super) fn file(&self) -> Result<BorrowedFd<'_>> {
        self.sealed.file()
    }

    pub(super) fn sync(self, how: Sync) -> Result<Finished> {
        Ok(Finished { synced: Synced::from(self.sealed, how)?, applied: self.applied })
    }

    /// The file has been synced, together with others.
    pub(super) fn synced(mut self) -> Result<Finished> {
        self.sealed.close()?;
        Ok(Finished { synced: Synced::assume_synced(self.sealed), applied: self.applied })
    }
}

impl Finished {
    pub(super) fn from(job: &Replacement<'_>, sealed: Sealed) -> Result<Finished> {
        Prepared::from(job, sealed)?.sync(job.options.sync)
    }
}

/// `--dry-run`: all that could fail before the commit. The staged file is dropped.
pub(super) fn rehearse(job: &Replacement<'_>, sealed: Sealed, sync: Sync) -> Result<Change> {
    if !job.must_overwrite() {
        let Finished { applied, .. } = Prepared::from(job, sealed)?.sync(sync)?;
        applied.not_preserved.into_iter().for_each(|warning| job.notices.warn(warning));
    }
    check(job)?;
    Ok(job.expected_change())
}

/// Fails if TARGET is not in the state that the new content was made for.
pub(super) fn check(job: &Replacement<'_>) -> Result<()> {
    let now = commit_once::check_target(job.target, &commit_options(job))?;
    if now.is_some() && job.options.no_clobber {
        return Err(refused_by_guard("no-clobber", "was created meanwhile"));
    }
    Ok(())
}

/// Commits, and syncs the directory. Signals are held.
pub(super) fn commit(job: &Replacement<'_>, finished: Finished, parents: &mut Option<Parents<'_>>) -> Result<Change> {
    let named = name(job, finished, parents)?;
    named.sync_directory(job.options.sync)?;
    Ok(named.change())
}

/// A TARGET that has its new content, which is on disk under whatever name.
pub(super) enum Named {
    /// In this directory, whose entries are not synced yet.
    InDirectory(Rc<Directory>, Committed),
    /// By an overwrite in place, which syncs by itself.
    Overwritten,
}

impl Named {
    pub(super) fn change(&self) -> Change {
        match self {
            Named::InDirectory(_, Committed { created: true, .. }) => Change::Created,
            Named::InDirectory(..) => Change::Replaced,
            Named::Overwritten => Change::Overwritten,
        }
    }

    /// Makes the new name durable.
    pub(super) fn sync_directory(&self, how: Sync) -> Result<()> {
        match self {
            Named::InDirectory(directory, committed) => sync_directory(directory, committed, how),
            Named::Overwritten => Ok(()),
        }
    }
}

/// All of the commit but the sync of the directory.
pub(super) fn name(job: &Replacement<'_>, mut finished: Finished, parents: &mut Option<Parents<'_>>) -> Result<Named> {
    /// How often TARGET may become another file concurrently.
    const MAX_ATTEMPTS: usize = 64;
    let options = commit_options(job);
    let mut recreated: Option<ResolvedTarget> = None;
    for _ in 0..MAX_ATTEMPTS {
        let target = recreated.as_ref().unwrap_or(job.target);
        let Finished { synced, applied } = finished;
        let next = match synced.commit(target, applied.source.old_stat(), &options)? {
            Commit::Done(committed) => {
                warn(job, applied.not_preserved, &committed);
                return Ok(Named::InDirectory(Rc::clone(&target.directory), committed));
            }
            Commit::Outdated(sealed) => reapply_metadata(job, target, sealed, applied)?,
            Commit::NotNamed(sealed, errno) => copy_with_name(job, target, sealed, applied, errno)?,
            // Some sandboxes let no file be renamed from one directory to another.
            Commit::RenameRefused(sealed, errno) if sealed.private().is_some() => {
                copy_with_name(job, target, sealed, applied, errno)?
            }
            Commit::RenameRefused(sealed, errno) => {
                overwrite::instead_of_rename(job, target, sealed, Some(errno))?;
                Next::Overwritten
            }
            Commit::Appeared(sealed) => {
                overwrite::instead_of_rename(job, target, sealed, None)?;
                Next::Overwritten
            }
        };
        finished = match next {
            Next::Commit(finished) => finished,
            Next::Overwritten => return Ok(Named::Overwritten),
            Next::NoDirectory(finished, errno) => {
                recreated = Some(resolve_again(job, target, parents, errno)?);
                finished
            }
        };
    }
    let target = recreated.as_ref().unwrap_or(job.target);
    match target.directory.lstat(&target.name) {
        // The link failed with EEXIST, but the name does not exist.
        Ok(None) => Err(Error::new(Errno::EXIST).context("link")),
        _ => Err(failed("rename", "other writers keep replacing it, or removing and creating it")),
    }
}

/// Resolves TARGET again and creates its directories again. Another writer's rollback may remove a directory that
/// `--parents` created.
fn resolve_again(
    job: &Replacement<'_>,
    target: &ResolvedTarget,
    parents: &mut Option<Parents<'_>>,
    errno: Errno,
) -> Result<ResolvedTarget> {
    if !parents.as_mut().is_some_and(Parents::may_retry) {
        return Err(at("link", format_args!("directory {}", target.directory.shown()))(errno));
    }
    resolve::resolve(job.plan.path, !job.options.no_dereference, parents.as_mut(), job.notices)
}

fn commit_options<'a>(job: &'a Replacement<'_>) -> CommitOptions<'a> {
    let expected = match (&job.old, job.is_locked, job.plan.depends_on_old()) {
        (Some(old), _, true) => Precondition::SameState(old),
        (None, _, true) => Precondition::Absent,
        (_, true, _) => Precondition::SameFile(job.target.existing.as_ref().map(|old| &old.stat)),
        _ => Precondition::None,
    };
    let bits = job.source_mode.unwrap_or(0o666);
    let mode = job.options.mode.as_ref().map_or(bits, |mode| mode.apply(bits, false));
    CommitOptions {
        no_clobber: job.options.no_clobber,
        no_dereference: job.options.no_dereference,
        in_place: job.options.in_place,
        is_locked: job.is_locked,
        expected,
        backup: job.backup,
        sync: job.options.sync,
        notify_watchers: mode & 0o111 == 0,
    }
}

/// What follows an attempt that was not the last.
enum Next {
    /// Another attempt, with this.
    Commit(Finished),
    /// Another attempt, after the directory has been created again.
    NoDirectory(Finished, Errno),
    /// Nothing: TARGET has been overwritten in place.
    Overwritten,
}

/// Records warnings about the new TARGET.
fn warn(job: &Replacement<'_>, not_preserved: Option<String>, committed: &Committed) {
    if let Some(warning) = not_preserved {
        job.notices.warn(warning);
    }
    if committed.other_names > 0 {
        let (links, have) = if committed.other_names == 1 { ("link", "has") } else { ("links", "have") };
        let count = committed.other_names;
        job.notices.warn(format!("{count} other hard {links} still {have} the old content"));
    }
}

/// The metadata of a new TARGET. Other users can open a staging file that has a name. If TARGET has appeared
/// concurrently, its metadata is used, so that the staging file does not grant more.
fn metadata_of_new(job: &Replacement<'_>, target: &ResolvedTarget, naming: &Naming) -> Result<MetadataSource> {
    if naming.is_named() && !job.options.no_clobber {
        let now = target.open_path().context("stat")?;
        if let Some(now) = now.filter(|now| now.kind() == FileType::RegularFile) {
            return Ok(MetadataSource::of_old(Metadata::of(&now, target)?, job.options));
        }
    }
    Ok(MetadataSource::of_new(job.options))
}

/// TARGET was replaced concurrently: the staged file gets the metadata of the current file and is synced. If that file
/// is gone, or is a symbolic link, whose metadata is never copied, the staged file stays as it is.
fn reapply_metadata(
    job: &Replacement<'_>,
    target: &ResolvedTarget,
    mut sealed: Sealed,
    applied: Applied,
) -> Result<Next> {
    let now = target.open_path().context("stat")?;
    if now.is_some() {
        preflight::check(target, now.as_ref(), job.options)?;
    }
    let Some(now) = now.filter(|now| now.kind() == FileType::RegularFile) else {
        return Ok(Next::Commit(Finished { synced: Synced::assume_synced(sealed), applied }));
    };
    let source = MetadataSource::of_old(Metadata::of(&now, target)?, job.options);
    apply_metadata::reset_metadata(sealed.reopened()?)?;
    let applied = Applied::to(&sealed, source, job.times.as_ref())?;
    Ok(Next::Commit(Finished { synced: Synced::from(sealed, job.options.sync)?, applied }))
}

/// What follows when the system did not give the file a name. A file that is unnamed, or in a private directory, is copied
/// to a new staging file beside TARGET, which has a name from the start.
fn copy_with_name(
    job: &Replacement<'_>,
    target: &ResolvedTarget,
    mut sealed: Sealed,
    applied: Applied,
    errno: Errno,
) -> Result<Next> {
    let no_directory =
        |sealed, applied| Ok(Next::NoDirectory(Finished { synced: Synced::assume_synced(sealed), applied }, errno));
    if sealed.naming().is_named() && (errno == Errno::NOENT || sealed.private().is_none()) {
        return if errno == Errno::NOENT {
            no_directory(sealed, applied)
        } else {
            Err(Error::new(errno).context("link"))
        };
    }
    let create_options = CreateOptions { named: true, private: true, ..job.create_options() };
    let stage = match Stage::open(&target.directory, create_options, job.signals) {
        Ok(stage) => stage,
        Err(error) if error.errno() == Some(Errno::NOENT) => return no_directory(sealed, applied),
        Err(error) if error.is_refused_by_system() && may_overwrite(job, target)? => {
            overwrite::from_copy(job, &sealed, Some(format!("link: {}", os_message(errno))))?;
            return Ok(Next::Overwritten);
        }
        Err(error) => return Err(cannot_copy(job, target, &error, errno)),
    };
    sealed.reopened()?;
    let mut copy = fill::copy_content(job, &sealed, stage)?;
    if job.plan.origin.is_by_name() {
        // A new TARGET has the mode that the command gave it.
        let mode = Stat::of(sealed.file()?).context("copy")?.bits();
        copy = copy.with_initial_access(InitialAccess { mode, acl: None });
    }
    let copy = copy.seal(job.keep_open())?;
    let source = match applied.source {
        MetadataSource::New { .. } => metadata_of_new(job, target, copy.naming())?,
        old @ MetadataSource::Old { .. } => old,
    };
    let applied = Applied::to(&copy, source, job.times.as_ref())?;
    Ok(Next::Commit(Finished { synced: Synced::from(copy, job.options.sync)?, applied }))
}

fn may_overwrite(job: &Replacement<'_>, target: &ResolvedTarget) -> Result<bool> {
    // What was opened at the lookup is closed by now.
    let now = target.open_path().context("stat")?;
    preflight::may_overwrite(target, now.as_ref(), job.options)
}

/// The error if neither a link nor a named copy is possible, with both reasons.
fn cannot_copy(job: &Replacement<'_>, target: &ResolvedTarget, copy: &Error, link: Errno) -> Error {
    let reason = format!("{}; a copy with a name: {}", os_message(link), copy.step_and_reason().1);
    let error = failed("link", reason);
    if !copy.is_refused_by_system() {
        return error;
    }
    // What was opened at the lookup is closed by now.
    let now = target.open_path().ok().flatten();
    preflight::offer_overwrite(error, target, now.as_ref(), job.options)
}

/// Makes the new name durable.
fn sync_directory(directory: &Directory, committed: &Committed, how: Sync) -> Result<()> {
    sync_again(directory, committed, how)?;
    if how != Sync::Full {
        return Ok(());
    }
    sync::directory(directory, committed.file.as_ref())
        .map_err(|errno| not_durable("sync directory", os_message(errno)))
}

/// Syncs the file itself where its sync may have done nothing, as it had no name. Only after the rename: a kill or power cut
/// during this sync would otherwise leave the staging file's name.
pub(super) fn sync_again(directory: &Directory, committed: &Committed, how: Sync) -> Result<()> {
    if let Some(file) = committed.file.as_ref().filter(|_| how != Sync::None)
        && directory.filesystem().may_lose_unnamed_sync()
    {
        platform::sync_file(file).map_err(|errno| not_durable("sync", os_message(errno)))?;
    }
    Ok(())
}
