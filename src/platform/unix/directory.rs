//! Open directories, as the base of names.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::CWD;

use super::errors::{Result, from_io};

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

/// An absolute path without symbolic links. With them, where the system cannot resolve it.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf> {
    std::fs::canonicalize(path).or_else(|_| std::path::absolute(path)).map_err(|error| from_io(&error))
}

/// The directories in which temporary files may survive a restart.
pub(crate) fn temporary_directories() -> Vec<PathBuf> {
    let from = |name| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
    let all = [from("TMPDIR"), Some(PathBuf::from("/var/tmp")), Some(PathBuf::from("/tmp")), from("HOME")];
    all.into_iter().flatten().collect()
}
