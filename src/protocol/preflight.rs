//! Preflight checks: every predictable failure of the replacement is found from attributes. Nothing is opened for
//! writing, nothing is read and nothing is changed.

use super::directory::{Directory, PathHandle};
use super::permissions::sticky_denies;
use super::resolve::ResolvedTarget;
use super::{requested_mode, requested_owner};
use crate::error::{Context, Error, ErrorExt, Result, at, failed, refused_by_guard};
use crate::options::{Options, Sync};
use crate::platform::{
    CAN_SYNC_FILE_SYSTEM, CLEAR_APPEND_ONLY, CLEAR_IMMUTABLE, Errno, FileType, Stat, euid, is_swap_file, may_write,
    may_write_directory, overrides_permissions, owner_or_capable,
};

const STEP: &str = "replace";

/// How TARGET can be replaced.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Strategy {
    Rename,
    /// By an overwrite. A rename is impossible for this reason; `None` if the user requests the overwrite.
    Overwrite(Option<String>),
}

/// Decides how TARGET, which is `existing`, can be replaced, or fails.
pub(crate) fn check(target: &ResolvedTarget, existing: Option<&PathHandle>, options: &Options) -> Result<Strategy> {
    if let Some(old) = existing {
        if options.no_clobber {
            return Err(refused_by_guard("no-clobber", "already exists"));
        }
        check_kind(old.kind(), options)?;
        check_not_immutable(old)?;
        if old.kind() == FileType::RegularFile {
            if options.in_place {
                return check_in_place(target, old, options).map(|()| Strategy::Overwrite(None));
            }
            check_writable(target, old, options)?;
        }
        if old.kind() == FileType::Directory && !may_write_target(target, old)? {
            // The exchange changes its `..`.
            return Err(failed(STEP, "no write permission on the directory itself, which its rename needs"));
        }
    }
    match rename_obstacle(target, existing)? {
        None => check_can_sync(&target.directory, options).map(|()| Strategy::Rename),
        Some(obstacle) => {
            if may_overwrite(target, existing, options)? {
                return Ok(Strategy::Overwrite(Some(obstacle.reason)));
            }
            let error = target.with_link_hint(failed(STEP, obstacle.reason));
            let overwrite = overwrite_option(target, existing, options);
            let hint = match (overwrite, obstacle.other_hint) {
                (Some(option), Some(other)) => format!("{other}, or {option} (not atomic)"),
                (Some(option), None) => overwrite_hint(option),
                (None, Some(other)) => other.to_owned(),
                (None, None) => return Err(error),
            };
            Err(error.hint(hint))
        }
    }
}

/// Fails unless the file is of the kind that can be replaced.
pub(crate) fn check_kind(kind: FileType, options: &Options) -> Result<()> {
    match kind {
        FileType::Directory if options.tree => Ok(()),
        FileType::Symlink if options.tree && options.no_dereference => Ok(()),
        _ if options.tree => Err(failed(STEP, "is not a directory, and --tree replaces one")),
        kind => check_file_type(kind, options.no_dereference),
    }
}

/// Fails unless the file is a regular file, or a symbolic link to be replaced.
pub(crate) fn check_file_type(kind: FileType, no_dereference: bool) -> Result<()> {
    let reject = |reason| Err(failed(STEP, reason));
    match kind {
        FileType::RegularFile => Ok(()),
        FileType::Symlink if no_dereference => Ok(()),
        FileType::Symlink => reject("became a symbolic link"),
        FileType::Directory => reject("is a directory"),
        FileType::Fifo => reject("is a FIFO, not a regular file"),
        FileType::Socket => reject("is a socket, not a regular file"),
        FileType::CharacterDevice | FileType::BlockDevice => reject("is a device, not a regular file"),
        FileType::Unknown => reject("is of an unknown type"),
    }
}

fn check_not_immutable(old: &PathHandle) -> Result<()> {
    if old.stat.is_immutable() {
        return Err(clearing(failed(STEP, "is immutable"), format_args!("{CLEAR_IMMUTABLE} removes the attribute")));
    }
    if old.stat.is_append_only() {
        return Err(clearing(
            failed(STEP, "is append-only"),
            format_args!("{CLEAR_APPEND_ONLY} removes the attribute"),
        ));
    }
    if is_swap_file(&old.stat) {
        return Err(clearing(failed(STEP, "is in use as a swap file"), format_args!("swapoff releases it")));
    }
    Ok(())
}

/// Adds a hint that only root can follow.
fn clearing(error: Error, hint: std::fmt::Arguments<'_>) -> Error {
    if euid() == 0 { error.hint(hint) } else { error }
}

/// Fails if the directory's entries could not be synced in the end. Such a directory may be written and searched only.
fn check_can_sync(directory: &Directory, options: &Options) -> Result<()> {
    if options.sync != Sync::Full || directory.readable() || CAN_SYNC_FILE_SYSTEM {
        return Ok(());
    }
    let directory = directory.shown();
    Err(failed(STEP, format_args!("no read permission on directory {directory}, so it cannot be synced"))
        .hint("--sync file syncs the file alone"))
}

/// Fails if the caller may not write the file. A rename would not need that permission, which would surprise its owner.
fn check_writable(target: &ResolvedTarget, old: &PathHandle, options: &Options) -> Result<()> {
    let own = old.stat.uid == euid();
    if may_write_target(target, old)? || options.force || (options.mode.is_some() && own) {
        return Ok(());
    }
    match rename_obstacle(target, Some(old))? {
        None if options.reads_old && matches!(target.open(old), Err(Errno::ACCESS)) => {
            Err(failed(STEP, "neither read nor write permission on the file"))
        }
        None => Err(failed(STEP, "no write permission on the file").hint("--force replaces it anyway")),
        // For example on a read-only NFS export: the client does not know that it is read-only.
        Some(obstacle) => Err(failed(STEP, format_args!("no write permission on the file, and {}", obstacle.reason))),
    }
}

/// Fails if the file cannot be overwritten in place. `--force` does not help here, and only the owner may set its mode.
fn check_overwritable(target: &ResolvedTarget, old: &PathHandle, options: &Options) -> Result<()> {
    if !may_write_target(target, old)? {
        return Err(failed(STEP, "no write permission on the file, and it cannot be replaced by a rename"));
    }
    let mode = requested_mode::of_old(options, &old.stat);
    if mode.is_some_and(|mode| mode != old.stat.bits()) && !owner_or_capable(old.stat.uid) {
        return Err(failed(STEP, "cannot change the mode of another user's file"));
    }
    if options.preserve_timestamps && !owner_or_capable(old.stat.uid) {
        return Err(failed(STEP, "cannot set the times of another user's file"));
    }
    requested_owner::check_existing(&old.stat, options.owners)
}

/// `--in-place`: fails if the file cannot be overwritten, or its directory cannot get the backup.
fn check_in_place(target: &ResolvedTarget, old: &PathHandle, options: &Options) -> Result<()> {
    if !may_write_target(target, old)? {
        return Err(failed(STEP, "no write permission on the file, which --in-place needs"));
    }
    check_overwritable(target, old, options)?;
    match directory_obstacle(target, &stat_directory(target)?, true)?.filter(|_| options.backup.is_some()) {
        Some(obstacle) => Err(failed("backup", obstacle.reason)),
        None => Ok(()),
    }
}

fn may_write_target(target: &ResolvedTarget, old: &PathHandle) -> Result<bool> {
    let handle = old.handle.get().context(STEP)?;
    match may_write(&handle, &target.directory, &target.name) {
        // It is gone, or the answer is unknown: the commit checks again.
        Ok(()) | Err(Errno::NOENT | Errno::STALE | Errno::NOSYS) => Ok(true),
        // Without faccessat2(2), only root's capabilities are considered.
        Err(Errno::ACCESS) => Ok(overrides_permissions(&old.stat)),
        Err(errno) => Err(target.with_link_hint(Error::new(errno).context(STEP))),
    }
}

struct RenameObstacle {
    reason: String,
    /// A hint beside the one to overwrite.
    other_hint: Option<&'static str>,
}

/// The option that a hint may suggest where no rename is possible: TARGET is a regular file that can be overwritten, and
/// no option contradicts it.
fn overwrite_option(target: &ResolvedTarget, existing: Option<&PathHandle>, options: &Options) -> Option<&'static str> {
    let old = existing.filter(|old| old.kind() == FileType::RegularFile)?;
    if options.no_dereference || options.allow_in_place || options.in_place {
        return None;
    }
    if options.backup.is_some() {
        // Only a copy can be its backup.
        return check_in_place(target, old, options).is_ok().then_some("--in-place");
    }
    check_overwritable(target, old, options).is_ok().then_some("--allow-in-place")
}

fn overwrite_hint(option: &str) -> String {
    format!("{option} overwrites it (not atomic)")
}

/// Whether `--allow-in-place` is given and TARGET can be overwritten in place.
pub(crate) fn may_overwrite(target: &ResolvedTarget, existing: Option<&PathHandle>, options: &Options) -> Result<bool> {
    match existing.filter(|old| (options.allow_in_place || options.in_place) && old.kind() == FileType::RegularFile) {
        Some(old) => check_overwritable(target, old, options).map(|()| true),
        None => Ok(false),
    }
}

/// Adds the hint to an error which says that a rename is impossible here.
pub(crate) fn offer_overwrite(
    error: Error,
    target: &ResolvedTarget,
    existing: Option<&PathHandle>,
    options: &Options,
) -> Error {
    let error = target.with_link_hint(error);
    match overwrite_option(target, existing, options) {
        Some(option) => error.hint(overwrite_hint(option)),
        None => error,
    }
}

fn rename_obstacle(target: &ResolvedTarget, existing: Option<&PathHandle>) -> Result<Option<RenameObstacle>> {
    let obstacle = |reason: String, other_hint| Ok(Some(RenameObstacle { reason, other_hint }));
    if existing.is_some_and(|old| old.stat.is_mount_point()) {
        return obstacle("is a mount point".to_owned(), Some("mount its directory instead"));
    }
    let directory = if let Some(checked) = target.directory.checked.get() {
        checked
    } else {
        let directory = stat_directory(target)?;
        if let Some(found) = directory_obstacle(target, &directory, existing.is_some())? {
            return Ok(Some(found));
        }
        directory
    };
    if let Some(old) = existing
        && sticky_denies(&directory, old.stat.uid)
    {
        let shown = target.directory.shown();
        return obstacle(format!("is another user's file in sticky directory {shown}"), None);
    }
    Ok(None)
}

/// `--target-directory`: fails if no file in the directory can be replaced or created. Otherwise it is not checked again for each:
/// what changes meanwhile is found by the commit.
pub(crate) fn check_directory(directory: &Directory, options: &Options) -> Result<()> {
    if options.allow_in_place || options.in_place {
        return Ok(());
    }
    let stat = directory.stat().context("stat")?;
    if let Some(obstacle) = obstacle_of(directory, &stat, false)? {
        return Err(failed(STEP, obstacle.reason));
    }
    if !stat.is_append_only() {
        directory.checked.set(Some(stat));
    }
    check_can_sync(directory, options)
}

fn stat_directory(target: &ResolvedTarget) -> Result<Stat> {
    target.directory.stat().context("stat").map_err(|error| target.with_link_hint(error))
}

fn directory_obstacle(target: &ResolvedTarget, stat: &Stat, replaces: bool) -> Result<Option<RenameObstacle>> {
    obstacle_of(&target.directory, stat, replaces).map_err(|error| target.with_link_hint(error))
}

/// What keeps names in the directory, of which `stat` is the state, from being created and, if `replaces`, removed.
fn obstacle_of(directory: &Directory, stat: &Stat, replaces: bool) -> Result<Option<RenameObstacle>> {
    let obstacle = |reason: String| Ok(Some(RenameObstacle { reason, other_hint: None }));
    let shown = directory.shown();
    if stat.is_immutable() {
        return obstacle(format!("directory {shown} is immutable"));
    }
    if stat.is_append_only() && replaces {
        return obstacle(format!("directory {shown} is append-only"));
    }
    match may_write_directory(directory) {
        Ok(()) | Err(Errno::NOSYS) => {}
        Err(Errno::ACCESS) if overrides_permissions(stat) => {}
        Err(Errno::ACCESS) => return obstacle(format!("no write permission on directory {shown}")),
        Err(errno) => {
            return Err(at(STEP, format_args!("directory {shown}"))(errno));
        }
    }
    Ok(None)
}
