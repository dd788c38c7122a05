//! POSIX access control lists in the kernel's format (`linux/posix_acl_xattr.h`).

/// The attribute of a file's own ACL.
pub const ACCESS: &str = "system.posix_acl_access";
/// The attribute of the ACL that new files in a directory inherit.
pub const DEFAULT: &str = "system.posix_acl_default";

/// An entry with its permissions, which are those of one digit of a mode.
#[derive(Clone, Copy, Debug)]
pub enum Entry {
    Owner(u16),
    User(u32, u16),
    OwningGroup(u16),
    Mask(u16),
    Other(u16),
}

/// The attribute's value with these entries.
pub fn encode(entries: &[Entry]) -> Vec<u8> {
    const VERSION: u32 = 2;
    /// `ACL_UNDEFINED_ID`.
    const NO_ID: u32 = u32::MAX;
    let mut value = VERSION.to_le_bytes().to_vec();
    for entry in entries {
        let (tag, permissions, id) = match *entry {
            Entry::Owner(permissions) => (0x01_u16, permissions, NO_ID),
            Entry::User(id, permissions) => (0x02, permissions, id),
            Entry::OwningGroup(permissions) => (0x04, permissions, NO_ID),
            Entry::Mask(permissions) => (0x10, permissions, NO_ID),
            Entry::Other(permissions) => (0x20, permissions, NO_ID),
        };
        value.extend(tag.to_le_bytes());
        value.extend(permissions.to_le_bytes());
        value.extend(id.to_le_bytes());
    }
    value
}
