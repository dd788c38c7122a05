//! Where the copy of an overwrite in place may be made.

use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::path::PathBuf;

use rustix::fs::Access;
use rustix::io::Errno;

use super::directory::Directory;
use super::resolve::ResolvedTarget;
use crate::sys;

/// Where the copy may be made, and why it has to be.
#[derive(Debug)]
pub(crate) struct SpillDirectory {
    pub(super) candidates: Vec<Directory>,
    pub(super) reason: String,
}

impl SpillDirectory {
    /// `reason` is why no rename is possible.
    pub(super) fn of(target: &ResolvedTarget, reason: String) -> Self {
        SpillDirectory { candidates: candidates(target), reason }
    }

    /// What could not be removed there.
    pub(super) fn leftovers(&self) -> Vec<String> {
        self.candidates.iter().flat_map(Directory::leftovers).collect()
    }
}

/// Directories for the copy: TARGET's own if possible, else where temporary files survive a restart.
fn candidates(target: &ResolvedTarget) -> Vec<Directory> {
    let its_own = || Directory::open(target.directory.as_fd(), OsStr::new("."), target.directory.join(OsStr::new("")));
    let others = [
        std::env::var_os("TMPDIR").filter(|path| !path.is_empty()).map(PathBuf::from),
        Some(PathBuf::from("/var/tmp")),
        Some(PathBuf::from("/tmp")),
        std::env::var_os("HOME").filter(|path| !path.is_empty()).map(PathBuf::from),
    ];
    let others = others.into_iter().flatten();
    let others = others.map(|path| Directory::open(rustix::fs::CWD, path.as_os_str(), path.clone()));
    let opened = std::iter::once_with(its_own).chain(others).flatten();
    let usable = opened.filter(|directory| {
        let access = sys::access(directory, directory, ".", Access::WRITE_OK | Access::EXEC_OK);
        // Where nobody can say, the attempt tells.
        let may_write = matches!(access, Ok(()) | Err(Errno::NOSYS));
        // A name in an append-only one could never be removed.
        let may_remove = directory.stat().is_ok_and(|stat| !stat.is_append_only());
        may_write && may_remove && directory.filesystem().is_persistent()
    });
    usable.collect()
}
