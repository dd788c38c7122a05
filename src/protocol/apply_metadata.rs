//! Applying metadata to the staged file.
//!
//! The order of the calls, each of which the next would forbid or undo:
//!
//! 1. `user.*` attributes: they need write permission, which the last mode may not give.
//! 2. group: `chown` needs the owner; it clears the set-ID bits and capabilities that we do not set anyway.
//! 3. labels and other attributes.
//! 4. the ACL, set or removed explicitly: a default ACL of the directory has left entries on the staging file, and
//!    `chmod` would make them effective again.
//! 5. mode. Until here the file had mode 0600, or its final mode.
//! 6. owner, last: after it, without `CAP_FOWNER`, everything above is refused.
//! 7. set-ID bits, which only `--mode` asks for and which `chown` clears.
//!
//! All of it precedes the sync.

use std::ffi::CStr;

use super::metadata::{Metadata, shown};
use super::staging::{is_wider, mode_cannot_be_had};
use crate::error::{Context, Error, Result, at};
use crate::platform::{
    self, Attributes, BorrowedFd, Errno, IdMapping, Stat, acl, has_attribute, is_preserved, is_refusal,
    needs_write_permission, opaque_acl, remove_attribute, set_attribute, set_owner,
};

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
    let names = match Attributes::of_file(file).names() {
        Ok(names) => names,
        // It has none, or what it has cannot be known; either way none can be removed.
        Err(errno) if is_refusal(errno) || errno == Errno::IO => return Ok(()),
        Err(errno) => return Err(Error::new(errno).context(STEP)),
    };
    for name in names.iter().filter(|name| is_preserved(name)) {
        unless_refused(remove_attribute(file, name))?;
    }
    Ok(())
}

/// The seven steps above.
fn like(file: BorrowedFd<'_>, old: &Metadata, mode: Option<u32>) -> Result<Option<String>> {
    let created = Stat::of(file).context(STEP)?;
    let mut staged = Staged { file, old, bits: created.bits(), not_preserved: old.unread.clone() };
    staged.set_attributes(needs_write_permission)?;
    let group_kept = staged.set_group(&created)?;
    staged.set_attributes(|name| !needs_write_permission(name))?;
    let wanted = match mode {
        Some(mode) => {
            remove_acl(file)?;
            mode
        }
        None => staged.set_acl(group_kept)?,
    };
    // Set-ID bits would make it a program of ours until it has its owner.
    let is_ours = created.uid == old.stat.uid;
    staged.set_bits(if is_ours { wanted } else { wanted & 0o1777 })?;
    staged.set_owner(&created)?;
    staged.set_id_bits(wanted, is_ours)?;
    if mode.is_some() {
        return Ok(in_words(&staged.not_preserved, asked_mode(file, wanted)?));
    }
    staged.not_preserved.extend(another_mode(wanted, staged.bits));
    Ok(in_words(&staged.not_preserved, None))
}

/// The staged file while it gets the metadata of the old one.
struct Staged<'a> {
    file: BorrowedFd<'a>,
    old: &'a Metadata,
    /// The permission bits that it has by now.
    bits: u32,
    /// What it does not get, in words.
    not_preserved: Vec<String>,
}

impl Staged<'_> {
    /// Steps 1 and 3: the attributes whose names are wanted.
    fn set_attributes(&mut self, is_wanted: impl Fn(&CStr) -> bool) -> Result<()> {
        for (name, value) in self.old.attributes.iter().filter(|(name, _)| is_wanted(name)) {
            if !set_or_has(self.file, name, value)? {
                self.not_preserved.push(shown(name));
            }
        }
        Ok(())
    }

    /// Step 2: whether it has the old group in the end. An id that is not mapped here must not be taken for the group that it
    /// shows as.
    fn set_group(&mut self, created: &Stat) -> Result<bool> {
        let group = self.old.stat.gid;
        let kept = match self.old.group {
            IdMapping::Unmapped => false,
            _ if created.gid == group => true,
            IdMapping::Ambiguous => false,
            IdMapping::Mapped => unless_refused(set_owner(self.file, None, Some(group)))?,
        };
        if !kept {
            self.not_preserved.push(format!("group {group}"));
        }
        Ok(kept)
    }

    /// Step 4: sets the ACL, or removes what a default ACL has left. Returns the permission bits that the file is to have in the
    /// end.
    fn set_acl(&mut self, group_kept: bool) -> Result<u32> {
        let wanted = self.old.stat.mode & 0o1777;
        if let Some(acl) = &self.old.acl {
            let acl = if group_kept { acl.clone() } else { acl.without_group() };
            if unless_refused(set_attribute(self.file, acl::ATTRIBUTE, &acl.bytes()))? {
                self.bits = mode_of(self.file)?;
                return Ok((wanted & 0o1000) | (self.bits & 0o777));
            }
            remove_acl(self.file)?;
            self.not_preserved.push("access control list".to_owned());
            return Ok(acl.as_mode(wanted));
        }
        remove_acl(self.file)?;
        let mut bits = if group_kept { wanted } else { (wanted & 0o1700) | both(wanted >> 3, wanted) };
        for (name, value) in &self.old.opaque_acls {
            bits = self.set_opaque_acl(name, value.as_deref(), bits)?;
        }
        Ok(bits)
    }

    /// Sets an ACL that only its file system understands. Returns the permission bits that the file is to have then.
    fn set_opaque_acl(&mut self, name: &CStr, value: Option<&[u8]>, bits: u32) -> Result<u32> {
        let set = match value {
            Some(value) => unless_refused(set_attribute(self.file, name, value))?,
            None => false,
        };
        if let (true, Some(value)) = (set, value) {
            self.bits = after_opaque_acl(self.file, name, value, bits)?;
            return Ok(self.bits);
        }
        if opaque_acl::is_said_by_mode(name, value) {
            // Nothing is lost.
            return Ok(bits);
        }
        self.not_preserved.push(shown(name));
        Ok(opaque_acl::bits_without(name, bits))
    }

    /// Step 5.
    fn set_bits(&mut self, bits: u32) -> Result<()> {
        if self.bits != bits && set_mode(self.file, bits)? {
            self.bits = bits;
        }
        Ok(())
    }

    /// Step 6.
    fn set_owner(&mut self, created: &Stat) -> Result<()> {
        let owner = self.old.stat.uid;
        let kept = self.old.owner == IdMapping::Mapped
            && (created.uid == owner || unless_refused(set_owner(self.file, Some(owner), None))?);
        if !kept {
            self.not_preserved.insert(0, format!("owner {owner}"));
        }
        Ok(())
    }

    /// Step 7. `was_ours` is whether the mode could be set as a whole in step 5.
    fn set_id_bits(&mut self, bits: u32, was_ours: bool) -> Result<()> {
        if bits & 0o6000 == 0 {
            return Ok(());
        }
        if !was_ours {
            set_mode(self.file, bits)?;
        }
        // The kernel drops set-group-ID without a word where the caller is not in the group.
        self.bits = mode_of(self.file)?;
        Ok(())
    }
}

/// The ACL is set, and mostly the mode with it. Where it is not, chmod(2) is called, which may change the ACL.
fn after_opaque_acl(file: BorrowedFd<'_>, name: &CStr, value: &[u8], bits: u32) -> Result<u32> {
    if mode_of(file)? & 0o777 != bits & 0o777 {
        set_mode(file, bits)?;
        unless_refused(set_attribute(file, name, value))?;
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
    Ok(Stat::of(file).context(STEP)?.bits())
}

/// A file system without modes says EPERM; then the mode is what the mount gives to every file.
fn set_mode(file: BorrowedFd<'_>, mode: u32) -> Result<bool> {
    unless_refused(platform::set_mode(file, mode))
}

fn remove_acl(file: BorrowedFd<'_>) -> Result<()> {
    match remove_attribute(file, acl::ATTRIBUTE) {
        Err(Errno::NODATA | Errno::NOTSUP) | Ok(()) => Ok(()),
        // Refused, but then there may be none: where none can be, some file systems refuse any work on it.
        Err(errno) if is_refusal(errno) && !has_acl(file)? => Ok(()),
        Err(errno) => Err(at(STEP, "access control list")(errno)),
    }
}

fn has_acl(file: BorrowedFd<'_>) -> Result<bool> {
    match has_attribute(file, acl::ATTRIBUTE) {
        Err(errno) if is_refusal(errno) => Ok(false),
        has => has.context(STEP),
    }
}

/// Sets the attribute, where that is not refused; a label that the system has already put there is as good.
fn set_or_has(file: BorrowedFd<'_>, name: &CStr, value: &[u8]) -> Result<bool> {
    match set_attribute(file, name, value) {
        Ok(()) => Ok(true),
        Err(errno) if is_refusal(errno) => Ok(Attributes::of_file(file).value(name).is_ok_and(|has| has == value)),
        Err(errno) => Err(at(STEP, shown(name))(errno)),
    }
}

/// Whether the call succeeded; a refusal is reported as a warning, anything else ends the run.
fn unless_refused(result: platform::Result<()>) -> Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(errno) if is_refusal(errno) => Ok(false),
        Err(errno) => Err(Error::new(errno).context(STEP)),
    }
}
