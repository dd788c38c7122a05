//! ACLs that only their file system understands: NFSv4's and SMB's, and any ACL of macOS and FreeBSD.
//!
//! They are copied unchanged. For an NFSv4 ACL it can be determined whether the mode expresses the same (RFC 7530,
//! section 6.2.1, in XDR). If an ACL that expresses more is lost, the mode would show more access than the ACL granted.

use std::ffi::CStr;

/// The NFSv4 ACL.
const NFS4: &CStr = c"system.nfs4_acl";
/// The discretionary ACL of a file on an SMB server. listxattr(2) does not list it.
pub(crate) const SMB: &CStr = c"system.cifs_acl";

/// The ACL of macOS or FreeBSD, in a form of its C library. Only one that expresses more than the mode is listed.
pub(crate) const BSD: &CStr = c"access control list";

/// The ACL that any file may have here, which grants access beside its mode. Only an open file shows it.
pub(crate) const BESIDE_MODE: Option<&CStr> =
    if cfg!(any(target_os = "macos", target_os = "freebsd")) { Some(BSD) } else { None };

/// Whether the attribute is such an ACL.
pub(crate) fn is_opaque_acl(name: &CStr) -> bool {
    [NFS4, SMB, BSD].contains(&name)
}

/// Whether the mode expresses the same as the ACL. `None` is an ACL that could not be read.
pub(crate) fn is_equivalent_to_mode(name: &CStr, value: Option<&[u8]>) -> bool {
    let is_class = |principal: &&[u8]| matches!(*principal, b"OWNER@" | b"GROUP@" | b"EVERYONE@");
    name == NFS4 && value.and_then(nfs4_principals).is_some_and(|principals| principals.iter().all(is_class))
}

/// The permission bits for a file that has lost the ACL. The bits of group and other are cleared, as they may grant what
/// the ACL denied. On SMB the bits come from the mount options and the server ignores them, so they stay.
pub(crate) fn bits_without_acl(name: &CStr, bits: u32) -> u32 {
    if name == SMB { bits } else { bits & 0o1700 }
}

/// The principals of an NFSv4 ACL's entries; `None` if it cannot be parsed.
fn nfs4_principals(value: &[u8]) -> Option<Vec<&[u8]>> {
    let (count, mut rest) = word(value)?;
    let mut principals = Vec::new();
    for _ in 0..count {
        // Type, flags and access mask.
        let (_, after) = rest.split_at_checked(12)?;
        let (length, after) = word(after)?;
        let length = usize::try_from(length).ok()?;
        let (principal, _) = after.split_at_checked(length)?;
        principals.push(principal);
        // Padded to whole words.
        rest = after.get(length.checked_next_multiple_of(4)?..)?;
    }
    rest.is_empty().then_some(principals)
}

fn word(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (word, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*word), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acl(principals: &[&str]) -> Vec<u8> {
        let mut bytes = u32::try_from(principals.len()).unwrap_or(0).to_be_bytes().to_vec();
        for principal in principals {
            bytes.extend([0; 12]);
            bytes.extend(u32::try_from(principal.len()).unwrap_or(0).to_be_bytes());
            bytes.extend(principal.as_bytes());
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        bytes
    }

    #[test]
    fn acl_of_the_three_classes_is_equivalent_to_the_mode() {
        assert!(is_equivalent_to_mode(NFS4, Some(&acl(&["OWNER@", "GROUP@", "EVERYONE@"]))));
    }

    #[test]
    fn acl_that_names_a_user_or_is_unreadable_is_not_equivalent() {
        assert!(!is_equivalent_to_mode(NFS4, Some(&acl(&["OWNER@", "1001", "EVERYONE@"]))));
        assert!(!is_equivalent_to_mode(NFS4, Some(&acl(&["OWNER@"])[..9])));
        assert!(!is_equivalent_to_mode(NFS4, None));
        assert!(!is_equivalent_to_mode(SMB, Some(&acl(&["OWNER@"]))));
    }
}
