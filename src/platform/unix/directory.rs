//! Open directories, as the base of names.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::fs::CWD;

/// An open directory. Every call on a name takes one.
#[derive(Debug)]
pub(crate) struct DirectoryHandle(Option<OwnedFd>);

impl DirectoryHandle {
    pub(in crate::platform) fn new(directory: OwnedFd) -> Self {
        DirectoryHandle(Some(directory))
    }
}

impl AsFd for DirectoryHandle {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_ref().map_or(CWD, AsFd::as_fd)
    }
}

/// The working directory, as a base for relative paths.
pub(crate) fn working_directory() -> DirectoryHandle {
    DirectoryHandle(None)
}

/// The directories in which temporary files may survive a restart.
pub(crate) fn temporary_directories() -> Vec<PathBuf> {
    let from = |name| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
    let all = [from("TMPDIR"), Some(PathBuf::from("/var/tmp")), Some(PathBuf::from("/tmp")), from("HOME")];
    all.into_iter().flatten().collect()
}
