//! Files without a name, and how they get one.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::path::Arg;

use super::proc::descriptor_path;
use crate::platform::unix::errors::{Errno, Result};
use crate::platform::unix::open::openat;
use crate::platform::unix::retry::retry_on_intr;

/// How an unnamed file can get a name here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LinkBy {
    /// `linkat` with `AT_EMPTY_PATH`.
    Descriptor,
    /// `linkat` of `/proc/self/fd/N`.
    Proc,
}

/// Creates an unnamed file, open for writing and reading, and finds out how it can be linked. `None` where the system has
/// no such thing.
pub(crate) fn create_unnamed(directory: impl AsFd, mode: u32) -> Result<Option<(OwnedFd, LinkBy)>> {
    // Without O_EXCL, which would mean "never to be linked".
    let file = match openat(&directory, ".", OFlags::TMPFILE | OFlags::RDWR, Mode::from_raw_mode(mode)) {
        Ok(file) => file,
        // A security module may know the names that it permits, and refuse what has none.
        Err(
            Errno::NOTSUP | Errno::ISDIR | Errno::NOENT | Errno::INVAL | Errno::NOSYS | Errno::PERM | Errno::ACCESS,
        ) => {
            return Ok(None);
        }
        Err(errno) => return Err(errno),
    };
    // "." exists, so the only good answer is EEXIST: the link would be possible. Nothing is changed by asking.
    let by = [LinkBy::Descriptor, LinkBy::Proc]
        .into_iter()
        .find(|by| link_unnamed(&directory, file.as_fd(), *by, ".") == Err(Errno::EXIST));
    Ok(by.map(|by| (file, by)))
}

/// Gives the open file `name` in `directory`. Fails with EEXIST if the name is taken.
pub(crate) fn link_unnamed(
    directory: impl AsFd,
    file: BorrowedFd<'_>,
    by: LinkBy,
    name: impl Arg + Copy,
) -> Result<()> {
    retry_on_intr(|| match by {
        LinkBy::Descriptor => rustix::fs::linkat(file, "", &directory, name, AtFlags::EMPTY_PATH),
        LinkBy::Proc => {
            let path = descriptor_path(file);
            rustix::fs::linkat(CWD, path.as_str(), &directory, name, AtFlags::SYMLINK_FOLLOW)
        }
    })
}
