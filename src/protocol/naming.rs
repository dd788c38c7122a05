//! How the staging file is named: unnamed, by a name in an open directory, or by a path.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::directory::Directory;
use super::staging_name::StagingName;
use crate::notices::Notices;
use crate::platform::{self, Errno, LinkBy, OwnedFd, Result};

/// The name of the staging file. Dropping it removes the name.
#[derive(Debug)]
pub(crate) enum Naming {
    /// It has no name yet.
    Unnamed(LinkBy),
    /// A name in the final directory. It is removed through the directory's descriptor, whatever becomes of the
    /// directory's own name, and a failure to remove it is reported. The tempfile crate does neither.
    Named(StagingName),
    /// The path of the copy for an overwrite in place, in any directory.
    ByPath(StagingPath),
}

impl Naming {
    pub(crate) fn is_named(&self) -> bool {
        !matches!(self, Naming::Unnamed(_))
    }

    /// Opens the file for reading, by its name.
    pub(crate) fn open(&self) -> Result<OwnedFd> {
        match self {
            Naming::Unnamed(_) => Err(Errno::NOENT),
            Naming::Named(name) => name.open(),
            Naming::ByPath(path) => platform::open_source(path.get()),
        }
    }

    /// The path of the file, for messages; a path of its own is shown in `directory`. `None` if it is unnamed.
    pub(crate) fn path(&self, directory: &Directory) -> Option<PathBuf> {
        match self {
            Naming::Unnamed(_) => None,
            Naming::Named(name) => Some(name.entry().path()),
            Naming::ByPath(path) => path.get().file_name().map(|name| directory.join(name)),
        }
    }

    /// The file has been renamed, so there is no name to remove.
    pub(crate) fn renamed(self) {
        match self {
            Naming::Unnamed(_) => {}
            Naming::Named(name) => name.renamed(),
            Naming::ByPath(path) => path.keep(),
        }
    }

    /// Keeps the file under its name, because the user needs it.
    pub(crate) fn keep(self) {
        match self {
            Naming::Unnamed(_) => {}
            Naming::Named(name) => drop(name.keep()),
            Naming::ByPath(path) => path.keep(),
        }
    }
}

/// The path of a temporary file. Dropping it removes the file, and a failure to remove it is reported.
#[derive(Debug)]
pub(crate) struct StagingPath {
    path: Option<TempPath>,
    notices: Notices,
}

impl StagingPath {
    pub(crate) fn new(path: TempPath, notices: &Notices) -> Self {
        StagingPath { path: Some(path), notices: notices.clone() }
    }

    fn get(&self) -> &Path {
        self.path.as_deref().unwrap_or(Path::new(""))
    }

    /// The last component.
    pub(crate) fn name(&self) -> &OsStr {
        self.get().file_name().unwrap_or_default()
    }

    fn keep(mut self) {
        // `keep` can fail on Windows only.
        let _ = self.path.take().map(TempPath::keep);
    }
}

impl Drop for StagingPath {
    fn drop(&mut self) {
        let Some(path) = self.path.take() else { return };
        let name = path.to_path_buf();
        if let Err(error) = path.close()
            && error.kind() != std::io::ErrorKind::NotFound
        {
            self.notices.left_behind(&name, &platform::os_message(platform::from_io(&error)));
        }
    }
}
