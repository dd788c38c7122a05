//! The names of backups, by GNU's rules. They are decided before any input is read.

use std::ffi::{OsStr, OsString};

use super::permissions::sticky_denies;
use super::resolve::ResolvedTarget;
use crate::error::{Context, ErrorExt, Result, failed};
use crate::options::{Backup, Control};
use crate::platform::{self, FileType, MAX_NAME_LENGTH, NAME_UNITS, Stat, name_length};
use crate::quote::Shown;

pub(super) const STEP: &str = "backup";

/// The backup's name, decided before any input is read.
#[derive(Debug)]
pub(crate) enum BackupName {
    /// This name. An existing file is replaced.
    Simple(OsString),
    /// `TARGET.~N~`, with this N or the next free one.
    Numbered(u64),
}

/// Why an existing file cannot be replaced by the backup, as far as that is predictable. An older directory is exchanged
/// with the backup of a directory.
fn obstacle(existing: &Stat, directory: &Stat, tree: bool) -> Option<&'static str> {
    if existing.kind() == FileType::Directory && !tree {
        Some("is a directory")
    } else if existing.is_mount_point() {
        Some("is a mount point")
    } else if existing.is_immutable() {
        Some("is immutable")
    } else if existing.is_append_only() {
        Some("is append-only")
    } else if sticky_denies(directory, existing.uid) {
        Some("is another user's, in a sticky directory")
    } else {
        None
    }
}

impl BackupName {
    /// Decides the name. Fails if the backup could not be created there. TARGET may not exist yet.
    pub(crate) fn plan(target: &ResolvedTarget, backup: &Backup, tree: bool) -> Result<BackupName> {
        let newest = match backup.control {
            Control::Simple => None,
            Control::Existing | Control::Numbered => newest(target)?,
        };
        let is_numbered = newest.is_some() || backup.control == Control::Numbered;
        if is_numbered {
            let Some(next) = newest.unwrap_or(0).checked_add(1) else {
                return Err(failed(STEP, "the number of the newest backup is the highest possible"));
            };
            if target.existing.is_some() {
                name_fits(&numbered(&target.name, next))?;
            }
            return Ok(BackupName::Numbered(next));
        }
        let mut name = target.name.clone();
        name.push(&backup.suffix);
        spares_links(target, &name)?;
        if target.existing.is_none() {
            // No file to back up yet. If TARGET appears, the commit reports any obstacle.
            return Ok(BackupName::Simple(name));
        }
        name_fits(&name)?;
        if let Some(existing) = target.directory.open_path(&name).context(STEP)? {
            let directory = target.directory.stat().context(STEP)?;
            if let Some(reason) = obstacle(&existing.stat, &directory, tree) {
                return Err(failed(STEP, format_args!("{} {reason}", Shown(&name))));
            }
        }
        Ok(BackupName::Simple(name))
    }

    /// The name as it was decided.
    pub(super) fn first(&self, target: &OsStr) -> OsString {
        match self {
            BackupName::Simple(name) => name.clone(),
            BackupName::Numbered(number) => numbered(target, *number),
        }
    }
}

/// Fails if the backup would replace a link that led to TARGET, which the user may have named.
fn spares_links(target: &ResolvedTarget, name: &OsStr) -> Result<()> {
    if target.links.is_empty() {
        return Ok(());
    }
    let existing = target.directory.lstat(name).context(STEP)?;
    if existing.is_some_and(|existing| target.links.iter().any(|link| link.is_same_file(&existing))) {
        let reason = format_args!("would replace {}, the symbolic link that leads to the file", Shown(name));
        return Err(failed(STEP, reason).hint("--suffix gives the backup another name"));
    }
    Ok(())
}

fn name_fits(name: &OsStr) -> Result<()> {
    let length = name_length(name);
    if length <= MAX_NAME_LENGTH {
        return Ok(());
    }
    Err(failed(STEP, format_args!("the backup's name would have {length} {NAME_UNITS}, more than {MAX_NAME_LENGTH}")))
}

pub(super) fn numbered(name: &OsStr, number: u64) -> OsString {
    let mut name = name.to_owned();
    name.push(format!(".~{number}~"));
    name
}

/// The highest number of an existing backup of TARGET.
fn newest(target: &ResolvedTarget) -> Result<Option<u64>> {
    if !target.directory.readable() {
        return newest_by_name(target);
    }
    let mut newest = None;
    platform::for_each_name(&target.directory, |name| {
        newest = newest.max(number_of(target.name.as_encoded_bytes(), name.as_encoded_bytes()));
    })
    .context(STEP)?;
    Ok(newest)
}

/// The same in a directory that cannot be read: tries the numbers in ascending order.
fn newest_by_name(target: &ResolvedTarget) -> Result<Option<u64>> {
    let mut newest = None;
    for number in 1.. {
        let existing = target.directory.lstat(&numbered(&target.name, number)).context(STEP)?;
        if existing.is_none() {
            break;
        }
        newest = Some(number);
    }
    Ok(newest)
}

/// N of `TARGET.~N~`.
fn number_of(target: &[u8], name: &[u8]) -> Option<u64> {
    let digits = name.strip_prefix(target)?.strip_prefix(b".~")?.strip_suffix(b"~")?;
    if digits.first().is_none_or(|first| !(b'1'..=b'9').contains(first)) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}
