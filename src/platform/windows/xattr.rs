//! Metadata that is neither mode nor time: owner, access control list, attributes. The protocol keeps them as it keeps
//! extended attributes elsewhere; the names are those that a warning shows.
//!
//! Alternate data streams are not copied. They belong to the old content, as the mark of a download does.

use std::ffi::{CStr, CString};
use std::os::windows::fs::MetadataExt;

use super::descriptor::{AsFd, BorrowedFd, OwnedFd};
use super::errors::{Errno, Result, done};
use super::handle::FileHandle;
use super::win32::{
    self, FILE_ATTRIBUTE_ENCRYPTED, FILE_ATTRIBUTE_HIDDEN, FILE_ATTRIBUTE_NOT_CONTENT_INDEXED, FILE_ATTRIBUTE_SYSTEM,
    Security,
};

const OWNER: &CStr = c"owner";
const ACCESS_CONTROL_LIST: &CStr = c"access control list";
/// Hidden and the like; read-only is in the mode.
const FLAGS: &CStr = c"file attributes";
const ENCRYPTION: &CStr = c"encryption";

const KEPT_FLAGS: u32 = FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM | FILE_ATTRIBUTE_NOT_CONTENT_INDEXED;

/// The attribute that gives rights to whoever executes the file.
pub(crate) const PRIVILEGES: Option<&CStr> = None;

/// How the attributes of a file are reached.
pub(crate) enum Attributes<'a> {
    File(BorrowedFd<'a>),
    /// Opened for this, or not.
    Opened(Result<OwnedFd>),
}

impl<'a> Attributes<'a> {
    /// The attributes of a file that is not open.
    pub(crate) fn of_handle(handle: &FileHandle) -> Attributes<'static> {
        Attributes::Opened(handle.open())
    }

    /// The attributes of an open file.
    pub(crate) fn of_file(file: BorrowedFd<'a>) -> Attributes<'a> {
        Attributes::File(file)
    }

    fn file(&self) -> Result<BorrowedFd<'_>> {
        match self {
            Attributes::File(file) => Ok(file),
            Attributes::Opened(file) => file.as_ref().map_err(|errno| *errno),
        }
    }

    /// The names of all that the file has.
    pub(crate) fn names(&self) -> Result<Vec<CString>> {
        let mut names = vec![OWNER.to_owned(), ACCESS_CONTROL_LIST.to_owned()];
        let flags = flags(self.file()?)?;
        if flags & KEPT_FLAGS != 0 {
            names.push(FLAGS.to_owned());
        }
        if flags & FILE_ATTRIBUTE_ENCRYPTED != 0 {
            names.push(ENCRYPTION.to_owned());
        }
        Ok(names)
    }

    /// `None` if there is no such attribute, or the file system has none of the kind.
    pub(crate) fn value(&self, name: &CStr) -> Result<Option<Vec<u8>>> {
        value(self.file()?, name)
    }
}

fn value(file: BorrowedFd<'_>, name: &CStr) -> Result<Option<Vec<u8>>> {
    if let Some(part) = security(name) {
        return match done(win32::security(file.file()?, part)) {
            Err(Errno::NOTSUP | Errno::NOSYS) => Ok(None),
            descriptor => descriptor.map(Some),
        };
    }
    let flags = flags(file)?;
    Ok(match name {
        name if name == FLAGS => Some((flags & KEPT_FLAGS).to_le_bytes().to_vec()),
        name if name == ENCRYPTION => (flags & FILE_ATTRIBUTE_ENCRYPTED != 0).then(Vec::new),
        _ => None,
    })
}

fn security(name: &CStr) -> Option<Security> {
    match name {
        name if name == OWNER => Some(Security::Owner),
        name if name == ACCESS_CONTROL_LIST => Some(Security::AccessControlList),
        _ => None,
    }
}

fn flags(file: BorrowedFd<'_>) -> Result<u32> {
    Ok(done(file.file()?.metadata())?.file_attributes())
}

/// Whether the file has the attribute.
pub(crate) fn has_attribute(file: impl AsFd, name: &CStr) -> Result<bool> {
    Ok(value(file.as_fd(), name)?.is_some())
}

/// Sets the attribute, unless the file has it already, as most files do that are created in the same directory.
pub(crate) fn set_attribute(file: impl AsFd, name: &CStr, wanted: &[u8]) -> Result<()> {
    let file = file.as_fd();
    if value(file, name).is_ok_and(|has| has.as_deref() == Some(wanted)) {
        return Ok(());
    }
    if let Some(part) = security(name) {
        return done(win32::set_security(file.file()?, part, wanted));
    }
    match (name, wanted.try_into()) {
        (name, Ok(bytes)) if name == FLAGS => {
            let kept = flags(file)? & !KEPT_FLAGS | u32::from_le_bytes(bytes);
            done(win32::set_attributes(file.file()?, kept))
        }
        _ => Err(Errno::NOTSUP),
    }
}

/// Each is overwritten rather than removed.
pub(crate) fn remove_attribute(_: impl AsFd, _: &CStr) -> Result<()> {
    Ok(())
}

/// Whether a copy of the file has the attribute too.
pub(crate) fn is_copied(_: &CStr) -> bool {
    true
}

/// Whether an attribute belongs to the file, and is preserved, or to its old content.
pub(crate) fn is_preserved(_: &CStr) -> bool {
    true
}

/// Whether setting the attribute needs write permission on the file.
pub(crate) fn needs_write_permission(_: &CStr) -> bool {
    false
}
