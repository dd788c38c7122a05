//! Extended attributes by name.

use std::ffi::{CStr, CString};
use std::os::fd::BorrowedFd;

use rustix::fs::{XattrFlags, fgetxattr, fgetxattr_query, flistxattr, flistxattr_query, fremovexattr, fsetxattr};

use crate::platform::unix::errors::{Errno, Result};
use crate::platform::unix::retry::{Retries, retry_on_intr};

/// The largest value that is read, in bytes. A resource fork may be as large as any file, and is held in memory.
const LARGEST: usize = 16 * 1024 * 1024;

pub(in crate::platform) fn list(file: BorrowedFd<'_>) -> Result<Vec<CString>> {
    let list = whole(|| flistxattr_query(file), |buffer| flistxattr(file, buffer))?;
    let names = list.split_inclusive(|&byte| byte == 0);
    Ok(names.filter_map(|name| CString::from_vec_with_nul(name.to_vec()).ok()).collect())
}

/// `None` if there is no such attribute. EOVERFLOW if it is too large.
pub(in crate::platform) fn get(file: BorrowedFd<'_>, name: &CStr) -> Result<Option<Vec<u8>>> {
    match whole(|| fgetxattr_query(file, name), |buffer| fgetxattr(file, name, buffer)) {
        Err(Errno::NOATTR) => Ok(None),
        value => value.map(Some),
    }
}

pub(in crate::platform) fn set(file: BorrowedFd<'_>, name: &CStr, value: &[u8]) -> Result<()> {
    retry_on_intr(|| fsetxattr(file, name, value, XattrFlags::empty()))
}

/// Removes an attribute, if there is one.
pub(in crate::platform) fn remove(file: BorrowedFd<'_>, name: &CStr) -> Result<()> {
    match retry_on_intr(|| fremovexattr(file, name)) {
        Err(Errno::NOATTR) => Ok(()),
        removed => removed,
    }
}

/// Reads what has the size that `query` returns, and may grow in between.
fn whole(query: impl Fn() -> Result<usize>, read: impl Fn(&mut [u8]) -> Result<usize>) -> Result<Vec<u8>> {
    let mut retries = Retries::default();
    loop {
        let size = retry_on_intr(&query)?;
        if size > LARGEST {
            return Err(Errno::OVERFLOW);
        }
        let mut buffer = vec![0; size];
        match retry_on_intr(|| read(&mut buffer)) {
            Err(Errno::RANGE) => retries.retry(Errno::RANGE)?,
            Ok(length) => {
                buffer.truncate(length);
                return Ok(buffer);
            }
            Err(errno) => return Err(errno),
        }
    }
}

/// Whether an attribute belongs to the file, and is preserved, or to its old content: where that came from, how it is
/// stored, who signed it. Finder's tags and information and the resource fork belong to the file. The system keeps the
/// others to itself.
pub(in crate::platform) fn is_preserved(name: &[u8]) -> bool {
    const CONTENT: [&[u8]; 5] = [
        b"com.apple.quarantine",
        b"com.apple.provenance",
        b"com.apple.decmpfs",
        b"com.apple.metadata:kMDItemWhereFroms",
        b"com.apple.metadata:kMDItemDownloadedDate",
    ];
    const SYSTEM: [&[u8]; 3] = [b"com.apple.macl", b"com.apple.rootless", b"com.apple.lastuseddate#PS"];
    const PREFIXES: [&[u8]; 2] = [b"com.apple.cs.", b"com.apple.system."];
    !CONTENT.contains(&name) && !SYSTEM.contains(&name) && !PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}
