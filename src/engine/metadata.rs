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
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Gid, Uid};
use rustix::io::Errno;

use super::acl::{self, Acl};
use super::names::{Pinned, Place};
use super::privilege::{self, Ids, Standing};
use super::stat::Stat;
use crate::failure::{Failure, Result, words};
use crate::report::Shown;
use crate::sys;

const STEP: &str = "set metadata";

/// What a replaced file hands on.
#[derive(Debug)]
pub(crate) struct Metadata {
    pub(crate) stat: Stat,
    owner: Standing,
    group: Standing,
    acl: Option<Acl>,
    attributes: Vec<(CString, Vec<u8>)>,
    /// Names of attributes that could be seen but not read.
    unread: Vec<String>,
}

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

impl Metadata {
    /// Reads it from the pinned inode.
    pub(crate) fn of(pinned: &Pinned, place: &Place) -> Result<Metadata> {
        let stat = Stat::of(&pinned.fd).map_err(Failure::call("read metadata"))?;
        let mut owner = privilege::standing(Ids::Users, stat.uid);
        let mut group = privilege::standing(Ids::Groups, stat.gid);
        if owner == Standing::Either {
            let is_mapped = privilege::owner_is_mapped(&pinned.fd);
            owner = if is_mapped { Standing::Mapped } else { Standing::Unmapped };
        }
        if group == Standing::Either && privilege::group_is_mapped(&pinned.fd, &stat) {
            group = Standing::Mapped;
        }
        let mut metadata = Metadata { stat, owner, group, acl: None, attributes: Vec::new(), unread: Vec::new() };
        // The path goes by way of the descriptor; without /proc the file is opened.
        let opened: OwnedFd;
        let mut path = names_path(pinned.fd.as_fd());
        let list = match list(&path) {
            Err(Errno::NOENT) => {
                opened = pinned.open(place).map_err(Failure::call("read metadata"))?;
                path = Source::Descriptor(opened.as_fd());
                list(&path)
            }
            listed => listed,
        };
        let list = match list {
            Ok(list) => list,
            Err(Errno::NOTSUP) => return Ok(metadata),
            Err(errno) => return Err(Failure::call("read metadata")(errno)),
        };
        for name in each_name(&list) {
            let is_acl = name.to_bytes() == acl::ATTRIBUTE.as_bytes();
            if !is_acl && !is_kept(name.to_bytes()) {
                continue;
            }
            match value(&path, &name) {
                Ok(value) if is_acl => metadata.acl = Acl::parse(&value),
                Ok(value) => metadata.attributes.push((name, value)),
                // Removed meanwhile.
                Err(Errno::NODATA) => {}
                Err(_) => metadata.unread.push(name.to_string_lossy().into_owned()),
            }
        }
        Ok(metadata)
    }

    /// Whether `--mode` would make a difference.
    pub(crate) fn differs_from(&self, mode: u32) -> bool {
        self.stat.bits() != mode || self.acl.is_some()
    }
}

/// Whether the finished file will belong to somebody whose files we then may not link any more: `CAP_CHOWN` gives it
/// away, and linking another's file needs `CAP_FOWNER`.
pub(crate) fn owner_locks_out(old: &Pinned) -> bool {
    use rustix::thread::CapabilitySet;
    old.stat.uid != privilege::me() && privilege::has(CapabilitySet::CHOWN) && !privilege::has(CapabilitySet::FOWNER)
}

/// How attributes are reached.
enum Source<'a> {
    Path(String),
    Descriptor(BorrowedFd<'a>),
}

fn names_path(fd: BorrowedFd<'_>) -> Source<'static> {
    Source::Path(super::proc_path(fd))
}

fn list(source: &Source<'_>) -> std::result::Result<Vec<u8>, Errno> {
    grow(|buffer| match source {
        Source::Path(path) => sys::listxattr(path, buffer),
        Source::Descriptor(fd) => sys::flistxattr(fd, buffer),
    })
}

/// The names in a list, each ended by a zero.
fn each_name(list: &[u8]) -> impl Iterator<Item = CString> {
    list.split_inclusive(|&byte| byte == 0).filter_map(|name| CString::from_vec_with_nul(name.to_vec()).ok())
}

fn value(source: &Source<'_>, name: &CString) -> std::result::Result<Vec<u8>, Errno> {
    grow(|buffer| match source {
        Source::Path(path) => sys::getxattr(path, name, buffer),
        Source::Descriptor(fd) => sys::fgetxattr(fd, name, buffer),
    })
}

/// Calls with more and more room: the size may change between asking for it and getting it.
fn grow(call: impl Fn(&mut [u8]) -> std::result::Result<usize, Errno>) -> std::result::Result<Vec<u8>, Errno> {
    /// `XATTR_SIZE_MAX` and `XATTR_LIST_MAX`.
    const MOST: usize = 65536;
    let mut buffer = vec![0; 512];
    loop {
        match call(&mut buffer) {
            Err(Errno::RANGE) if buffer.len() < MOST => buffer.resize(MOST, 0),
            Ok(length) => {
                buffer.truncate(length);
                return Ok(buffer);
            }
            Err(errno) => return Err(errno),
        }
    }
}

/// The contract's list: what belongs to the file is kept, what belongs to its old content is not.
fn is_kept(name: &[u8]) -> bool {
    const CONTENT: [&[u8]; 3] = [b"security.capability", b"security.ima", b"security.evm"];
    const OVERLAY: [&[u8]; 2] = [b"trusted.overlay.", b"user.overlay."];
    // As root sees XFS keep the access control lists themselves, which are handed on as such.
    const LISTS: [&[u8]; 2] = [b"trusted.SGI_ACL_FILE", b"trusted.SGI_ACL_DEFAULT"];
    let belongs = name.starts_with(b"user.")
        || name.starts_with(b"trusted.")
        || name.starts_with(b"security.")
        || name == b"btrfs.compression";
    belongs
        && !CONTENT.contains(&name)
        && !LISTS.contains(&name)
        && !OVERLAY.iter().any(|prefix| name.starts_with(prefix))
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
    let shown = || Shown(std::ffi::OsStr::new(&*name.to_string_lossy())).to_string();
    match sys::fsetxattr(file, name, value) {
        Ok(()) => Ok(()),
        Err(errno) if is_refusal(errno) => {
            // A label that the system has already put there.
            let has = grow(|buffer| sys::fgetxattr(file, name, buffer));
            if has.is_ok_and(|has| has == value) {
                return Ok(());
            }
            lost.push(shown());
            Ok(())
        }
        Err(errno) => Err(Failure::failed(STEP, format_args!("{}: {}", shown(), words(errno)))),
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
fn is_refusal(errno: Errno) -> bool {
    matches!(errno, Errno::PERM | Errno::ACCESS | Errno::NOTSUP | Errno::INVAL | Errno::NOSYS | Errno::OVERFLOW)
}
