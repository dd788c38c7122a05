//! Applying metadata to the staged file.
//!
//! The calls have this order because a later one would prevent or undo an earlier one:
//!
//! 1. `user.*` attributes: they need write permission, which the final mode may not grant.
//! 2. group: only the owner may change it. `chown` clears set-ID bits and capabilities, which are not set yet.
//! 3. labels and other attributes.
//! 4. the ACL, set or removed explicitly: a default ACL of the directory has left entries on the staging file, and
//!    `chmod` would make them effective again.
//! 5. mode. Until here the file has mode 0600 or its final mode.
//! 6. times, which nothing below changes.
//! 7. owner, last: after it, without `CAP_FOWNER`, all calls above are refused.
//! 8. set-ID bits, which only `--mode` requests and which `chown` clears.
//!
//! A new file takes the same steps, as far as something is requested. All of them precede the sync.

use std::ffi::CStr;

use super::metadata::{Metadata, shown, without_group};
use super::sealed::InitialAccess;
use super::staging::{is_wider, mode_unsupported};
use super::{requested_mode, requested_owner};
use crate::error::{Context, Error, Result, at};
use crate::mode::Mode;
use crate::options::{Options, Owners};
use crate::platform::{
    self, Attributes, BorrowedFd, Errno, FileType, IdMapping, Ids, Stat, acl, has_attribute, is_metadata_refusal,
    is_preserved, needs_write_permission, opaque_acl, remove_attribute, set_attribute, set_owner,
};

const STEP: &str = "set metadata";

/// Where the metadata of the finished file comes from.
#[derive(Debug)]
pub(crate) enum MetadataSource {
    /// A new file: as it was created, or with `mode`.
    New {
        /// From `--mode`.
        mode: Option<Mode>,
        /// From `--owner` and `--group`.
        owners: Owners,
    },
    /// A replaced file: the old file's metadata, or `mode` in place of its mode.
    Old {
        /// The old file's metadata.
        old: Metadata,
        /// From `--mode`.
        mode: Option<Mode>,
        /// From `--owner` and `--group`, in place of the old file's.
        owners: Owners,
    },
}

impl MetadataSource {
    /// For a file that replaces the one with this metadata.
    pub(crate) fn of_old(old: Metadata, options: &Options) -> Self {
        MetadataSource::Old { old, mode: options.mode.clone(), owners: options.owners }
    }

    /// For a new file.
    pub(crate) fn of_new(options: &Options) -> Self {
        MetadataSource::New { mode: options.mode.clone(), owners: options.owners }
    }

    /// The file whose metadata is applied.
    pub(crate) fn old_stat(&self) -> Option<&Stat> {
        match self {
            MetadataSource::Old { old, .. } => Some(&old.stat),
            MetadataSource::New { .. } => None,
        }
    }
}

/// Applies the metadata to the staged file. `initial` is the access that it was created with, if that was reduced since;
/// `times` is the state of SOURCE, if its times are to be preserved. Returns a warning about metadata that could not be
/// preserved.
pub(crate) fn apply_metadata(
    file: BorrowedFd<'_>,
    source: &MetadataSource,
    initial: Option<&InitialAccess>,
    times: Option<&Stat>,
) -> Result<Option<String>> {
    match source {
        MetadataSource::New { mode: None, owners } if !owners.are_requested() => {
            let warning = initial.map_or(Ok(None), |initial| restore_access(file, initial))?;
            set_times(file, times).map(|()| warning)
        }
        MetadataSource::New { mode, owners } => apply_to_new(file, mode.as_ref(), *owners, initial, times),
        MetadataSource::Old { old, mode, owners } => apply_old_metadata(file, old, mode.as_ref(), *owners, times),
    }
}

/// Sets the times that are to be preserved.
pub(super) fn set_times(file: BorrowedFd<'_>, times: Option<&Stat>) -> Result<()> {
    times.map_or(Ok(()), |like| platform::take_times(file, like)).context("preserve timestamps")
}

/// Gives a new file what is requested, and otherwise the access that it was created with.
fn apply_to_new(
    file: BorrowedFd<'_>,
    mode: Option<&Mode>,
    owners: Owners,
    initial: Option<&InitialAccess>,
    times: Option<&Stat>,
) -> Result<Option<String>> {
    let created = Stat::of(file).context(STEP)?;
    let same_owner = owners.user.is_none_or(|user| user == created.uid);
    let is_directory = created.kind() == FileType::Directory;
    requested_owner::give_group(file, &created, owners)?;
    let Some(mode) = mode else {
        let not_restored = initial.map_or(Ok(None), |initial| restore_access(file, initial))?;
        set_times(file, times)?;
        requested_owner::give_owner(file, &created, owners)?;
        if is_directory && mode_of(file)? != created.bits() {
            // For a directory, set-group-ID is no privilege, and some systems clear it all the same.
            set_mode(file, created.bits())?;
        }
        return Ok(not_restored);
    };
    let bits = initial.map_or(created.bits(), |initial| initial.mode);
    let wanted = requested_mode::of_new(mode, file, bits, is_directory).context(STEP)?;
    remove_acl(file)?;
    // Until the file has its final owner, set-ID bits would make it a program that runs as the caller.
    set_mode(file, if same_owner { wanted } else { wanted & 0o1777 })?;
    set_times(file, times)?;
    requested_owner::give_owner(file, &created, owners)?;
    if !same_owner && wanted & 0o6000 != 0 {
        set_mode(file, wanted)?;
    }
    Ok(warning(&[], check_requested_mode(file, wanted)?))
}

/// Gives a new file the access that it was created with.
fn restore_access(file: BorrowedFd<'_>, initial: &InitialAccess) -> Result<Option<String>> {
    set_mode(file, initial.mode)?;
    let mut not_preserved = Vec::new();
    if let Some((name, acl)) = &initial.acl {
        if unless_refused(set_attribute(file, name, acl))? {
            after_opaque_acl(file, name, acl, initial.mode)?;
        } else {
            not_preserved.push(format!("inherited {}", shown(name)));
        }
    }
    not_preserved.extend(mode_difference(initial.mode, mode_of(file)?));
    Ok(warning(&not_preserved, None))
}

/// Removes the metadata of a file that is no longer TARGET: sets mode 0600, or 0700 for a directory, and removes ACL and
/// attributes. What the system refuses to remove, such as its own label, stays.
pub(crate) fn reset_metadata(file: BorrowedFd<'_>) -> Result<()> {
    let is_directory = Stat::of(file).context(STEP)?.kind() == FileType::Directory;
    set_mode(file, if is_directory { 0o700 } else { 0o600 })?;
    let names = match Attributes::of_file(file).names() {
        Ok(names) => names,
        // It has no attributes, or they cannot be listed and therefore not removed.
        Err(errno) if is_metadata_refusal(errno) || errno == Errno::IO => return Ok(()),
        Err(errno) => return Err(Error::new(errno).context(STEP)),
    };
    for name in names.iter().filter(|name| is_preserved(name) || opaque_acl::is_opaque_acl(name)) {
        unless_refused(remove_attribute(file, name))?;
    }
    Ok(())
}

/// Takes rights away that a program would have, as set-ID bits give them.
pub(crate) fn drop_privileges(file: BorrowedFd<'_>) -> Result<()> {
    platform::PRIVILEGES.map_or(Ok(()), |name| unless_refused(remove_attribute(file, name)).map(drop))
}

/// The eight steps above.
fn apply_old_metadata(
    file: BorrowedFd<'_>,
    old: &Metadata,
    mode: Option<&Mode>,
    owners: Owners,
    times: Option<&Stat>,
) -> Result<Option<String>> {
    let created = Stat::of(file).context(STEP)?;
    let mut staged = Staged { file, old, owners, bits: created.bits(), not_preserved: old.unread.clone() };
    staged.set_attributes(needs_write_permission)?;
    let group_kept = staged.set_group(&created)?;
    staged.set_attributes(|name| !needs_write_permission(name))?;
    let wanted = match mode {
        Some(mode) => {
            remove_acl(file)?;
            requested_mode::of_replacement(mode, old, group_kept)
        }
        None => staged.set_acl(group_kept)?,
    };
    // Until the file has its final owner, set-ID bits would make it a program that runs as the caller.
    let same_owner = created.uid == owners.user.unwrap_or(old.stat.uid);
    staged.set_bits(if same_owner { wanted } else { wanted & 0o1777 })?;
    set_times(file, times)?;
    staged.set_owner(&created)?;
    staged.set_id_bits(wanted, same_owner)?;
    if mode.is_some() {
        return Ok(warning(&staged.not_preserved, check_requested_mode(file, wanted)?));
    }
    staged.not_preserved.extend(mode_difference(wanted, staged.bits));
    Ok(warning(&staged.not_preserved, None))
}

/// The staged file while it gets the metadata of the old one.
struct Staged<'a> {
    file: BorrowedFd<'a>,
    old: &'a Metadata,
    /// The requested ones.
    owners: Owners,
    /// Its current permission bits.
    bits: u32,
    /// The metadata that could not be preserved.
    not_preserved: Vec<String>,
}

impl Staged<'_> {
    /// Steps 1 and 3: sets the attributes whose names are wanted.
    fn set_attributes(&mut self, is_wanted: impl Fn(&CStr) -> bool) -> Result<()> {
        for (name, value) in self.old.attributes.iter().filter(|(name, _)| is_wanted(name)) {
            if !ensure_attribute(self.file, name, value)? {
                self.not_preserved.push(shown(name));
            }
        }
        Ok(())
    }

    /// Step 2: returns whether the file has the old group in the end, or the requested one, for which the old group's
    /// permissions are then meant. An id that is not mapped here must not be taken for the group that it is shown as.
    fn set_group(&mut self, created: &Stat) -> Result<bool> {
        if self.owners.group.is_some() {
            return requested_owner::give_group(self.file, created, self.owners).map(|()| true);
        }
        let group = self.old.stat.gid;
        let kept = match self.old.group {
            IdMapping::Unmapped => false,
            _ if created.gid == group => true,
            IdMapping::Ambiguous => false,
            IdMapping::Mapped => unless_refused(set_owner(self.file, None, Some(group)))?,
        };
        if !kept {
            self.not_preserved.push(requested_owner::shown_id("group", Ids::Groups, group, self.old.group));
        }
        Ok(kept)
    }

    /// Step 4: sets the ACL, or removes entries that a default ACL has left. Returns the final permission bits.
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
        let mut bits = if group_kept { wanted } else { without_group(wanted) };
        for (name, value) in &self.old.opaque_acls {
            bits = self.set_opaque_acl(name, value.as_deref(), bits)?;
        }
        Ok(bits)
    }

    /// Sets an ACL that only its file system understands. Returns the final permission bits.
    fn set_opaque_acl(&mut self, name: &CStr, value: Option<&[u8]>, bits: u32) -> Result<u32> {
        let set = match value {
            Some(value) => unless_refused(set_attribute(self.file, name, value))?,
            None => false,
        };
        if let (true, Some(value)) = (set, value) {
            self.bits = after_opaque_acl(self.file, name, value, bits)?;
            return Ok(self.bits);
        }
        if opaque_acl::is_equivalent_to_mode(name, value) {
            // The mode expresses the same, so nothing is lost.
            return Ok(bits);
        }
        self.not_preserved.push(shown(name));
        Ok(opaque_acl::bits_without_acl(name, bits))
    }

    /// Step 5: sets the permission bits.
    fn set_bits(&mut self, bits: u32) -> Result<()> {
        if self.bits != bits && set_mode(self.file, bits)? {
            self.bits = bits;
        }
        Ok(())
    }

    /// Step 7: sets the owner.
    fn set_owner(&mut self, created: &Stat) -> Result<()> {
        if self.owners.user.is_some() {
            return requested_owner::give_owner(self.file, created, self.owners);
        }
        let owner = self.old.stat.uid;
        let kept = self.old.owner == IdMapping::Mapped
            && (created.uid == owner || unless_refused(set_owner(self.file, Some(owner), None))?);
        if !kept {
            self.not_preserved.insert(0, requested_owner::shown_id("owner", Ids::Users, owner, self.old.owner));
        }
        Ok(())
    }

    /// Step 8: sets the set-ID bits. With `same_owner`, step 5 has set the whole mode already.
    fn set_id_bits(&mut self, bits: u32, same_owner: bool) -> Result<()> {
        if bits & 0o6000 == 0 {
            return Ok(());
        }
        if !same_owner {
            set_mode(self.file, bits)?;
        }
        // The kernel silently drops set-group-ID if the caller is not in the group.
        self.bits = mode_of(self.file)?;
        Ok(())
    }
}

/// Returns the mode after the ACL was set, which usually sets the mode as well. If not, chmod(2) sets it; because that
/// may change the ACL, the ACL is set again.
fn after_opaque_acl(file: BorrowedFd<'_>, name: &CStr, value: &[u8], bits: u32) -> Result<u32> {
    if mode_of(file)? & 0o777 != bits & 0o777 {
        set_mode(file, bits)?;
        unless_refused(set_attribute(file, name, value))?;
    }
    mode_of(file)
}

/// The warning about the final difference.
fn warning(not_preserved: &[String], mode: Option<String>) -> Option<String> {
    let not_preserved = (!not_preserved.is_empty()).then(|| format!("cannot keep {}", not_preserved.join(", ")));
    let mode = mode.map(|mode| format!("cannot set {mode}"));
    match (not_preserved, mode) {
        (Some(not_preserved), Some(mode)) => Some(format!("{not_preserved}; {mode}")),
        (not_preserved, mode) => not_preserved.or(mode),
    }
}

/// Checks the mode that `--mode` requested. More access than requested is an error, because the user relies on the
/// limit; less access is a warning.
fn check_requested_mode(file: BorrowedFd<'_>, mode: u32) -> Result<Option<String>> {
    let bits = mode_of(file)?;
    if is_wider(bits, mode) { Err(mode_unsupported(mode, bits)) } else { Ok(mode_difference(mode, bits)) }
}

fn mode_difference(wanted: u32, has: u32) -> Option<String> {
    (!platform::is_mode_met(wanted, has)).then(|| format!("mode {wanted:04o} (it is {has:04o})"))
}

fn mode_of(file: BorrowedFd<'_>) -> Result<u32> {
    Ok(Stat::of(file).context(STEP)?.bits())
}

/// A file system without modes fails with EPERM; every file then has the mount's mode.
fn set_mode(file: BorrowedFd<'_>, mode: u32) -> Result<bool> {
    unless_refused(platform::set_mode(file, mode))
}

fn remove_acl(file: BorrowedFd<'_>) -> Result<()> {
    match remove_attribute(file, acl::ATTRIBUTE) {
        Err(Errno::NOTSUP) | Ok(()) => Ok(()),
        // Refused, but there may be no ACL: file systems without ACLs may refuse any operation on one.
        Err(errno) if is_metadata_refusal(errno) && !has_acl(file)? => Ok(()),
        Err(errno) => Err(at(STEP, "access control list")(errno)),
    }
}

fn has_acl(file: BorrowedFd<'_>) -> Result<bool> {
    match has_attribute(file, acl::ATTRIBUTE) {
        Err(errno) if is_metadata_refusal(errno) => Ok(false),
        has => has.context(STEP),
    }
}

/// Sets the attribute. Returns false if that is refused, unless the system has already set the same label.
fn ensure_attribute(file: BorrowedFd<'_>, name: &CStr, value: &[u8]) -> Result<bool> {
    match set_attribute(file, name, value) {
        Ok(()) => Ok(true),
        Err(errno) if is_metadata_refusal(errno) => {
            Ok(Attributes::of_file(file).value(name).is_ok_and(|has| has.as_deref() == Some(value)))
        }
        Err(errno) => Err(at(STEP, shown(name))(errno)),
    }
}

/// Whether the call succeeded. A refusal becomes a warning; any other error ends the run.
pub(super) fn unless_refused(result: platform::Result<()>) -> Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(errno) if is_metadata_refusal(errno) => Ok(false),
        Err(errno) => Err(Error::new(errno).context(STEP)),
    }
}
