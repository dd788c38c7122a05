//! Unnamed files, which POSIX does not have.

use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::path::Arg;

use crate::platform::unix::directory::DirectoryHandle;
use crate::platform::unix::errors::Result;

/// How an unnamed file can be linked: there are none, so there is no such value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LinkBy {}

/// There are no unnamed files here.
pub(crate) fn create_unnamed(_: &DirectoryHandle, _: u32, _: Option<LinkBy>) -> Result<Option<(OwnedFd, LinkBy)>> {
    Ok(None)
}

/// Never called.
pub(crate) fn link_unnamed(_: &DirectoryHandle, _: BorrowedFd<'_>, by: LinkBy, _: impl Arg + Copy) -> Result<()> {
    match by {}
}
