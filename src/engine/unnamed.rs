//! Files without a name, and how they get one.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;

use super::directory::Directory;
use super::stat::Stat;
use crate::sys;

/// How an unnamed file can get a name here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LinkBy {
    /// `linkat` with `AT_EMPTY_PATH`.
    Descriptor,
    /// `linkat` of `/proc/self/fd/N`.
    Proc,
}

/// An unnamed file and how it can be linked, or `None` where the system has no such thing.
pub(super) fn create(directory: &Directory, mode: Mode) -> Result<Option<(OwnedFd, LinkBy)>, Errno> {
    if !directory.filesystem().links_unnamed() {
        return Ok(None);
    }
    // Without O_EXCL, which would mean "never to be linked".
    let writer = match sys::openat(directory, ".", OFlags::TMPFILE | OFlags::RDWR, mode) {
        Ok(writer) => writer,
        // A security module may know the names that it permits, and refuse what has none.
        Err(
            Errno::NOTSUP | Errno::ISDIR | Errno::NOENT | Errno::INVAL | Errno::NOSYS | Errno::PERM | Errno::ACCESS,
        ) => {
            return Ok(None);
        }
        Err(errno) => return Err(errno),
    };
    // "." exists, so the only good answer is EEXIST: what is asked for could be done. Nothing is changed by asking.
    let by = [LinkBy::Descriptor, LinkBy::Proc]
        .into_iter()
        .find(|by| try_link(directory, writer.as_fd(), *by, OsStr::new(".")) == Err(Errno::EXIST));
    Ok(by.map(|by| (writer, by)))
}

/// Gives the open file `name`, which must be free.
pub(crate) fn link(directory: &Directory, file: BorrowedFd<'_>, by: LinkBy, name: &OsStr) -> Result<(), Errno> {
    try_link(directory, file, by, name).or_else(|errno| directory.verify_after_error(name, &Stat::of(file)?, errno))
}

fn try_link(directory: &Directory, file: BorrowedFd<'_>, by: LinkBy, name: &OsStr) -> Result<(), Errno> {
    match by {
        LinkBy::Descriptor => sys::linkat(file, "", directory, name, AtFlags::EMPTY_PATH),
        LinkBy::Proc => {
            let path = sys::proc_path(file);
            sys::linkat(CWD, path.as_str(), directory, name, AtFlags::SYMLINK_FOLLOW)
        }
    }
}
