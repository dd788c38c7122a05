//! Metadata that a copy takes from its original. The order of the calls is that of `apply_metadata.rs`, for its reasons.
//! Beside what a replaced file passes on, a copy has the original's times and file capabilities, and all its attributes.

use std::ffi::{CStr, CString, OsStr};

use crate::platform::{
    self, Acl, Attributes, BorrowedFd, DirectoryHandle, Errno, FileType, IdMapping, Ids, Result, Stat, acl, is_copied,
    is_metadata_refusal, needs_write_permission, opaque_acl, remove_attribute, set_attribute, set_mode, set_owner,
};
use crate::protocol::metadata::without_group;
use crate::quote::ShownBytes;

/// Cleared by a change of the owner, and therefore set after it.
const CAPABILITY: &CStr = c"security.capability";

/// Whether new files in the directory get an ACL from it.
pub(super) fn passes_on_acl(directory: BorrowedFd<'_>) -> bool {
    platform::has_attribute(directory, acl::DEFAULT).unwrap_or(false)
}

/// Gives the open copy the metadata of the open original, whose state is `original`. `has_inherited` tells that the
/// copy may have an ACL from its directory. Returns what could not be kept.
pub(super) fn keep(
    from: BorrowedFd<'_>,
    original: &Stat,
    copy: BorrowedFd<'_>,
    has_inherited: bool,
) -> Result<Vec<String>> {
    let created = Stat::of(copy)?;
    let mut lost = Vec::new();
    let attributes = read_attributes(from, &mut lost)?;
    let bits = created.bits();
    let mut copy = Copied { file: copy, original, created, attributes, bits, lost };
    if has_inherited {
        copy.remove_inherited()?;
    }
    copy.set_attributes(|name| needs_write_permission(name) && !is_acl(name))?;
    let group_kept = copy.set_group()?;
    copy.set_attributes(|name| !needs_write_permission(name) && !is_acl(name) && name != CAPABILITY)?;
    let wanted = copy.set_acl(group_kept)?;
    copy.set_bits(wanted & 0o1777)?;
    let wanted = copy.set_opaque_acls(wanted)?;
    let times = platform::take_times(copy.file, original);
    copy.unless_refused(times, "times")?;
    let owner_kept = copy.set_owner()?;
    copy.set_id_bits(wanted, owner_kept, group_kept)?;
    copy.set_attributes(|name| name == CAPABILITY)?;
    Ok(copy.lost)
}

fn is_acl(name: &CStr) -> bool {
    name == acl::ATTRIBUTE || opaque_acl::is_opaque_acl(name)
}

fn shown(name: &CStr) -> String {
    ShownBytes(name.to_bytes()).to_string()
}

/// The attributes that a copy takes.
fn read_attributes(file: BorrowedFd<'_>, lost: &mut Vec<String>) -> Result<Vec<(CString, Vec<u8>)>> {
    let attributes = Attributes::of_file(file);
    let names = match attributes.names() {
        Ok(names) => names,
        Err(Errno::NOTSUP) => return Ok(Vec::new()),
        Err(errno) if is_metadata_refusal(errno) || errno == Errno::IO => {
            lost.push("extended attributes".to_owned());
            return Ok(Vec::new());
        }
        Err(errno) => return Err(errno),
    };
    let mut values = Vec::new();
    for name in names.into_iter().filter(|name| is_copied(name)) {
        match attributes.value(&name) {
            Ok(Some(value)) => values.push((name, value)),
            // Removed meanwhile, which the comparison of the states finds.
            Ok(None) => {}
            // Listed, but there is none of the kind.
            Err(Errno::NOTSUP) if opaque_acl::is_opaque_acl(&name) => {}
            Err(errno) if is_metadata_refusal(errno) => lost.push(shown(&name)),
            Err(errno) => return Err(errno),
        }
    }
    Ok(values)
}

/// A copy while it gets its metadata.
struct Copied<'a> {
    file: BorrowedFd<'a>,
    original: &'a Stat,
    created: Stat,
    attributes: Vec<(CString, Vec<u8>)>,
    /// Its current permission bits.
    bits: u32,
    lost: Vec<String>,
}

impl Copied<'_> {
    /// Whether the call succeeded. A refusal is recorded.
    fn unless_refused(&mut self, result: Result<()>, what: &str) -> Result<bool> {
        match result {
            Ok(()) => Ok(true),
            Err(errno) if is_metadata_refusal(errno) => {
                self.lost.push(what.to_owned());
                Ok(false)
            }
            Err(errno) => Err(errno),
        }
    }

    fn value(&self, wanted: &CStr) -> Option<&[u8]> {
        self.attributes.iter().find(|(name, _)| name.as_c_str() == wanted).map(|(_, value)| value.as_slice())
    }

    /// Removes the ACLs that the directory of the copy has given it.
    fn remove_inherited(&mut self) -> Result<()> {
        for name in [acl::ATTRIBUTE, acl::DEFAULT] {
            let is_possible = name == acl::ATTRIBUTE || self.created.kind() == FileType::Directory;
            if is_possible && self.value(name).is_none() {
                let removed = remove_attribute(self.file, name);
                self.unless_refused(removed, "access control list")?;
            }
        }
        Ok(())
    }

    fn set_attributes(&mut self, is_wanted: impl Fn(&CStr) -> bool) -> Result<()> {
        let attributes = std::mem::take(&mut self.attributes);
        for (name, value) in attributes.iter().filter(|(name, _)| is_wanted(name)) {
            match set_attribute(self.file, name, value) {
                // The system may have given it the same label already.
                Err(errno)
                    if is_metadata_refusal(errno)
                        && Attributes::of_file(self.file).value(name).is_ok_and(|has| has.as_ref() == Some(value)) => {}
                set => _ = self.unless_refused(set, &shown(name))?,
            }
        }
        self.attributes = attributes;
        Ok(())
    }

    /// Returns whether the copy has the original's group.
    fn set_group(&mut self) -> Result<bool> {
        let group = self.original.gid;
        if self.created.gid == group {
            return Ok(true);
        }
        let set = match platform::id_mapping(Ids::Groups, group) {
            IdMapping::Mapped => set_owner(self.file, None, Some(group)),
            IdMapping::Unmapped | IdMapping::Ambiguous => Err(Errno::INVAL),
        };
        self.unless_refused(set, "group")
    }

    /// Sets the POSIX ACL. Returns the final mode.
    fn set_acl(&mut self, group_kept: bool) -> Result<u32> {
        let mode = self.original.bits();
        let Some(value) = self.value(acl::ATTRIBUTE) else {
            return Ok(if group_kept { mode } else { without_group(mode) });
        };
        let Some(acl) = Acl::parse(value) else {
            self.lost.push("access control list".to_owned());
            return Ok(mode & !0o077);
        };
        let acl = if group_kept { acl } else { acl.without_group() };
        let set = set_attribute(self.file, acl::ATTRIBUTE, &acl.bytes());
        if self.unless_refused(set, "access control list")? {
            self.bits = Stat::of(self.file)?.bits();
            return Ok(mode & 0o7000 | self.bits & 0o777);
        }
        Ok(mode & 0o6000 | acl.as_mode(mode))
    }

    fn set_bits(&mut self, bits: u32) -> Result<()> {
        let set = if self.bits == bits { Ok(()) } else { set_mode(self.file, bits) };
        if self.unless_refused(set, "mode")? {
            self.bits = bits;
        }
        Ok(())
    }

    /// Sets the ACLs that only their file system understands. Returns the final mode.
    fn set_opaque_acls(&mut self, mut mode: u32) -> Result<u32> {
        let acls: Vec<_> =
            self.attributes.iter().filter(|(name, _)| opaque_acl::is_opaque_acl(name)).cloned().collect();
        for (name, value) in acls {
            let set = set_attribute(self.file, &name, &value);
            match set {
                Ok(()) => {}
                Err(errno) if is_metadata_refusal(errno) && opaque_acl::is_equivalent_to_mode(&name, Some(&value)) => {}
                refused => {
                    self.unless_refused(refused, &shown(&name))?;
                    mode = opaque_acl::bits_without_acl(&name, mode);
                    self.set_bits(mode & 0o1777)?;
                }
            }
        }
        Ok(mode)
    }

    /// Returns whether the copy has the original's owner.
    fn set_owner(&mut self) -> Result<bool> {
        let owner = self.original.uid;
        if self.created.uid == owner {
            return Ok(true);
        }
        let set = match platform::id_mapping(Ids::Users, owner) {
            IdMapping::Mapped => set_owner(self.file, Some(owner), None),
            IdMapping::Unmapped | IdMapping::Ambiguous => Err(Errno::INVAL),
        };
        self.unless_refused(set, "owner")
    }

    /// Sets the set-ID bits, unless they would be another owner's or group's.
    fn set_id_bits(&mut self, wanted: u32, owner_kept: bool, group_kept: bool) -> Result<()> {
        let lost = if owner_kept { 0 } else { 0o4000 } | if group_kept { 0 } else { 0o2000 };
        if wanted & lost != 0 {
            self.lost.push("mode".to_owned());
        }
        let wanted = wanted & !lost;
        if wanted & 0o6000 != 0 {
            self.set_bits(wanted)?;
            // The kernel silently drops set-group-ID if the caller is not in the group.
            let kept = platform::is_mode_met(wanted, Stat::of(self.file)?.bits());
            self.unless_refused(if kept { Ok(()) } else { Err(Errno::PERM) }, "mode")?;
        }
        Ok(())
    }
}

/// The same for a symbolic link or special file, which cannot be opened. It has owner, mode and times.
pub(super) fn keep_by_name(directory: &DirectoryHandle, name: &OsStr, original: &Stat) -> Result<Vec<String>> {
    let created = Stat::at(directory, name)?;
    let mut lost = Vec::new();
    let mut unless_refused = |set: Result<()>, what: &str| match set {
        Err(errno) if is_metadata_refusal(errno) => {
            lost.push(what.to_owned());
            Ok(())
        }
        set => set,
    };
    if created.gid != original.gid {
        unless_refused(platform::set_owner_of_name(directory, name, None, Some(original.gid)), "group")?;
    }
    if original.kind() != FileType::Symlink && created.bits() != original.bits() {
        unless_refused(platform::set_mode_of_name(directory, name, original.bits()), "mode")?;
    }
    unless_refused(platform::set_times_of_name(directory, name, original), "times")?;
    if created.uid != original.uid {
        unless_refused(platform::set_owner_of_name(directory, name, Some(original.uid), None), "owner")?;
    }
    Ok(lost)
}
