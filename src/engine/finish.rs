//! The last steps together: committed as often as TARGET becomes another file, and by another way where the system refuses
//! one.

use rustix::fs::FileType;
use rustix::io::Errno;

use super::commit::{Commit, CommitOptions, Committed, Precondition, Synced};
use super::directory::Directory;
use super::dress::{self, Dress};
use super::metadata::Metadata;
use super::names::{self, Place};
use super::parents::Parents;
use super::request::{Change, Replacement};
use super::sealed::Sealed;
use super::stage::{CreateOptions, Stage};
use super::temporary::Naming;
use super::{fill, in_place, preflight, sync};
use crate::failure::{Failure, Result, words};
use crate::policy::Sync;

/// What the staged file looks like, and what could not be had of it, in words.
pub(super) struct AppliedMetadata {
    pub(super) dress: Dress,
    pub(super) different: Option<String>,
}

impl AppliedMetadata {
    /// What is to be known of a TARGET that is replaced.
    fn warnings(&self, committed: &Committed) -> Vec<String> {
        let mut warnings = Vec::from_iter(self.different.clone());
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
    dressed: AppliedMetadata,
    parents: &mut Parents,
) -> Result<(Change, Vec<String>)> {
    let expected = match (&job.old, &job.turn, job.unchanged) {
        (Some(old), _, true) => Precondition::State(old),
        (_, Some(_), _) => Precondition::Name(job.place.at.as_ref().map(|old| &old.stat)),
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
    commit_in(job, job.place, synced, dressed, &how, parents)
}

/// Commits there, as often as TARGET becomes another file that must be looked like, or its directory is taken away.
fn commit_in<'d>(
    job: &Replacement<'_>,
    place: &'d Place,
    mut synced: Synced<'d>,
    mut dressed: AppliedMetadata,
    how: &CommitOptions<'_>,
    parents: &mut Parents,
) -> Result<(Change, Vec<String>)> {
    /// As often as TARGET may become another file meanwhile.
    const MOST: usize = 64;
    for _ in 0..MOST {
        synced = match synced.commit(place, dressed.dress.like(), how)? {
            Commit::Done(committed) => {
                let warnings = dressed.warnings(&committed);
                return match sync_directory(&place.directory, &committed, job.policy.sync) {
                    Ok(()) => {
                        let change = if committed.created { Change::Created } else { Change::Replaced };
                        Ok((change, warnings))
                    }
                    Err(failure) => Err(Failure { warnings, ..failure }),
                };
            }
            Commit::Changed(sealed) => dress_again(job, place, sealed, &mut dressed)?,
            Commit::Unlinkable(sealed, errno) => match copy_with_name(job, place, sealed, &mut dressed, errno)? {
                Copied::Yes(synced) => synced,
                Copied::InPlace(warnings) => return Ok((Change::Overwritten, warnings)),
                // By another writer's roll-back, as with one that `--parents` made: it is made again.
                Copied::NoDirectory(sealed) if parents.again() => {
                    let place = names::resolve(job.target, !job.policy.no_dereference, parents)?;
                    return commit_in(job, &place, Synced::already(sealed), dressed, how, parents);
                }
                Copied::NoDirectory(_) => {
                    return Err(Failure::call_at("link", format_args!("directory {}", place.directory.shown()), errno));
                }
            },
            Commit::Refused(sealed, errno) => {
                let warnings = in_place::instead_of_rename(job, place, sealed, errno)?;
                return Ok((Change::Overwritten, warnings));
            }
        };
    }
    match place.directory.lstat(&place.name) {
        // Said to be taken, and nothing is there.
        Ok(None) => Err(Failure::call("link")(Errno::EXIST)),
        _ => Err(Failure::failed("rename", "other writers keep replacing it, or removing and creating it")),
    }
}

/// What a new TARGET is to look like. Where its staging file has a name already, others could open that: if TARGET has
/// appeared meanwhile, nothing wider than it is shown.
pub(super) fn dress_of_new(job: &Replacement<'_>, place: &Place, naming: &Naming<'_>) -> Result<Dress> {
    let mode = job.policy.mode;
    if let (Naming::Named(_), false) = (naming, job.policy.no_clobber) {
        let now = place.directory.open_path(&place.name).map_err(Failure::call("look"))?;
        if let Some(now) = now.filter(|now| now.kind() == FileType::RegularFile) {
            return Ok(Dress::Like { old: Metadata::of(&now, place)?, mode });
        }
    }
    Ok(Dress::New { mode })
}

/// Dresses the staged file like what TARGET has become, and syncs it.
fn dress_again<'d>(
    job: &Replacement<'_>,
    place: &Place,
    mut sealed: Sealed<'d>,
    dressed: &mut AppliedMetadata,
) -> Result<Synced<'d>> {
    let now = place.directory.open_path(&place.name).map_err(Failure::call("look"))?;
    if now.is_some() {
        preflight::check(place, now.as_ref(), job.policy)?;
    }
    // Where it has gone again meanwhile, what was held will do; and where it is a link, whose owner is nobody to give the
    // file to.
    let Some(now) = now.filter(|now| now.kind() == FileType::RegularFile) else {
        return Ok(Synced::already(sealed));
    };
    dressed.dress = Dress::Like { old: Metadata::of(&now, place)?, mode: job.policy.mode };
    let file = sealed.reopened()?;
    dress::reset_metadata(file)?;
    dressed.different = dress::dress(file, &dressed.dress, None)?;
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
    place: &'d Place,
    sealed: Sealed<'d>,
    dressed: &mut AppliedMetadata,
    errno: Errno,
) -> Result<Copied<'d>> {
    if let Naming::Named(_) = sealed.naming() {
        return if errno == Errno::NOENT { Ok(Copied::NoDirectory(sealed)) } else { Err(Failure::call("link")(errno)) };
    }
    let birth = CreateOptions { named: true, private: true, ..job.birth() };
    let stage = match Stage::open(&place.directory, birth, job.signals) {
        Ok(stage) => stage,
        Err(failure) if failure.errno == Some(Errno::NOENT) => return Ok(Copied::NoDirectory(sealed)),
        Err(failure) if failure.is_refusal() && preflight::may_overwrite(place, place.at.as_ref(), job.policy)? => {
            return in_place::finish_from(job, &sealed, format!("link: {}", words(errno))).map(Copied::InPlace);
        }
        Err(failure) => {
            let reason = format!("{}; a copy with a name: {}", words(errno), failure.reason);
            let both = Failure { errno: failure.errno, ..Failure::failed("link", reason) };
            return Err(if both.is_refusal() { preflight::offer_overwrite(both, place, job.policy) } else { both });
        }
    };
    let copy = fill::copy_staged(job, &sealed, stage, job.keep_open())?;
    if dressed.dress.like().is_none() {
        dressed.dress = dress_of_new(job, place, copy.naming())?;
    }
    dressed.different = dress::dress(copy.file()?, &dressed.dress, copy.born)?;
    Synced::from(copy, job.policy.sync).map(Copied::Yes)
}

fn sync_directory(directory: &Directory, committed: &Committed, how: Sync) -> Result<()> {
    if how != Sync::Full {
        return Ok(());
    }
    sync::directory(directory, committed.file.as_ref())
        .map_err(|errno| Failure::not_durable("sync directory", words(errno)))
}
