//! What the finished file looks like.
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

use std::ffi::CString;
use std::os::fd::BorrowedFd;

use rustix::fs::{Gid, Uid};
use rustix::io::Errno;

use super::acl;
use super::metadata::{Metadata, Source, each_name, grow, is_kept, list, shown};
use super::privilege::Standing;
use super::stat::Stat;
use crate::failure::{Failure, Result, words};
use crate::sys;

const STEP: &str = "set metadata";

/// What the finished file is to look like.
#[derive(Debug)]
pub(crate) enum Dress {
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

/// Dresses the staged file. `born` is the mode with which it was created, where that was narrowed since. Returns what
/// could not be kept, in words.
pub(crate) fn dress(file: BorrowedFd<'_>, dress: &Dress, born: Option<u32>) -> Result<Option<String>> {
    match dress {
        Dress::New { mode: None } => match born {
            Some(born) => {
                set_mode(file, born)?;
                Ok(another_mode(born, mode_of(file)?))
            }
            None => Ok(None),
        },
        Dress::New { mode: Some(mode) } => {
            remove_acl(file)?;
            set_mode(file, *mode)?;
            Ok(another_mode(*mode, mode_of(file)?))
        }
        Dress::Like { old, mode } => like(file, old, *mode),
    }
}

/// Takes back what was dressed like a file that TARGET is no more: private again, and without its attributes. What the
/// system does not let go, such as a label of its own, stays.
pub(crate) fn undress(file: BorrowedFd<'_>) -> Result<()> {
    set_mode(file, 0o600)?;
    let list = match list(&Source::Descriptor(file)) {
        Ok(list) => list,
        Err(Errno::NOTSUP) => return Ok(()),
        Err(errno) => return Err(Failure::call(STEP)(errno)),
    };
    for name in each_name(&list).filter(|name| is_kept(name.to_bytes())) {
        kept(sys::fremovexattr(file, &name))?;
    }
    Ok(())
}

fn like(file: BorrowedFd<'_>, old: &Metadata, mode: Option<u32>) -> Result<Option<String>> {
    let mut lost: Vec<String> = old.unread.clone();
    let (users, others): (Vec<_>, Vec<_>) =
        old.attributes.iter().partition(|(name, _)| name.to_bytes().starts_with(b"user."));

    // 1
    for (name, value) in users {
        set_attribute(file, name, value, &mut lost)?;
    }
    // 2
    let has = Stat::of(file).map_err(Failure::call(STEP))?;
    let (owner, group) = (old.stat.uid, old.stat.gid);
    // An id that is not mapped here must not be taken for the user or group that it shows as.
    let group_kept = match old.group {
        Standing::Unmapped => false,
        _ if has.gid == group => true,
        Standing::Either => false,
        Standing::Mapped => kept(sys::fchown(file, None, Some(Gid::from_raw(group))))?,
    };
    if !group_kept {
        lost.push(format!("group {group}"));
    }
    // 3
    for (name, value) in others {
        set_attribute(file, name, value, &mut lost)?;
    }
    // 4
    let wanted = old.stat.mode & 0o1777;
    let mut now = has.bits();
    let mut bits = wanted;
    match old.acl.as_ref().filter(|_| mode.is_none()) {
        None => {
            remove_acl(file)?;
            if !group_kept {
                bits = (wanted & 0o1700) | both(wanted >> 3, wanted);
            }
        }
        Some(acl) => {
            let acl = if group_kept { acl.clone() } else { acl.without_group() };
            if kept(sys::fsetxattr(file, acl::ATTRIBUTE, &acl.bytes()))? {
                // The list has set the permission bits.
                now = mode_of(file)?;
                bits = (wanted & 0o1000) | (now & 0o777);
            } else {
                remove_acl(file)?;
                lost.push("access control list".to_owned());
                bits = acl.as_mode(wanted);
            }
        }
    }
    // 5
    let bits = mode.unwrap_or(bits);
    // Set-ID bits would make it a program of ours until it has its owner.
    let first = if has.uid == owner { bits } else { bits & 0o1777 };
    if now != first && set_mode(file, first)? {
        now = first;
    }
    // 6
    let owner_kept = old.owner == Standing::Mapped
        && (has.uid == owner || kept(sys::fchown(file, Some(Uid::from_raw(owner)), None))?);
    if !owner_kept {
        lost.insert(0, format!("owner {owner}"));
    }
    // 7
    if bits & 0o6000 != 0 {
        if has.uid != owner {
            set_mode(file, bits)?;
        }
        // The kernel drops set-group-ID without a word where the caller is not in the group.
        now = mode_of(file)?;
    }
    lost.extend(another_mode(bits, now));
    Ok(in_words(&lost))
}

fn both(group: u32, other: u32) -> u32 {
    let both = group & other & 0o7;
    both << 3 | both
}

/// The one warning, on the final difference.
fn in_words(lost: &[String]) -> Option<String> {
    (!lost.is_empty()).then(|| lost.join(", "))
}

fn another_mode(wanted: u32, has: u32) -> Option<String> {
    (has != wanted).then(|| format!("mode {wanted:04o} (it is {has:04o})"))
}

fn mode_of(file: BorrowedFd<'_>) -> Result<u32> {
    Ok(Stat::of(file).map_err(Failure::call(STEP))?.bits())
}

/// A file system without modes says EPERM; then the mode is what the mount gives to every file.
fn set_mode(file: BorrowedFd<'_>, mode: u32) -> Result<bool> {
    kept(sys::fchmod(file, mode))
}

fn remove_acl(file: BorrowedFd<'_>) -> Result<()> {
    match sys::fremovexattr(file, acl::ATTRIBUTE) {
        Err(Errno::NODATA | Errno::NOTSUP) | Ok(()) => Ok(()),
        Err(errno) => Err(Failure::failed(STEP, format_args!("access control list: {}", words(errno)))),
    }
}

fn set_attribute(file: BorrowedFd<'_>, name: &CString, value: &[u8], lost: &mut Vec<String>) -> Result<()> {
    match sys::fsetxattr(file, name, value) {
        Ok(()) => Ok(()),
        Err(errno) if is_refusal(errno) => {
            // A label that the system has already put there.
            let has = grow(|buffer| sys::fgetxattr(file, name, buffer));
            if has.is_ok_and(|has| has == value) {
                return Ok(());
            }
            lost.push(shown(name));
            Ok(())
        }
        Err(errno) => Err(Failure::failed(STEP, format_args!("{}: {}", shown(name), words(errno)))),
    }
}

/// Whether the call succeeded; a refusal is told as a warning, anything else ends the run.
fn kept(result: std::result::Result<(), Errno>) -> Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(errno) if is_refusal(errno) => Ok(false),
        Err(errno) => Err(Failure::call(STEP)(errno)),
    }
}

/// "You may not", "not here" and "not such an id", as against a disk that fails or is full.
pub(super) fn is_refusal(errno: Errno) -> bool {
    matches!(errno, Errno::PERM | Errno::ACCESS | Errno::NOTSUP | Errno::INVAL | Errno::NOSYS | Errno::OVERFLOW)
}
