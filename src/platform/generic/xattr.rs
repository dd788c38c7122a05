//! Extended attributes, which POSIX does not have.

use std::ffi::{CStr, CString};
use std::marker::PhantomData;
use std::os::fd::{AsFd, BorrowedFd};

use super::handle::FileHandle;
use crate::platform::unix::errors::{Errno, Result};

/// The attribute that gives rights to whoever executes the file.
pub(crate) const PRIVILEGES: Option<&CStr> = None;

/// How the attributes of a file are reached.
pub(crate) struct Attributes<'a>(PhantomData<BorrowedFd<'a>>);

impl<'a> Attributes<'a> {
    /// The attributes of a file that is not open.
    pub(crate) fn of_handle(_: &FileHandle) -> Attributes<'static> {
        Attributes(PhantomData)
    }

    /// The attributes of an open file.
    pub(crate) fn of_file(_: BorrowedFd<'a>) -> Attributes<'a> {
        Attributes(PhantomData)
    }

    /// The names of all attributes that the file system lists.
    pub(crate) fn names(&self) -> Result<Vec<CString>> {
        Ok(Vec::new())
    }

    /// `None` if there is no such attribute.
    pub(crate) fn value(&self, _: &CStr) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }
}

/// Whether the file has the attribute.
pub(crate) fn has_attribute(_: impl AsFd, _: &CStr) -> Result<bool> {
    Ok(false)
}

/// No attribute can be set here.
pub(crate) fn set_attribute(_: impl AsFd, _: &CStr, _: &[u8]) -> Result<()> {
    Err(Errno::NOTSUP)
}

/// Removes an attribute, if there is one.
pub(crate) fn remove_attribute(_: impl AsFd, _: &CStr) -> Result<()> {
    Ok(())
}

/// Whether a copy of the file has the attribute too.
pub(crate) fn is_copied(_: &CStr) -> bool {
    false
}

/// Whether an attribute belongs to the file, and is preserved, or to its old content.
pub(crate) fn is_preserved(_: &CStr) -> bool {
    false
}

/// Whether setting the attribute needs write permission on the file.
pub(crate) fn needs_write_permission(_: &CStr) -> bool {
    false
}
