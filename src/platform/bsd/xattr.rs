//! Extended attributes. The ACL and the flags of chflags(2) are two more, with names of ours: they are read and set as
//! a whole, as attributes are. A real attribute that has one of these names is not seen.

use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, BorrowedFd};

use super::{acl, flags};
use crate::platform::acl::ATTRIBUTE as POSIX_ACL;
use crate::platform::generic::handle::FileHandle;
use crate::platform::opaque_acl::BSD as ACL;
use crate::platform::system::named;
use crate::platform::unix::errors::{Errno, Result};

/// The name of the flags.
const FLAGS: &CStr = c"file flags (chflags)";

/// The attribute that gives rights to whoever executes the file.
pub(crate) const PRIVILEGES: Option<&CStr> = None;

/// How the attributes of a file are reached.
pub(crate) struct Attributes<'a>(Option<BorrowedFd<'a>>);

impl<'a> Attributes<'a> {
    /// The attributes of a handle. Calls fail with ENOENT if it is not open: by path they could be another file's.
    pub(crate) fn of_handle(handle: &'a FileHandle) -> Attributes<'a> {
        Attributes(handle.file())
    }

    /// The attributes of an open file.
    pub(crate) fn of_file(file: BorrowedFd<'a>) -> Attributes<'a> {
        Attributes(Some(file))
    }

    /// The names of all attributes that the file system lists.
    pub(crate) fn names(&self) -> Result<Vec<CString>> {
        let file = self.0.ok_or(Errno::NOENT)?;
        let mut names = match named::list(file) {
            // The others may exist nevertheless.
            Err(Errno::NOTSUP) => Vec::new(),
            names => names?,
        };
        names.retain(|name| !is_acl(name) && name.as_c_str() != FLAGS);
        // The cause of an error is reported when the value is read.
        if acl::exists(file).unwrap_or(true) {
            names.push(ACL.to_owned());
        }
        if flags::get(file)?.is_some() {
            names.push(FLAGS.to_owned());
        }
        Ok(names)
    }

    /// `None` if there is no such attribute.
    pub(crate) fn value(&self, name: &CStr) -> Result<Option<Vec<u8>>> {
        let file = self.0.ok_or(Errno::NOENT)?;
        match name {
            name if is_acl(name) => acl::get(file),
            name if name == FLAGS => flags::get(file),
            name => named::get(file, name),
        }
    }
}

pub(crate) fn has_attribute(file: impl AsFd, name: &CStr) -> Result<bool> {
    Attributes(Some(file.as_fd())).value(name).map(|value| value.is_some())
}

pub(crate) fn set_attribute(file: impl AsFd, name: &CStr, value: &[u8]) -> Result<()> {
    match name {
        name if is_acl(name) => acl::set(file, value),
        name if name == FLAGS => flags::set(file, Some(value)),
        name => named::set(file.as_fd(), name, value),
    }
}

/// Removes an attribute, if there is one.
pub(crate) fn remove_attribute(file: impl AsFd, name: &CStr) -> Result<()> {
    match name {
        name if is_acl(name) => acl::remove(file),
        name if name == FLAGS => flags::set(file, None),
        name => named::remove(file.as_fd(), name),
    }
}

/// The ACL by either name: a file has one ACL here, of whatever kind.
fn is_acl(name: &CStr) -> bool {
    name == ACL || name == POSIX_ACL
}

/// Whether a copy of the file has the attribute too.
pub(crate) fn is_copied(name: &CStr) -> bool {
    is_acl(name) || is_preserved(name)
}

/// Whether an attribute belongs to the file, and is preserved, or to its old content.
pub(crate) fn is_preserved(name: &CStr) -> bool {
    name == FLAGS || !is_acl(name) && named::is_preserved(name.to_bytes())
}

/// Whether setting the attribute needs write permission on the file.
pub(crate) fn needs_write_permission(name: &CStr) -> bool {
    name != FLAGS
}
