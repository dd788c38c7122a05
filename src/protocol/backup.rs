//! Backups, by GNU's rules. TARGET is never absent.
//!
//! ```text
//! the staged file has a short name; then            a kill or a power cut here leaves
//! 1. exchange short name and TARGET                 before: the old TARGET, the staged file
//! 2. rename the short name to the backup's name     between: the new TARGET, the old file under the short name
//! 3. one sync of the directory (commit.rs)            after: the new TARGET, the backup
//! ```
//!
//! Between 1 and 2 the short name may be the only name of the old content, so it is never cleaned up.
//!
//! Where the file system cannot exchange names, the old file first gets a second short name: a hard link, or a copy if
//! a link is refused. Then the staged file is renamed over TARGET, and the second name to the backup's name. A kill can
//! then leave two short names, and if a copy was needed, a rollback gives TARGET the copy's inode.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::apply_metadata::{self, MetadataSource};
use super::backup_name::{BackupName, STEP, numbered};
use super::copy::{self, FileReader, OLD_CONTENT};
use super::directory::Entry;
use super::metadata::Metadata;
use super::preflight;
use super::rename::{self, Fallback};
use super::resolve::ResolvedTarget;
use super::sealed::Sealed;
use super::staging_name::StagingName;
use super::sync;
use super::writer::StagingWriter;
use crate::error::{Context, Error, ErrorExt, Result, at, not_durable};
use crate::options::{Owners, Sync};
use crate::platform::{
    self, AsFd, Errno, FileType, OwnedFd, Retries, Stat, is_unsupported_rename, os_message, refuses_links,
    refuses_names, wait,
};
use crate::quote::Shown;

/// The result of a replacement with a backup.
pub(super) enum Replaced {
    /// The staged file is TARGET. Contains its open descriptor, if any.
    Yes(Option<OwnedFd>),
    /// TARGET was removed concurrently; nothing is done.
    Absent(Sealed),
    /// The system refuses to rename from a private directory; nothing is done.
    Refused(Sealed, Errno),
}

/// A replacement of TARGET, which is `old`, that keeps the old file.
pub(super) struct WithBackup<'a> {
    pub(super) target: &'a ResolvedTarget,
    pub(super) backup: &'a BackupName,
    pub(super) old: &'a Stat,
    pub(super) sync: Sync,
}

impl WithBackup<'_> {
    /// Replaces TARGET by the staged file, and keeps the old file as a backup. After a failure both TARGET and
    /// the backups are as they were.
    pub(super) fn replace(&self, sealed: Sealed) -> Result<Replaced> {
        let (target, directory) = (self.target, &self.target.directory);
        let staged = sealed.staging_name(STEP)?;
        match rename::exchange(staged.entry(), target.entry(), staged.inode()) {
            Ok(()) => {}
            Err(errno) if is_unsupported_rename(errno) => {
                return self.replace_without_exchange(sealed);
            }
            Err(Errno::NOENT) if matches!(directory.lstat(&target.name), Ok(None)) => {
                return Ok(Replaced::Absent(sealed));
            }
            Err(errno) if staged.private().is_some() && refuses_names(errno) => {
                return Ok(Replaced::Refused(sealed, errno));
            }
            Err(errno) => return Err(Error::new(errno).context("rename")),
        }
        // The short name now leads to the old content, which may have been replaced by any file since the last lookup.
        let found = staged.entry().lstat().ok().flatten().unwrap_or(*self.old);
        let error = match preflight::check_file_type(found.kind(), self.old.kind() == FileType::Symlink) {
            Ok(()) => match self.rename_to_backup(staged.entry(), &found) {
                Ok(_) => return Ok(Replaced::Yes(sealed.renamed())),
                Err(errno) => self.backup_failed(errno),
            },
            Err(error) => error,
        };
        target.ctime_changed_by_us.set(true);
        match rename::exchange(staged.entry(), target.entry(), &found) {
            Ok(()) => Err(error),
            Err(rollback_error) => {
                let path = staged.entry().path();
                sealed.keep();
                Err(rollback_failed(&path, &error.step_and_reason().1, rollback_error))
            }
        }
    }

    /// The same where the file system cannot exchange two names.
    fn replace_without_exchange(&self, sealed: Sealed) -> Result<Replaced> {
        let target = self.target;
        let _turn = self.wait_for_turn().map_err(|errno| self.backup_failed(errno))?;
        target.ctime_changed_by_us.set(true);
        let old_name = match StagingName::link_name(&target.directory, &target.name) {
            Ok(name) => OldName { name, is_copy: false },
            Err(Errno::NOENT) if matches!(target.directory.lstat(&target.name), Ok(None)) => {
                return Ok(Replaced::Absent(sealed));
            }
            // Another user's file under protected_hardlinks, another project id, or no hard links.
            Err(errno) if refuses_links(errno) => OldName { name: copy(target, self.sync)?, is_copy: true },
            Err(errno) => return Err(self.backup_failed(errno)),
        };
        let (old_name, file) = self.rename_over(sealed, old_name)?;
        match self.rename_to_backup(old_name.name.entry(), old_name.name.inode()) {
            Ok(_) => {
                old_name.name.renamed();
                Ok(Replaced::Yes(file))
            }
            Err(errno) => Err(match old_name.restore(target) {
                Ok(()) => self.backup_failed(errno),
                Err((old, rollback_error)) => rollback_failed(&old, &os_message(errno), rollback_error),
            }),
        }
    }

    /// Waits for the turn to replace TARGET in several steps, where names can be locked: the new content of a writer that
    /// comes between them would be replaced without a backup. The name is one that no file can have there, so `--lock`
    /// does not keep it. Each writer holds it for moments; after a long time the turn is taken without it.
    fn wait_for_turn(&self) -> platform::Result<Option<OwnedFd>> {
        const LIMIT: Duration = Duration::from_secs(10);
        const PAUSE: Duration = Duration::from_millis(5);
        let mut name = self.target.name.clone();
        name.push(":backup");
        let deadline = Instant::now() + LIMIT;
        loop {
            match platform::try_lock_name(&self.target.directory, &name) {
                Err(Errno::WOULDBLOCK) if Instant::now() < deadline => {}
                Err(Errno::WOULDBLOCK) => return Ok(None),
                done => return done,
            }
            wait([None], None, Some(Instant::now() + PAUSE))?;
        }
    }

    /// Renames the staged file over TARGET. Some network file systems remove TARGET first and then fail. Then it is renamed
    /// once more and, if that fails too, the old file gets its name back.
    fn rename_over(&self, sealed: Sealed, old_name: OldName) -> Result<(OldName, Option<OwnedFd>)> {
        let target = self.target;
        let staged = sealed.staging_name(STEP)?;
        let target_exists = || rename::target_exists(target, self.old);
        let renamed = rename::over(target, staged)
            .or_else(|errno| if target_exists() { Err(errno) } else { rename::over_missing(target, staged) });
        let Err(errno) = renamed else { return Ok((old_name, sealed.renamed())) };
        let refused = Error::new(errno).context("rename");
        if target_exists() {
            return Err(refused);
        }
        let new = staged.entry().path();
        // A name that is only marked for deletion cannot be reused, and renaming another link of its file onto it does
        // nothing.
        let is_marked = !matches!(target.directory.lstat_uncached(&target.name), Ok(None));
        let restored = if is_marked { Err((old_name.name.keep(), errno)) } else { old_name.restore(target) };
        Err(match restored {
            Ok(()) => refused,
            Err((old, _)) => {
                sealed.keep();
                rename::target_is_gone(errno, &new).hint(format_args!("the old content is {}", Shown(old.as_os_str())))
            }
        })
    }

    /// Renames the old file from `name` to the backup's name, which is returned.
    fn rename_to_backup(&self, name: Entry<'_>, old: &Stat) -> platform::Result<OsString> {
        let (target, directory) = (self.target, &self.target.directory);
        let given = match self.backup {
            BackupName::Simple(backup) => {
                name.rename(Entry { directory, name: backup })
                    .or_else(|errno| directory.verify_after_error(backup, old, errno))?;
                backup.clone()
            }
            BackupName::Numbered(first) => {
                let mut number = *first;
                let mut retries = Retries::default();
                loop {
                    let backup = numbered(&target.name, number);
                    let to = Entry { directory, name: &backup };
                    let verify = |errno| directory.verify_after_error(&backup, old, errno);
                    match rename::to_free_name(name, to, Fallback::LinkOrCheckedRename, verify) {
                        Err(Errno::EXIST) => {
                            retries.retry(Errno::EXIST)?;
                            number = number.checked_add(1).ok_or(Errno::OVERFLOW)?;
                        }
                        Ok(_) => break backup,
                        Err(errno) => return Err(errno),
                    }
                }
            }
        };
        // `name` usually no longer exists. It does if the backup's name was already a link to the same file, where
        // rename(2) does nothing, or if a hard link was used in place of a rename.
        name.directory.remove(name.name);
        Ok(given)
    }

    /// Gives a copy of TARGET the backup's name. An earlier backup of that name is kept until TARGET is overwritten, if the
    /// file system can exchange names.
    fn name_copy(&self, copy: StagingName) -> platform::Result<CopiedBackup> {
        let directory = &self.target.directory;
        if let BackupName::Simple(name) = self.backup {
            match rename::exchange(copy.entry(), Entry { directory, name }, copy.inode()) {
                Ok(()) => return Ok(CopiedBackup { copy, name: name.clone(), has_previous: true }),
                Err(Errno::NOENT) => {}
                Err(errno) if is_unsupported_rename(errno) => {}
                Err(errno) => return Err(errno),
            }
        }
        let name = self.rename_to_backup(copy.entry(), copy.inode())?;
        Ok(CopiedBackup { copy, name, has_previous: false })
    }

    fn backup_failed(&self, errno: Errno) -> Error {
        let path = self.target.directory.join(&self.backup.first(&self.target.name));
        at(STEP, Shown(path.as_os_str()))(errno)
    }
}

/// A backup that is a copy, made before TARGET is overwritten in place. It is durable.
pub(super) struct CopiedBackup {
    copy: StagingName,
    /// The backup's name.
    name: OsString,
    /// Whether the short name of `copy` now leads to the backup that had the name before.
    has_previous: bool,
}

impl CopiedBackup {
    /// Copies TARGET to the backup's name. If that fails, the backups are as they were, where names can be exchanged.
    pub(super) fn create(target: &ResolvedTarget, backup: &BackupName) -> Result<CopiedBackup> {
        let old = target.entry().lstat().and_then(|old| old.ok_or(Errno::NOENT)).context(STEP)?;
        let copy = copy(target, Sync::Full)?;
        let with = WithBackup { target, backup, old: &old, sync: Sync::Full };
        let named = with.name_copy(copy).map_err(|errno| with.backup_failed(errno))?;
        match sync::directory(&target.directory, None::<&OwnedFd>) {
            Ok(()) => Ok(named),
            Err(errno) => {
                named.take_back();
                Err(with.backup_failed(errno))
            }
        }
    }

    /// TARGET was overwritten. Returns the backup's path, for messages.
    pub(super) fn keep(self) -> PathBuf {
        if self.has_previous {
            self.copy.directory().remove(&self.copy.name);
        }
        let path = self.copy.directory().join(&self.name);
        self.copy.renamed();
        path
    }

    /// TARGET was not overwritten: removes the copy, and gives an earlier backup its name back.
    pub(super) fn take_back(self) {
        let directory = self.copy.directory();
        let backup = Entry { directory, name: &self.name };
        if !self.has_previous {
            directory.remove(&self.name);
        } else if rename::exchange(self.copy.entry(), backup, self.copy.inode()).is_err() {
            directory.left_behind(&self.copy.name, "it is an earlier backup, whose name cannot be given back");
            self.copy.keep();
        }
    }
}

/// The old content under a short name of its own.
struct OldName {
    name: StagingName,
    /// Whether it is a copy of the old file, not another link.
    is_copy: bool,
}

impl OldName {
    /// Renames it back to TARGET's name. A failure returns the path at which it stays, and the error.
    fn restore(self, target: &ResolvedTarget) -> std::result::Result<(), (std::path::PathBuf, Errno)> {
        match self.name.entry().rename(target.entry()) {
            Ok(()) => {
                target.restored_from_copy.set(self.is_copy);
                self.name.renamed();
                Ok(())
            }
            Err(errno) => Err((self.name.keep(), errno)),
        }
    }
}

/// The error if the rollback failed: TARGET has the new content, and the old content is at `path`.
fn rollback_failed(path: &Path, reason: &str, rollback_error: Errno) -> Error {
    let reason = format!("{reason}; taking it back: {}", os_message(rollback_error));
    not_durable(STEP, reason).hint(format_args!("the old content is {}", Shown(path.as_os_str())))
}

/// Copies the old file to a short name, with its metadata, and syncs it.
fn copy(target: &ResolvedTarget, sync: Sync) -> Result<StagingName> {
    let old = &target.open_path().and_then(|old| old.ok_or(Errno::NOENT)).context(STEP)?;
    let content = target.open(old).context(STEP)?;
    let (name, file) = StagingName::create(&target.directory, 0o600).context(STEP)?;
    let mut sink = StagingWriter::new(file.as_fd(), &target.directory, false);
    let mut input = FileReader { file: content.as_fd(), name: OLD_CONTENT, signals: None };
    copy::copy_prefix(&mut input, &old.stat, old.stat.size, &mut sink)?;
    let source = MetadataSource::Old { old: Metadata::of(old, target)?, mode: None, owners: Owners::default() };
    apply_metadata::apply_metadata(file.as_fd(), &source, None, None)?;
    if sync != Sync::None {
        platform::sync_file(&file).context(STEP)?;
    }
    Ok(name)
}
