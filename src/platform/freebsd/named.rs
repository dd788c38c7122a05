//! Extended attributes by name. The crate puts the namespace before the name: `user.` or `system.`.

use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use xattr::FileExt;

use crate::platform::unix::errors::{Errno, Result, from_io};
use crate::platform::unix::retry::retry_on_intr;

struct Open<'a>(BorrowedFd<'a>);

impl AsRawFd for Open<'_> {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl FileExt for Open<'_> {}

pub(in crate::platform) fn list(file: BorrowedFd<'_>) -> Result<Vec<CString>> {
    let names = call(|| Open(file).list_xattr())?;
    let names = names.filter_map(|name| CString::new(name.into_vec()).ok());
    Ok(names.map(|name| with_its_namespace(file, name)).collect())
}

/// xattr 1.7 lists the last attribute of the system's namespace as one of the user's.
fn with_its_namespace(file: BorrowedFd<'_>, name: CString) -> CString {
    let Some(rest) = name.to_bytes().strip_prefix(b"user.") else { return name };
    let system = CString::new([b"system.", rest].concat()).unwrap_or_default();
    let is_missing = matches!(get(file, &name), Ok(None));
    if is_missing && matches!(get(file, &system), Ok(Some(_))) { system } else { name }
}

/// `None` if there is no such attribute.
pub(in crate::platform) fn get(file: BorrowedFd<'_>, name: &CStr) -> Result<Option<Vec<u8>>> {
    call(|| Open(file).get_xattr(os(name)))
}

pub(in crate::platform) fn set(file: BorrowedFd<'_>, name: &CStr, value: &[u8]) -> Result<()> {
    call(|| Open(file).set_xattr(os(name), value))
}

/// Removes an attribute, if there is one.
pub(in crate::platform) fn remove(file: BorrowedFd<'_>, name: &CStr) -> Result<()> {
    match call(|| Open(file).remove_xattr(os(name))) {
        Err(Errno::NOATTR) => Ok(()),
        removed => removed,
    }
}

fn os(name: &CStr) -> &OsStr {
    OsStr::from_bytes(name.to_bytes())
}

/// An error without a number is that of a name that is none.
fn call<T>(call: impl Fn() -> io::Result<T>) -> Result<T> {
    retry_on_intr(|| {
        call().map_err(|error| if error.raw_os_error().is_some() { from_io(&error) } else { Errno::INVAL })
    })
}

/// Whether an attribute belongs to the file, and is preserved. The ACLs of UFS are also attributes of the system, and are
/// preserved as ACLs; the capabilities would belong to the old content.
pub(in crate::platform) fn is_preserved(name: &[u8]) -> bool {
    !name.starts_with(b"system.posix1e.") && !name.starts_with(b"system.nfs4.")
}
