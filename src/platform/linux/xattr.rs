//! Extended attributes.
//!
//! The calls are our own for two reasons. A small value is read with one call, without a call for its size. A handle
//! that cannot be read is reached by its path in /proc.

use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::XattrFlags;

use super::handle::FileHandle;
use super::proc::descriptor_path;
use crate::platform::unix::errors::{Errno, Result};
use crate::platform::unix::retry::retry_on_intr;

/// The attribute that gives rights to whoever executes the file.
pub(crate) const PRIVILEGES: Option<&CStr> = Some(c"security.capability");

/// How the attributes of a file are reached.
pub(crate) enum Attributes<'a> {
    /// Those of a handle, by its path in /proc.
    Handle(String),
    /// Those of an open file.
    File(BorrowedFd<'a>),
}

impl<'a> Attributes<'a> {
    /// The attributes of a handle, on which fgetxattr(2) fails. Calls fail with ENOENT without /proc.
    pub(crate) fn of_handle(handle: &FileHandle) -> Attributes<'static> {
        Attributes::Handle(descriptor_path(handle))
    }

    /// The attributes of an open file.
    pub(crate) fn of_file(file: BorrowedFd<'a>) -> Attributes<'a> {
        Attributes::File(file)
    }

    /// The names of all attributes that the file system lists.
    pub(crate) fn names(&self) -> Result<Vec<CString>> {
        let list = with_growing_buffer(|buffer| {
            retry_on_intr(|| match self {
                Attributes::Handle(path) => rustix::fs::listxattr(path.as_str(), &mut *buffer),
                Attributes::File(file) => rustix::fs::flistxattr(file, &mut *buffer),
            })
        })?;
        let names = list.split_inclusive(|&byte| byte == 0);
        Ok(names.filter_map(|name| CString::from_vec_with_nul(name.to_vec()).ok()).collect())
    }

    /// `None` if there is no such attribute.
    pub(crate) fn value(&self, name: &CStr) -> Result<Option<Vec<u8>>> {
        let value = with_growing_buffer(|buffer| {
            retry_on_intr(|| match self {
                Attributes::Handle(path) => rustix::fs::getxattr(path.as_str(), name, &mut *buffer),
                Attributes::File(file) => rustix::fs::fgetxattr(file, name, &mut *buffer),
            })
        });
        match value {
            Err(Errno::NODATA) => Ok(None),
            value => value.map(Some),
        }
    }
}

pub(crate) fn has_attribute(file: impl AsFd, name: &CStr) -> Result<bool> {
    match retry_on_intr(|| rustix::fs::fgetxattr(&file, name, &mut [0_u8; 0][..])) {
        Ok(_) => Ok(true),
        Err(Errno::NODATA) => Ok(false),
        Err(errno) => Err(errno),
    }
}

pub(crate) fn set_attribute(file: impl AsFd, name: &CStr, value: &[u8]) -> Result<()> {
    retry_on_intr(|| rustix::fs::fsetxattr(&file, name, value, XattrFlags::empty()))
}

/// Removes an attribute, if there is one.
pub(crate) fn remove_attribute(file: impl AsFd, name: &CStr) -> Result<()> {
    match retry_on_intr(|| rustix::fs::fremovexattr(&file, name)) {
        Err(Errno::NODATA) => Ok(()),
        removed => removed,
    }
}

/// Calls with a small buffer, then with the largest: the size may change between a query and the read.
fn with_growing_buffer(call: impl Fn(&mut [u8]) -> Result<usize>) -> Result<Vec<u8>> {
    /// `XATTR_SIZE_MAX` and `XATTR_LIST_MAX`.
    const LARGEST: usize = 65536;
    let mut buffer = vec![0; 512];
    loop {
        match call(&mut buffer) {
            Err(Errno::RANGE) if buffer.len() < LARGEST => buffer.resize(LARGEST, 0),
            Ok(length) => {
                buffer.truncate(length);
                return Ok(buffer);
            }
            Err(errno) => return Err(errno),
        }
    }
}

/// What overlayfs keeps for itself.
const OVERLAY: [&[u8]; 2] = [b"trusted.overlay.", b"user.overlay."];
/// XFS shows its ACLs to root a second time under these names. They are preserved as ACLs.
const SECOND_ACLS: [&[u8]; 2] = [b"trusted.SGI_ACL_FILE", b"trusted.SGI_ACL_DEFAULT"];

/// Whether a copy of the file has the attribute too. The kernel writes its own measurements.
pub(crate) fn is_copied(name: &CStr) -> bool {
    const MEASUREMENTS: [&[u8]; 2] = [b"security.ima", b"security.evm"];
    let name = name.to_bytes();
    !MEASUREMENTS.contains(&name)
        && !SECOND_ACLS.contains(&name)
        && !OVERLAY.iter().any(|prefix| name.starts_with(prefix))
}

/// Whether an attribute belongs to the file, and is preserved, or to its old content.
pub(crate) fn is_preserved(name: &CStr) -> bool {
    const CONTENT: [&[u8]; 3] = [b"security.capability", b"security.ima", b"security.evm"];
    let name = name.to_bytes();
    let belongs = name.starts_with(b"user.")
        || name.starts_with(b"trusted.")
        || name.starts_with(b"security.")
        || name == b"btrfs.compression";
    belongs
        && !CONTENT.contains(&name)
        && !SECOND_ACLS.contains(&name)
        && !OVERLAY.iter().any(|prefix| name.starts_with(prefix))
}

/// Whether setting the attribute needs write permission on the file.
pub(crate) fn needs_write_permission(name: &CStr) -> bool {
    name.to_bytes().starts_with(b"user.")
}
