//! One attempt to commit: from naming the staging file to the finished name.
//!
//! ```text
//!                 TARGET is absent                 TARGET exists
//! unnamed file    link to TARGET                   check, link to a short name, check again, rename over TARGET
//! the same, if only a name leads to a reader: it gets a short name first, and is then a named file
//! named file      rename without replacing         check, rename over TARGET
//! ```
//!
//! `mod.rs` lists what a kill or a power cut leaves at each step, and `backup.rs` what it leaves with a backup. Signals
//! are held throughout.

use super::backup::{Replaced, WithBackup};
use super::backup_name::BackupName;
use super::naming::Naming;
use super::old_content::OldContent;
use super::preflight;
use super::rename::{self, Fallback, NamedBy};
use super::resolve::ResolvedTarget;
use super::sealed::Sealed;
use super::staging_name::StagingName;
use super::sync;
use crate::error::{Context, Error, ErrorExt, Result, TargetState, failed, refused_by_guard};
use crate::options::Sync;
use crate::platform::{self, Errno, FileType, OwnedFd, Stat, refuses_names};

/// A staging file whose content and metadata are on disk, or need not be. Only this type can be committed.
#[derive(Debug)]
pub(crate) struct Synced(Sealed);

/// The condition on TARGET at the commit.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Precondition<'a> {
    /// None: the last writer wins.
    None,
    /// The inode that was locked, or still no file.
    SameFile(Option<&'a Stat>),
    /// No file, which was read as an empty one.
    Absent,
    /// Exactly the state that was read.
    SameState(&'a OldContent),
}

// Independent choices of the user.
#[allow(clippy::struct_excessive_bools)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct CommitOptions<'a> {
    pub(crate) no_clobber: bool,
    pub(crate) no_dereference: bool,
    /// Whether a TARGET that appears is overwritten.
    pub(crate) in_place: bool,
    pub(crate) is_locked: bool,
    pub(crate) expected: Precondition<'a>,
    pub(crate) backup: Option<&'a BackupName>,
    pub(crate) sync: Sync,
    /// Whether to open a new TARGET for writing, which notifies programs that watch the directory. Not if TARGET is
    /// executable: executing it at that moment would fail with ETXTBSY.
    pub(crate) notify_watchers: bool,
}

impl CommitOptions<'_> {
    /// How a new TARGET is created where the system cannot rename without replacing. Without `--no-clobber` the last
    /// writer wins, so a lookup is sufficient.
    fn fallback(&self) -> Fallback {
        match (self.no_clobber, self.backup) {
            (true, _) => Fallback::Link,
            (false, Some(_)) => Fallback::LinkOrCheckedRename,
            (false, None) => Fallback::CheckedRename,
        }
    }
}

/// The result of an attempt.
#[derive(Debug)]
pub(crate) enum Commit {
    /// TARGET is the staged file.
    Done(Committed),
    /// The staged file was prepared for another TARGET: owner, group or mode differ, or TARGET was removed or created
    /// concurrently. TARGET is unchanged; the staged file may have a short name by now.
    Outdated(Sealed),
    /// The system refused the name that the file was to get, or the directory is gone. TARGET is unchanged.
    NotNamed(Sealed, Errno),
    /// The staged file has a name, and the system refuses to rename it over TARGET. TARGET is unchanged.
    RenameRefused(Sealed, Errno),
    /// The staged file has a name. TARGET, which was absent, exists by now, and is to be overwritten in place.
    Appeared(Sealed),
}

#[derive(Debug)]
pub(crate) struct Committed {
    /// An open descriptor of it, if any. With `--lock` it holds the lock.
    pub(crate) file: Option<OwnedFd>,
    /// Whether TARGET did not exist before.
    pub(crate) created: bool,
    /// How many other names the old file has.
    pub(crate) other_names: u64,
}

impl Synced {
    /// Sealed -> Synced. Syncs through the descriptor that wrote if it is still open, because it reports every
    /// writeback error. Then closes it.
    pub(crate) fn from(mut sealed: Sealed, how: Sync) -> Result<Self> {
        if how != Sync::None {
            platform::sync_file(sealed.file()?)
                .map_err(|errno| sync::with_hint(sealed.directory().staging_error("sync", errno)))?;
        }
        sealed.close()?;
        Ok(Synced(sealed))
    }

    /// Sealed -> Synced without a sync: the file is already synced and has not changed since.
    pub(crate) fn assume_synced(sealed: Sealed) -> Self {
        Synced(sealed)
    }

    /// Synced -> Sealed, for the copy of an overwrite in place, which gets no other name.
    pub(crate) fn into_sealed(self) -> Sealed {
        self.0
    }

    /// Synced -> TARGET, or the obstacle. `metadata_from` is the file whose metadata the staged file has. `None`
    /// expects that TARGET is absent, or a symbolic link to be replaced.
    pub(crate) fn commit(
        self,
        target: &ResolvedTarget,
        metadata_from: Option<&Stat>,
        options: &CommitOptions<'_>,
    ) -> Result<Commit> {
        match attempt(self.0, target, metadata_from, options) {
            Ok(commit) | Err(EarlyEnd::Commit(commit)) => Ok(commit),
            Err(EarlyEnd::Error(error)) => Err(error),
        }
    }
}

/// Why an attempt ends before its last step.
enum EarlyEnd {
    /// The result is already known: an obstacle, or success in an earlier step.
    Commit(Commit),
    Error(Error),
}

impl From<Error> for EarlyEnd {
    fn from(error: Error) -> Self {
        EarlyEnd::Error(error)
    }
}

type AttemptResult<T> = std::result::Result<T, EarlyEnd>;

fn attempt(
    mut sealed: Sealed,
    target: &ResolvedTarget,
    metadata_from: Option<&Stat>,
    options: &CommitOptions<'_>,
) -> AttemptResult<Commit> {
    if sealed.is_held_by_writer() {
        // Check before the file has a name by which others can open it.
        if !options.no_clobber
            && check_target(target, options)?.is_some_and(|now| !same_owner_and_mode(&now, metadata_from))
        {
            return Ok(Commit::Outdated(sealed));
        }
        // A descriptor for reading can be opened only by a name here.
        sealed = link_to_short_name(sealed, target)?;
    }
    if metadata_from.is_none() {
        sealed = match create(sealed, target, options)? {
            Created::Yes(committed) => return Ok(Commit::Done(committed)),
            Created::NameTaken(_) if options.no_clobber => {
                return Err(refused_by_guard("no-clobber", "was created meanwhile").into());
            }
            // By another writer, or by a symbolic link.
            Created::NameTaken(sealed) => sealed,
        };
    }
    // Check before the file has a name by which others can open it, and again afterwards.
    let (mut sealed, mut now) = check_metadata_source(sealed, target, metadata_from, options)?;
    if let Naming::Unnamed(_) = sealed.naming() {
        sealed = link_to_short_name(sealed, target)?;
        (sealed, now) = check_metadata_source(sealed, target, metadata_from, options)?;
    }
    Ok(rename_over_target(sealed, target, &now, options)?)
}

/// Looks TARGET up. Ends the attempt unless the staged file has TARGET's owner, group and mode.
fn check_metadata_source(
    sealed: Sealed,
    target: &ResolvedTarget,
    metadata_from: Option<&Stat>,
    options: &CommitOptions<'_>,
) -> AttemptResult<(Sealed, Stat)> {
    match check_target(target, options)? {
        Some(now) if same_owner_and_mode(&now, metadata_from) => Ok((sealed, now)),
        Some(_) => Err(EarlyEnd::Commit(Commit::Outdated(sealed))),
        // It was unlinked concurrently: create it with the metadata that the staged file has.
        None => Err(EarlyEnd::Commit(match create(sealed, target, options)? {
            Created::Yes(committed) => Commit::Done(committed),
            Created::NameTaken(sealed) => Commit::Outdated(sealed),
        })),
    }
}

/// Whether a file with the metadata of `metadata_from` may replace `now`: owner, group and mode are equal, or `now` is
/// a symbolic link, whose metadata is never copied.
fn same_owner_and_mode(now: &Stat, metadata_from: Option<&Stat>) -> bool {
    let owner_and_mode = |stat: &Stat| (stat.uid, stat.gid, stat.mode);
    now.kind() == FileType::Symlink
        || metadata_from.is_some_and(|metadata_from| owner_and_mode(now) == owner_and_mode(metadata_from))
}

/// Looks TARGET up and checks the precondition.
pub(super) fn check_target(target: &ResolvedTarget, options: &CommitOptions<'_>) -> Result<Option<Stat>> {
    let now = target.directory.lstat_uncached(&target.name).context("stat")?;
    if let Some(now) = &now {
        preflight::check_file_type(now.kind(), options.no_dereference)?;
    }
    match (options.expected, &now) {
        (Precondition::None, _) | (Precondition::SameFile(None) | Precondition::Absent, None) => Ok(now),
        (Precondition::Absent, Some(_)) => Err(refused_by_guard("replace", "was created meanwhile")
            .context(TargetState::Changed)
            .hint(other_writer(target, options.is_locked))),
        (Precondition::SameFile(Some(expected)), Some(found)) if expected.is_same_file(found) => Ok(now),
        (Precondition::SameFile(_), _) => {
            Err(failed("lock", "was replaced meanwhile by a writer that does not lock it"))
        }
        (Precondition::SameState(old), Some(found)) if old.is_current(found, target)? => Ok(now),
        (Precondition::SameState(_), _) => Err(refused_by_guard("replace", "has changed since it was read")
            .context(TargetState::Changed)
            .hint(other_writer(target, options.is_locked))),
    }
}

/// The hint about who has changed TARGET.
pub(super) fn other_writer(target: &ResolvedTarget, is_locked: bool) -> &'static str {
    if is_locked {
        "another writer without --lock changed it, or COMMAND itself"
    } else if target.directory.filesystem().is_remote() {
        "another writer changed it, or COMMAND itself"
    } else {
        "another writer changed it, or COMMAND itself; with --lock writers wait for each other"
    }
}

/// Whether the staged file is the new TARGET.
enum Created {
    Yes(Committed),
    NameTaken(Sealed),
}

/// Gives the file TARGET's name if that is free; the kernel decides this atomically.
fn create(sealed: Sealed, target: &ResolvedTarget, options: &CommitOptions<'_>) -> AttemptResult<Created> {
    let (directory, name) = (&target.directory, target.name.as_os_str());
    let created = match sealed.naming() {
        Naming::Unnamed(by) => {
            let file = sealed.file()?;
            let verify = |errno| directory.verify_after_error(name, &Stat::of(file)?, errno);
            platform::link_unnamed(directory, file, *by, name).or_else(verify).map(|()| NamedBy::Link)
        }
        Naming::Named(staged) => {
            let verify = |errno| directory.verify_after_error(name, staged.inode(), errno);
            rename::to_free_name(staged.entry(), target.entry(), options.fallback(), verify)
        }
        Naming::ByPath(_) => return Err(failed("link", "the staging file is not beside TARGET").into()),
    };
    let named_by = match created {
        Ok(named_by) => named_by,
        Err(Errno::EXIST) => return Ok(Created::NameTaken(sealed)),
        Err(errno) => return Err(cannot_link(sealed, errno)),
    };
    let (naming, file) = sealed.into_parts();
    // Remove the staging name if it still exists: renaming one link of a file onto another does nothing.
    drop(naming);
    if named_by == NamedBy::Link && options.notify_watchers {
        notify_watchers(target);
    }
    Ok(Created::Yes(Committed { file, created: true, other_names: 0 }))
}

/// The system refuses the link, or the directory is gone: the caller may try another way.
fn cannot_link(sealed: Sealed, errno: Errno) -> EarlyEnd {
    if errno == Errno::NOENT || refuses_names(errno) {
        EarlyEnd::Commit(Commit::NotNamed(sealed, errno))
    } else {
        EarlyEnd::Error(Error::new(errno).context("link"))
    }
}

/// Notifies programs that watch a directory for finished files. They wait until a file that was open for writing is
/// closed, or for a rename. A link is neither, and the writer was closed while the file was unnamed. Therefore the file
/// is opened for writing by its name, and closed. Nothing is written, and a failure is ignored.
fn notify_watchers(target: &ResolvedTarget) {
    let _ = platform::open_for_writing(&target.directory, &target.name);
}

/// Links the unnamed file to a short name, the first name that a kill can leave.
fn link_to_short_name(sealed: Sealed, target: &ResolvedTarget) -> AttemptResult<Sealed> {
    let Naming::Unnamed(by) = *sealed.naming() else { return Ok(sealed) };
    match StagingName::link(&target.directory, sealed.file()?, by) {
        Ok(name) => Ok(sealed.with_name(name)?),
        // Every random name was reported as taken, so another attempt would fail as well.
        Err(errno @ Errno::EXIST) => Err(Error::new(errno).context("link").into()),
        Err(errno) => Err(cannot_link(sealed, errno)),
    }
}

/// Renames the file over TARGET, which is `now`, and keeps the requested backup.
fn rename_over_target(
    sealed: Sealed,
    target: &ResolvedTarget,
    now: &Stat,
    options: &CommitOptions<'_>,
) -> Result<Commit> {
    if options.in_place {
        return Ok(Commit::Appeared(sealed));
    }
    let other_names = other_names(target, now);
    if let Some(backup) = options.backup {
        return Ok(match (WithBackup { target, backup, old: now, sync: options.sync }).replace(sealed)? {
            Replaced::Yes(file) => Commit::Done(Committed { file, created: false, other_names }),
            Replaced::Absent(sealed) => Commit::Outdated(sealed),
            Replaced::Refused(sealed, errno) => Commit::RenameRefused(sealed, errno),
        });
    }
    let name = sealed.staging_name("rename")?;
    match rename::over(target, name) {
        Ok(()) => Ok(Commit::Done(Committed { file: sealed.renamed(), created: false, other_names })),
        Err(errno) => after_failed_rename(sealed, target, now, errno, other_names),
    }
}

/// How many other names TARGET has. A file system that answers from a cache may count a name that is already removed.
fn other_names(target: &ResolvedTarget, now: &Stat) -> u64 {
    if now.links <= 1 {
        return 0;
    }
    let fresh = target.directory.lstat_uncached(&target.name).ok().flatten();
    fresh.map_or(now.links, |fresh| fresh.links).saturating_sub(1)
}

/// Some network file systems remove TARGET first, and then fail. If TARGET is missing, tries again to put the new
/// content there; otherwise the error says where it is.
fn after_failed_rename(
    sealed: Sealed,
    target: &ResolvedTarget,
    before: &Stat,
    errno: Errno,
    other_names: u64,
) -> Result<Commit> {
    let name = sealed.staging_name("rename")?;
    let staged = name.entry();
    // Without its own name it could not be renamed there.
    if rename::target_exists(target, before) || !matches!(staged.directory.lstat_uncached(staged.name), Ok(Some(_))) {
        return if refuses_names(errno) {
            Ok(Commit::RenameRefused(sealed, errno))
        } else {
            Err(Error::new(errno).context("rename"))
        };
    }
    if rename::over_missing(target, name).is_ok() {
        return Ok(Commit::Done(Committed { file: sealed.renamed(), created: false, other_names }));
    }
    let path = staged.path();
    sealed.keep();
    Err(rename::target_is_gone(errno, &path))
}
