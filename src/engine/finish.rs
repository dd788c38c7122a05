//! The last steps together: committed as often as TARGET becomes another file, and by another way where the system refuses
//! one.

use std::os::fd::AsFd;

use rustix::fs::FileType;
use rustix::io::Errno;

use super::apply_metadata::{self, MetadataSource};
use super::commit::{Commit, CommitOptions, Committed, Precondition, Synced};
use super::directory::Directory;
use super::metadata::Metadata;
use super::parents::Parents;
use super::request::{Change, Replacement};
use super::resolve::{self, ResolvedTarget};
use super::sealed::Sealed;
use super::stage::{CreateOptions, Stage};
use super::temporary::Naming;
use super::{fill, in_place, preflight, sync};
use crate::failure::{Failure, Result, words};
use crate::policy::Sync;

/// What the staged file looks like, and what could not be had of it, in words.
pub(super) struct AppliedMetadata {
    pub(super) source: MetadataSource,
    pub(super) not_preserved: Option<String>,
}

impl AppliedMetadata {
    /// What is to be known of a TARGET that is replaced.
    fn warnings(&self, committed: &Committed) -> Vec<String> {
        let mut warnings = Vec::from_iter(self.not_preserved.clone());
        if committed.other_names > 0 {
            let names = if committed.other_names == 1 { "name" } else { "names" };
            warnings
                .push(format!("had {} other {names} (hard links), which keep the old content", committed.other_names));
        }
        warnings
    }
}

/// Commits, and syncs the directory.
pub(super) fn commit(
    job: &Replacement<'_>,
    synced: Synced<'_>,
    applied: AppliedMetadata,
    parents: &mut Parents,
) -> Result<(Change, Vec<String>)> {
    let expected = match (&job.old, &job.lock, job.unchanged) {
        (Some(old), _, true) => Precondition::State(old),
        (_, Some(_), _) => Precondition::Name(job.target.existing.as_ref().map(|old| &old.stat)),
        _ => Precondition::Anything,
    };
    let mode = job.policy.mode.or(job.source_mode).unwrap_or(0o666);
    let how = CommitOptions {
        no_clobber: job.policy.no_clobber,
        no_dereference: job.policy.no_dereference,
        expected,
        backups: job.backups.as_ref(),
        sync: job.policy.sync,
        announce: mode & 0o111 == 0,
    };
    commit_in(job, job.target, synced, applied, &how, parents)
}

/// Commits there, as often as TARGET becomes another file that must be looked like, or its directory is taken away.
fn commit_in<'d>(
    job: &Replacement<'_>,
    target: &'d ResolvedTarget,
    mut synced: Synced<'d>,
    mut applied: AppliedMetadata,
    how: &CommitOptions<'_>,
    parents: &mut Parents,
) -> Result<(Change, Vec<String>)> {
    /// As often as TARGET may become another file meanwhile.
    const MOST: usize = 64;
    for _ in 0..MOST {
        synced = match synced.commit(target, applied.source.like(), how)? {
            Commit::Done(committed) => {
                let warnings = applied.warnings(&committed);
                return match sync_directory(&target.directory, &committed, job.policy.sync) {
                    Ok(()) => {
                        let change = if committed.created { Change::Created } else { Change::Replaced };
                        Ok((change, warnings))
                    }
                    Err(failure) => Err(Failure { warnings, ..failure }),
                };
            }
            Commit::Changed(sealed) => reapply_metadata(job, target, sealed, &mut applied)?,
            Commit::Unlinkable(sealed, errno) => match copy_with_name(job, target, sealed, &mut applied, errno)? {
                Copied::Yes(synced) => synced,
                Copied::InPlace(warnings) => return Ok((Change::Overwritten, warnings)),
                // By another writer's roll-back, as with one that `--parents` made: it is made again.
                Copied::NoDirectory(sealed) if parents.again() => {
                    let target = resolve::resolve(job.path, !job.policy.no_dereference, parents)?;
                    return commit_in(job, &target, Synced::already(sealed), applied, how, parents);
                }
                Copied::NoDirectory(_) => {
                    return Err(Failure::call_at(
                        "link",
                        format_args!("directory {}", target.directory.shown()),
                        errno,
                    ));
                }
            },
            Commit::Refused(sealed, errno) => {
                let warnings = in_place::instead_of_rename(job, target, sealed, errno)?;
                return Ok((Change::Overwritten, warnings));
            }
        };
    }
    match target.directory.lstat(&target.name) {
        // Said to be taken, and nothing is there.
        Ok(None) => Err(Failure::call("link")(Errno::EXIST)),
        _ => Err(Failure::failed("rename", "other writers keep replacing it, or removing and creating it")),
    }
}

/// What a new TARGET is to look like. Where its staging file has a name already, others could open that: if TARGET has
/// appeared meanwhile, nothing wider than it is shown.
pub(super) fn metadata_of_new(
    job: &Replacement<'_>,
    target: &ResolvedTarget,
    naming: &Naming<'_>,
) -> Result<MetadataSource> {
    let mode = job.policy.mode;
    if let (Naming::Named(_), false) = (naming, job.policy.no_clobber) {
        let now = target.directory.open_path(&target.name).map_err(Failure::call("look"))?;
        if let Some(now) = now.filter(|now| now.kind() == FileType::RegularFile) {
            return Ok(MetadataSource::Like { old: Metadata::of(&now, target)?, mode });
        }
    }
    Ok(MetadataSource::New { mode })
}

/// Dresses the staged file like what TARGET has become, and syncs it.
fn reapply_metadata<'d>(
    job: &Replacement<'_>,
    target: &ResolvedTarget,
    mut sealed: Sealed<'d>,
    applied: &mut AppliedMetadata,
) -> Result<Synced<'d>> {
    let now = target.directory.open_path(&target.name).map_err(Failure::call("look"))?;
    if now.is_some() {
        preflight::check(target, now.as_ref(), job.policy)?;
    }
    // Where it has gone again meanwhile, what was held will do; and where it is a link, whose owner is nobody to give the
    // file to.
    let Some(now) = now.filter(|now| now.kind() == FileType::RegularFile) else {
        return Ok(Synced::already(sealed));
    };
    applied.source = MetadataSource::Like { old: Metadata::of(&now, target)?, mode: job.policy.mode };
    let file = sealed.reopened()?;
    apply_metadata::reset_metadata(file)?;
    applied.not_preserved = apply_metadata::apply_metadata(file, &applied.source, None)?;
    Synced::from(sealed, job.policy.sync)
}

/// What became of a staged file that cannot be linked.
enum Copied<'d> {
    /// Another one with the same content, which has a name.
    Yes(Synced<'d>),
    /// TARGET has been overwritten instead, with these warnings.
    InPlace(Vec<String>),
    /// Not a security module or a file system refuses it: there is no directory any more.
    NoDirectory(Sealed<'d>),
}

/// Copies an unnamed file that the system refuses to link into one that has a name from the start.
fn copy_with_name<'d>(
    job: &Replacement<'_>,
    target: &'d ResolvedTarget,
    sealed: Sealed<'d>,
    applied: &mut AppliedMetadata,
    errno: Errno,
) -> Result<Copied<'d>> {
    if let Naming::Named(_) = sealed.naming() {
        return if errno == Errno::NOENT { Ok(Copied::NoDirectory(sealed)) } else { Err(Failure::call("link")(errno)) };
    }
    let create_options = CreateOptions { named: true, private: true, ..job.create_options() };
    let stage = match Stage::open(&target.directory, create_options, job.signals) {
        Ok(stage) => stage,
        Err(failure) if failure.errno == Some(Errno::NOENT) => return Ok(Copied::NoDirectory(sealed)),
        Err(failure)
            if failure.is_refusal() && preflight::may_overwrite(target, target.existing.as_ref(), job.policy)? =>
        {
            return in_place::finish_from(job, &sealed, format!("link: {}", words(errno))).map(Copied::InPlace);
        }
        Err(failure) => {
            let reason = format!("{}; a copy with a name: {}", words(errno), failure.reason);
            let both = Failure { errno: failure.errno, ..Failure::failed("link", reason) };
            return Err(if both.is_refusal() { preflight::offer_overwrite(both, target, job.policy) } else { both });
        }
    };
    let copy = fill::copy_staged(job, &sealed, stage, job.keep_open())?;
    if applied.source.like().is_none() {
        applied.source = metadata_of_new(job, target, copy.naming())?;
    }
    applied.not_preserved = apply_metadata::apply_metadata(copy.file()?, &applied.source, copy.initial_mode)?;
    Synced::from(copy, job.policy.sync).map(Copied::Yes)
}

/// Makes the new name durable.
fn sync_directory(directory: &Directory, committed: &Committed, how: Sync) -> Result<()> {
    if let Some(file) = committed.file.as_ref().filter(|_| how != Sync::None)
        && directory.filesystem().forgets_unnamed_syncs()
    {
        // Not before the rename: a kill or a power cut during this would leave the staging file's name.
        sync::file(file.as_fd()).map_err(|errno| Failure::not_durable("sync", words(errno)))?;
    }
    if how != Sync::Full {
        return Ok(());
    }
    sync::directory(directory, committed.file.as_ref())
        .map_err(|errno| Failure::not_durable("sync directory", words(errno)))
}
