//! The ACL of a file, as bytes of the C library. On macOS it is beside the permission bits, and is empty on most files. On FreeBSD it
//! contains them, and is a POSIX.1e or an NFSv4 ACL, as the file system has.

use std::os::fd::AsFd;

use super::calls::NativeAcl;
use crate::platform::unix::errors::{Errno, Result};
use crate::platform::unix::retry::retry_on_intr;

/// The ACL, unless the permission bits express the same.
pub(super) fn get(file: impl AsFd) -> Result<Option<Vec<u8>>> {
    Ok(match nontrivial(file)? {
        Some(acl) => Some(acl.to_bytes()?),
        None => None,
    })
}

/// Whether there is more than the permission bits.
pub(super) fn exists(file: impl AsFd) -> Result<bool> {
    nontrivial(file).map(|acl| acl.is_some())
}

/// Sets an ACL that [`get`] has returned.
pub(super) fn set(file: impl AsFd, bytes: &[u8]) -> Result<()> {
    let acl = NativeAcl::from_bytes(bytes)?;
    retry_on_intr(|| acl.set(&file))
}

/// Leaves only the permission bits.
pub(super) fn remove(file: impl AsFd) -> Result<()> {
    match nontrivial(&file)? {
        Some(acl) => {
            let stripped = acl.stripped()?;
            retry_on_intr(|| stripped.set(&file))
        }
        None => Ok(()),
    }
}

fn nontrivial(file: impl AsFd) -> Result<Option<NativeAcl>> {
    match retry_on_intr(|| NativeAcl::of(&file)) {
        Ok(acl) => Ok((!acl.is_trivial()?).then_some(acl)),
        // There is none, or the file system has none.
        Err(Errno::NOENT | Errno::NOTSUP | Errno::INVAL | Errno::NOSYS) => Ok(None),
        Err(errno) => Err(errno),
    }
}
