//! POSIX ACLs, as the kernel returns them in `system.posix_acl_access`.
//!
//! The format is that of `linux/posix_acl_xattr.h`: a version, then entries of tag, permissions and id, in
//! little-endian order.

use std::ffi::CStr;

/// The extended attribute that holds the ACL.
pub(crate) const ATTRIBUTE: &CStr = c"system.posix_acl_access";

/// The extended attribute of a directory whose ACL new files in it get.
pub(crate) const DEFAULT: &CStr = c"system.posix_acl_default";

const VERSION: u32 = 2;
const USER: u16 = 0x02;
const GROUP_OBJ: u16 = 0x04;
const GROUP: u16 = 0x08;
const MASK: u16 = 0x10;
const OTHER: u16 = 0x20;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Entry {
    tag: u16,
    permissions: u16,
    id: u32,
}

/// A POSIX ACL.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Acl(Vec<Entry>);

impl Acl {
    /// `None` if the bytes are not an ACL.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Acl> {
        let (version, mut rest) = bytes.split_first_chunk::<4>()?;
        if u32::from_le_bytes(*version) != VERSION {
            return None;
        }
        let mut entries = Vec::new();
        while let Some((entry, after)) = rest.split_first_chunk::<8>() {
            let [t0, t1, p0, p1, i0, i1, i2, i3] = *entry;
            entries.push(Entry {
                tag: u16::from_le_bytes([t0, t1]),
                permissions: u16::from_le_bytes([p0, p1]),
                id: u32::from_le_bytes([i0, i1, i2, i3]),
            });
            rest = after;
        }
        rest.is_empty().then_some(Acl(entries))
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = VERSION.to_le_bytes().to_vec();
        for entry in &self.0 {
            bytes.extend(entry.tag.to_le_bytes());
            bytes.extend(entry.permissions.to_le_bytes());
            bytes.extend(entry.id.to_le_bytes());
        }
        bytes
    }

    fn permissions(&self, tag: u16) -> Option<u16> {
        self.0.iter().find(|entry| entry.tag == tag).map(|entry| entry.permissions)
    }

    /// The permissions of the owning group: its entry limited by the mask, not the mask itself that `ls -l` shows.
    fn group(&self) -> u16 {
        self.permissions(GROUP_OBJ).unwrap_or(0) & self.permissions(MASK).unwrap_or(0o7)
    }

    fn other(&self) -> u16 {
        self.permissions(OTHER).unwrap_or(0)
    }

    /// The ACL for a file that has lost its group: group and other get the permissions that both had.
    pub(crate) fn without_group(&self) -> Acl {
        let common = self.group() & self.other();
        let narrow = |entry: &Entry| match entry.tag {
            GROUP_OBJ | OTHER => Entry { permissions: common, ..*entry },
            _ => *entry,
        };
        Acl(self.0.iter().map(narrow).collect())
    }

    /// This ACL after chmod(2), which sets the mask in place of the group's entry.
    pub(crate) fn with_mode(&self, mode: u32) -> Acl {
        let class_of_group = if self.permissions(MASK).is_some() { MASK } else { GROUP_OBJ };
        #[allow(clippy::cast_possible_truncation)] // Three bits.
        let set = |entry: &Entry| match entry.tag {
            tag if tag == class_of_group => Entry { permissions: (mode >> 3 & 0o7) as u16, ..*entry },
            OTHER => Entry { permissions: (mode & 0o7) as u16, ..*entry },
            _ => *entry,
        };
        Acl(self.0.iter().map(set).collect())
    }

    /// The closest permission bits that grant no user more than the ACL does. A named user or group may have had fewer
    /// permissions than the class that it now falls into, so that class is limited to them.
    pub(crate) fn as_mode(&self, owner: u32) -> u32 {
        let mask = self.permissions(MASK).unwrap_or(0o7);
        let least = |tags: &[u16]| {
            let named = self.0.iter().filter(|entry| tags.contains(&entry.tag));
            named.fold(0o7, |least, entry| least & entry.permissions & mask)
        };
        let group = self.group() & least(&[USER]);
        let other = self.other() & least(&[USER, GROUP]);
        (owner & 0o1700) | u32::from(group) << 3 | u32::from(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acl_of(entries: &[(u16, u16)]) -> Acl {
        Acl(entries.iter().map(|&(tag, permissions)| Entry { tag, permissions, id: 0 }).collect())
    }

    #[test]
    fn parse_inverts_bytes() {
        let acl = acl_of(&[(0x01, 6), (USER, 4), (GROUP_OBJ, 4), (MASK, 4), (OTHER, 0)]);
        assert_eq!(Acl::parse(&acl.bytes()), Some(acl));
        assert_eq!(Acl::parse(&[2, 0, 0, 0, 1]), None);
        assert_eq!(Acl::parse(&[3, 0, 0, 0]), None);
    }

    #[test]
    fn as_mode_grants_no_additional_access() {
        // ls shows mode 0664, but the group may only read: the middle 6 is the mask.
        let acl = acl_of(&[(0x01, 6), (USER, 6), (GROUP_OBJ, 4), (MASK, 6), (OTHER, 4)]);
        assert_eq!(acl.as_mode(0o664), 0o644);
        // A user without access keeps none, whether as a group member or as other.
        let acl = acl_of(&[(0x01, 6), (USER, 0), (GROUP_OBJ, 4), (MASK, 6), (OTHER, 4)]);
        assert_eq!(acl.as_mode(0o664), 0o600);
    }

    #[test]
    fn with_mode_changes_the_mask_and_not_the_group() {
        let acl = acl_of(&[(0x01, 6), (USER, 6), (GROUP_OBJ, 4), (MASK, 0), (OTHER, 0)]);
        assert_eq!(acl.with_mode(0o664), acl_of(&[(0x01, 6), (USER, 6), (GROUP_OBJ, 4), (MASK, 6), (OTHER, 4)]));
        let acl = acl_of(&[(0x01, 6), (GROUP_OBJ, 0), (OTHER, 0)]);
        assert_eq!(acl.with_mode(0o664), acl_of(&[(0x01, 6), (GROUP_OBJ, 6), (OTHER, 4)]));
    }

    #[test]
    fn without_group_intersects_group_and_other() {
        let acl = acl_of(&[(0x01, 6), (USER, 6), (GROUP_OBJ, 6), (MASK, 6), (OTHER, 4)]);
        assert_eq!(acl.without_group(), acl_of(&[(0x01, 6), (USER, 6), (GROUP_OBJ, 4), (MASK, 6), (OTHER, 4)]));
    }
}
