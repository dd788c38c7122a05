//! Unnamed files, and how they get a name.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::path::Arg;

use super::proc::descriptor_path;
use crate::platform::unix::directory::DirectoryHandle;
use crate::platform::unix::errors::{Errno, Result};
use crate::platform::unix::open::openat;
use crate::platform::unix::retry::retry_on_intr;

/// How an unnamed file can be linked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LinkBy {
    /// `linkat` with `AT_EMPTY_PATH`.
    Descriptor,
    /// `linkat` of `/proc/self/fd/N`.
    Proc,
}

/// Creates an unnamed file, open for writing and reading, and finds out how it can be linked, unless an earlier one has
/// shown that for this directory. `None` if the system has no unnamed files here, or none that can be linked.
pub(crate) fn create_unnamed(
    directory: &DirectoryHandle,
    mode: u32,
    known: Option<LinkBy>,
) -> Result<Option<(OwnedFd, LinkBy)>> {
    // Without O_EXCL, which would forbid linking the file.
    let file = match openat(directory, ".", OFlags::TMPFILE | OFlags::RDWR, Mode::from_raw_mode(mode)) {
        Ok(file) => file,
        // A security module may permit certain names only, and refuse a file without a name.
        Err(
            Errno::NOTSUP | Errno::ISDIR | Errno::NOENT | Errno::INVAL | Errno::NOSYS | Errno::PERM | Errno::ACCESS,
        ) => {
            return Ok(None);
        }
        Err(errno) => return Err(errno),
    };
    // Test the link with "." as the new name, which exists: EEXIST means that a link is possible. The test changes
    // nothing.
    let find = || {
        [LinkBy::Descriptor, LinkBy::Proc]
            .into_iter()
            .find(|by| link_unnamed(directory, file.as_fd(), *by, ".") == Err(Errno::EXIST))
    };
    let by = known.or_else(find);
    Ok(by.map(|by| (file, by)))
}

/// Links the open file as `name` in `directory`. Fails with EEXIST if the name exists.
pub(crate) fn link_unnamed(
    directory: &DirectoryHandle,
    file: BorrowedFd<'_>,
    by: LinkBy,
    name: impl Arg + Copy,
) -> Result<()> {
    retry_on_intr(|| match by {
        LinkBy::Descriptor => rustix::fs::linkat(file, "", directory, name, AtFlags::EMPTY_PATH),
        LinkBy::Proc => {
            let path = descriptor_path(file);
            rustix::fs::linkat(CWD, path.as_str(), directory, name, AtFlags::SYMLINK_FOLLOW)
        }
    })
}
