//! Open directories, as the base of names.
//!
//! Windows has no calls on a name in an open directory, so names are joined to the directory's path. That path stays
//! the directory's: it leads through no symbolic link, and while the directory is open without sharing deletion, neither
//! it nor a directory above it can be renamed.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::descriptor::{AsFd, BorrowedFd, OwnedFd};
use super::errors::{Result, done};
use super::path::verbatim;

/// An open directory. Every call on a name takes one.
#[derive(Debug)]
pub(crate) struct DirectoryHandle {
    /// `None` for the working directory.
    open: Option<OwnedFd>,
    path: PathBuf,
}

impl DirectoryHandle {
    pub(super) fn new(open: OwnedFd) -> Self {
        let path = open.path().to_owned();
        DirectoryHandle { open: Some(open), path }
    }

    /// The absolute path of a name in it, or of a path that begins at it.
    pub(super) fn join(&self, name: impl AsRef<OsStr>) -> Result<PathBuf> {
        verbatim(&self.path.join(Path::new(name.as_ref())))
    }

    /// Its absolute path.
    pub(super) fn path(&self) -> Result<PathBuf> {
        self.join(".")
    }
}

impl AsFd for DirectoryHandle {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // The working directory is the base of paths only, so the other is never used.
        self.open.as_ref().unwrap_or_else(|| super::content::stdin())
    }
}

/// The working directory, as a base for relative paths.
pub(crate) fn working_directory() -> DirectoryHandle {
    DirectoryHandle { open: None, path: PathBuf::new() }
}

/// An absolute path, in the form that every program takes.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf> {
    done(std::path::absolute(path))
}

/// The directories in which temporary files may be.
pub(crate) fn temporary_directories() -> Vec<PathBuf> {
    let home = std::env::var_os("USERPROFILE").filter(|path| !path.is_empty()).map(PathBuf::from);
    std::iter::once(std::env::temp_dir()).chain(home).collect()
}
