//! Directories for the copy of an overwrite in place.

use std::ffi::OsStr;
use std::path::Path;
use std::rc::Rc;

use super::directory::Directory;
use super::naming::StagingPath;
use super::private_directory::PrivateDirectory;
use super::random_name::random_name;
use super::resolve::ResolvedTarget;
use super::staging::Stage;
use crate::notices::Notices;
use crate::platform::{self, Errno, Signals, may_write_directory};

/// Directories in which the copy can be created, and why no rename is possible; `None` if the user requests the overwrite.
#[derive(Debug)]
pub(crate) struct SpillDirectories {
    candidates: Vec<Rc<Directory>>,
    pub(super) reason: Option<String>,
}

impl SpillDirectories {
    pub(super) fn find(target: &ResolvedTarget, reason: Option<String>, notices: &Notices) -> Self {
        SpillDirectories { candidates: candidates(target, notices), reason }
    }

    /// Creates the file for the copy in the first directory where that succeeds. A sandbox may refuse what the
    /// permissions allow, so only an attempt shows whether it works.
    pub(super) fn stage(&self, notices: &Notices) -> Option<Stage> {
        self.candidates.iter().find_map(|directory| {
            // Our own name: all staging files are recognised by one form of name.
            let name = random_name().ok()?;
            // Our own open: the standard library would retry EINTR for ever.
            let create = |path: &Path| Ok(platform::create_new(&platform::working_directory(), path, 0o600)?);
            let file = tempfile::Builder::new().prefix(&name).rand_bytes(0).make_in(directory.path(), create).ok()?;
            let (file, path) = file.into_parts();
            Stage::with_path(file, StagingPath::new(path, notices), directory).ok()
        })
    }

    /// Creates a private directory for the copy in the first directory where that succeeds.
    pub(super) fn private_directory(&self, signals: &Signals, notices: &Notices) -> Option<Rc<PrivateDirectory>> {
        self.candidates.iter().find_map(|directory| PrivateDirectory::create(directory, signals, notices).ok())
    }
}

/// Directories for the copy: TARGET's own if possible, otherwise directories in which temporary files survive a
/// restart.
fn candidates(target: &ResolvedTarget, notices: &Notices) -> Vec<Rc<Directory>> {
    let its_own = || target.directory.reopen(target.directory.join(OsStr::new("")));
    let others = platform::temporary_directories().into_iter();
    let others =
        others.map(|path| Directory::open(&platform::working_directory(), path.as_os_str(), path.clone(), notices));
    let opened = std::iter::once_with(its_own).chain(others).flatten();
    let usable = opened.filter(|directory| {
        // ENOSYS: unknown, so try it.
        let may_write = matches!(may_write_directory(directory), Ok(()) | Err(Errno::NOSYS));
        // A name in an append-only directory could not be removed.
        let may_remove = directory.stat().is_ok_and(|stat| !stat.is_append_only());
        may_write && may_remove && directory.filesystem().is_persistent()
    });
    usable.map(Rc::new).collect()
}
