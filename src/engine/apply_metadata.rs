//! Applying metadata to the staged file.
//!
//! The order of the calls, each of which the next would forbid or undo:
//!
//! 1. `user.*` attributes: they need write permission, which the last mode may not give.
//! 2. group: `chown` needs the owner; it clears the set-ID bits and capabilities that we do not set anyway.
//! 3. labels and other attributes.
//! 4. the access control list, set or removed explicitly: a default list of the directory has left entries on the
//!    staging file, and `chmod` would bring them back to life.
//! 5. mode. Until here the file was 0600, or what it will be.
//! 6. owner, last: after it, without `CAP_FOWNER`, everything above is refused.
//! 7. set-ID bits, which only `--mode` asks for and which `chown` clears.
//!
//! All of it precedes the sync.

use std::ffi::{CStr, CString};
use std::os::fd::BorrowedFd;

use rustix::io::Errno;

use super::acl;
use super::metadata::{Metadata, Source, each_name, grow, is_preserved, list, shown};
use super::opaque_acl;
use super::privilege::IdMapping;
use super::stage::{is_wider, mode_cannot_be_had};
use super::stat::Stat;
use crate::failure::{Failure, Result, words};
use crate::sys;

const STEP: &str = "set metadata";

/// Where the metadata of the finished file come from.
#[derive(Debug)]
pub(crate) enum MetadataSource {
    /// A new file: as it was created, or `mode`.
    New {
        /// From `--mode`.
        mode: Option<u32>,
    },
    /// A replaced file: like the old one, or with `mode`.
    Like {
        /// The old file's.
        old: Metadata,
        /// From `--mode`.
        mode: Option<u32>,
    },
}

impl MetadataSource {
    /// The file whose metadata they are.
    pub(crate) fn like(&self) -> Option<&Stat> {
        match self {
            MetadataSource::Like { old, .. } => Some(&old.stat),
            MetadataSource::New { .. } => None,
        }
    }
}

/// Applies the metadata to the staged file. `initial_mode` is the mode that it was created with, where that was narrowed
/// since. Returns what could not be preserved, in words.
pub(crate) fn apply_metadata(
    file: BorrowedFd<'_>,
    source: &MetadataSource,
    initial_mode: Option<u32>,
) -> Result<Option<String>> {
    match source {
        MetadataSource::New { mode: None } => match initial_mode {
            Some(initial_mode) => {
                set_mode(file, initial_mode)?;
                Ok(in_words(&Vec::from_iter(another_mode(initial_mode, mode_of(file)?)), None))
            }
            None => Ok(None),
        },
        MetadataSource::New { mode: Some(mode) } => {
            remove_acl(file)?;
            set_mode(file, *mode)?;
            Ok(in_words(&[], asked_mode(file, *mode)?))
        }
        MetadataSource::Like { old, mode } => like(file, old, *mode),
    }
}

/// Removes the metadata of a file that TARGET is no more: mode 0600, no ACL, no attributes. What the system does not
/// remove, such as a label of its own, stays.
pub(crate) fn reset_metadata(file: BorrowedFd<'_>) -> Result<()> {
    set_mode(file, 0o600)?;
    let list = match list(&Source::Descriptor(file)) {
        Ok(list) => list,
        // It has none, or what it has cannot be told; either way none can be taken back.
        Err(errno) if sys::is_refusal(errno) || errno == Errno::IO => return Ok(()),
        Err(errno) => return Err(Failure::call(STEP)(errno)),
    };
    for name in each_name(&list).filter(|name| is_preserved(name.to_bytes())) {
        unless_refused(sys::fremovexattr(file, &name))?;
    }
    Ok(())
}

fn like(file: BorrowedFd<'_>, old: &Metadata, mode: Option<u32>) -> Result<Option<String>> {
    let mut not_preserved: Vec<String> = old.unread.clone();
    let (users, others): (Vec<_>, Vec<_>) =
        old.attributes.iter().partition(|(name, _)| name.to_bytes().starts_with(b"user."));

    // 1
    for (name, value) in users {
        set_attribute(file, name, value, &mut not_preserved)?;
    }
    // 2
    let has = Stat::of(file).map_err(Failure::call(STEP))?;
    let (owner, group) = (old.stat.uid, old.stat.gid);
    // An id that is not mapped here must not be taken for the user or group that it shows as.
    let group_kept = match old.group {
        IdMapping::Unmapped => false,
        _ if has.gid == group => true,
        IdMapping::Ambiguous => false,
        IdMapping::Mapped => unless_refused(sys::fchown(file, None, Some(group)))?,
    };
    if !group_kept {
        not_preserved.push(format!("group {group}"));
    }
    // 3
    for (name, value) in others {
        set_attribute(file, name, value, &mut not_preserved)?;
    }
    // 4
    let mut now = has.bits();
    let bits = match mode {
        Some(mode) => {
            remove_acl(file)?;
            mode
        }
        None => set_acl(file, old, group_kept, &mut now, &mut not_preserved)?,
    };
    // 5
    // Set-ID bits would make it a program of ours until it has its owner.
    let first = if has.uid == owner { bits } else { bits & 0o1777 };
    if now != first && set_mode(file, first)? {
        now = first;
    }
    // 6
    let owner_kept =
        old.owner == IdMapping::Mapped && (has.uid == owner || unless_refused(sys::fchown(file, Some(owner), None))?);
    if !owner_kept {
        not_preserved.insert(0, format!("owner {owner}"));
    }
    // 7
    if bits & 0o6000 != 0 {
        if has.uid != owner {
            set_mode(file, bits)?;
        }
        // The kernel drops set-group-ID without a word where the caller is not in the group.
        now = mode_of(file)?;
    }
    if mode.is_some() {
        return Ok(in_words(&not_preserved, asked_mode(file, bits)?));
    }
    not_preserved.extend(another_mode(bits, now));
    Ok(in_words(&not_preserved, None))
}

/// Sets the access control list, or removes what a default list has left. Returns the permission bits that the file is to
/// have in the end; `now` are those that it has.
fn set_acl(
    file: BorrowedFd<'_>,
    old: &Metadata,
    group_kept: bool,
    now: &mut u32,
    not_preserved: &mut Vec<String>,
) -> Result<u32> {
    let wanted = old.stat.mode & 0o1777;
    let set_by_acl = |now: &mut u32| -> Result<u32> {
        *now = mode_of(file)?;
        Ok((wanted & 0o1000) | (*now & 0o777))
    };
    if let Some(acl) = &old.acl {
        let acl = if group_kept { acl.clone() } else { acl.without_group() };
        if unless_refused(sys::fsetxattr(file, acl::ATTRIBUTE, &acl.bytes()))? {
            return set_by_acl(now);
        }
        remove_acl(file)?;
        not_preserved.push("access control list".to_owned());
        return Ok(acl.as_mode(wanted));
    }
    remove_acl(file)?;
    let mut bits = if group_kept { wanted } else { (wanted & 0o1700) | both(wanted >> 3, wanted) };
    for (name, value) in &old.opaque_acls {
        let set = match value {
            Some(value) => unless_refused(sys::fsetxattr(file, name, value))?,
            None => false,
        };
        if let (true, Some(value)) = (set, value) {
            bits = after_opaque_acl(file, name, value, bits)?;
            *now = bits;
        } else if opaque_acl::is_said_by_mode(name, value.as_deref()) {
            // Nothing is lost.
        } else {
            not_preserved.push(shown(name));
            bits = opaque_acl::bits_without(name, bits);
        }
    }
    Ok(bits)
}

/// The list is set, and mostly the mode with it. Where it is not, chmod(2) is called, which may change the list.
fn after_opaque_acl(file: BorrowedFd<'_>, name: &CStr, value: &[u8], bits: u32) -> Result<u32> {
    if mode_of(file)? & 0o777 != bits & 0o777 {
        set_mode(file, bits)?;
        unless_refused(sys::fsetxattr(file, name, value))?;
    }
    mode_of(file)
}

fn both(group: u32, other: u32) -> u32 {
    let both = group & other & 0o7;
    both << 3 | both
}

/// The one warning, on the final difference.
fn in_words(not_preserved: &[String], mode: Option<String>) -> Option<String> {
    let not_preserved = (!not_preserved.is_empty()).then(|| format!("cannot keep {}", not_preserved.join(", ")));
    let mode = mode.map(|mode| format!("cannot set {mode}"));
    match (not_preserved, mode) {
        (Some(not_preserved), Some(mode)) => Some(format!("{not_preserved}; {mode}")),
        (not_preserved, mode) => not_preserved.or(mode),
    }
}

/// Compares what has become of the mode that `--mode` asks for. That somebody could do more is an error, as whoever asks
/// relies on it; that somebody can do less is told.
fn asked_mode(file: BorrowedFd<'_>, mode: u32) -> Result<Option<String>> {
    let bits = mode_of(file)?;
    if is_wider(bits, mode) { Err(mode_cannot_be_had(mode, bits)) } else { Ok(another_mode(mode, bits)) }
}

fn another_mode(wanted: u32, has: u32) -> Option<String> {
    (has != wanted).then(|| format!("mode {wanted:04o} (it is {has:04o})"))
}

fn mode_of(file: BorrowedFd<'_>) -> Result<u32> {
    Ok(Stat::of(file).map_err(Failure::call(STEP))?.bits())
}

/// A file system without modes says EPERM; then the mode is what the mount gives to every file.
fn set_mode(file: BorrowedFd<'_>, mode: u32) -> Result<bool> {
    unless_refused(sys::fchmod(file, mode))
}

fn remove_acl(file: BorrowedFd<'_>) -> Result<()> {
    match sys::fremovexattr(file, acl::ATTRIBUTE) {
        Err(Errno::NODATA | Errno::NOTSUP) | Ok(()) => Ok(()),
        // Refused, but then there may be none: where none can be, some file systems refuse any work on it.
        Err(errno) if sys::is_refusal(errno) && !has_acl(file)? => Ok(()),
        Err(errno) => Err(Failure::failed(STEP, format_args!("access control list: {}", words(errno)))),
    }
}

fn has_acl(file: BorrowedFd<'_>) -> Result<bool> {
    match sys::fgetxattr(file, acl::ATTRIBUTE, &mut []) {
        Ok(_) => Ok(true),
        Err(Errno::NODATA) => Ok(false),
        Err(errno) if sys::is_refusal(errno) => Ok(false),
        Err(errno) => Err(Failure::call(STEP)(errno)),
    }
}

fn set_attribute(file: BorrowedFd<'_>, name: &CString, value: &[u8], not_preserved: &mut Vec<String>) -> Result<()> {
    match sys::fsetxattr(file, name, value) {
        Ok(()) => Ok(()),
        Err(errno) if sys::is_refusal(errno) => {
            // A label that the system has already put there.
            let has = grow(|buffer| sys::fgetxattr(file, name, buffer));
            if has.is_ok_and(|has| has == value) {
                return Ok(());
            }
            not_preserved.push(shown(name));
            Ok(())
        }
        Err(errno) => Err(Failure::failed(STEP, format_args!("{}: {}", shown(name), words(errno)))),
    }
}

/// Whether the call succeeded; a refusal is told as a warning, anything else ends the run.
fn unless_refused(result: std::result::Result<(), Errno>) -> Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(errno) if sys::is_refusal(errno) => Ok(false),
        Err(errno) => Err(Failure::call(STEP)(errno)),
    }
}
