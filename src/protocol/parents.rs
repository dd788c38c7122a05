//! `--parents`: creates parent directories durably, and removes them if the write fails.

use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use super::directory::Directory;
use super::sync;
use crate::error::{Context, Error, Result, at, failed};
use crate::notices::Notices;
use crate::options::Sync;
use crate::platform::{self, Errno, os_message};
use crate::quote::Shown;

const STEP: &str = "create directory";
/// How often a directory may be removed concurrently.
const MAX_TRIES: usize = 100;

/// The directories that this run created, outermost first. Dropping it removes those that are still empty.
pub(crate) struct Parents<'a> {
    created: Vec<(Directory, OsString)>,
    sync: Sync,
    notices: &'a Notices,
    keep: bool,
    tries: usize,
}

impl<'a> Parents<'a> {
    pub(crate) fn new(sync: Sync, notices: &'a Notices) -> Self {
        Parents { created: Vec::new(), sync, notices, keep: false, tries: 0 }
    }

    /// Whether any directory has been created.
    pub(crate) fn has_created(&self) -> bool {
        !self.created.is_empty()
    }

    /// Whether `name` in `parent` was created by this run.
    fn is_created(&self, parent: &Directory, name: &OsStr) -> platform::Result<bool> {
        let here = parent.stat()?;
        for (other, _) in self.created.iter().filter(|(_, created)| created == name) {
            if other.stat()?.is_same_file(&here) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a directory that was removed concurrently may be created again.
    pub(crate) fn may_retry(&mut self) -> bool {
        self.tries += 1;
        self.tries < MAX_TRIES
    }

    /// Keeps the directories, because TARGET is in place.
    pub(crate) fn keep(&mut self) {
        self.keep = true;
    }

    /// Opens `path` relative to `base` or to the working directory, and creates missing directories. With
    /// [`Sync::Full`], each created directory and its entry in its parent are on disk when this returns.
    pub(crate) fn create(&mut self, base: Option<&Directory>, path: &OsStr, shown: &Path) -> Result<Directory> {
        for _ in 0..MAX_TRIES {
            if let Some(directory) = self.create_once(base, path, shown)? {
                return Ok(directory);
            }
        }
        Err(failed(STEP, format_args!("{}: other writers keep removing it", Shown(shown.as_os_str()))))
    }

    /// `None` if the rollback of another writer removed a directory before the next one could be created in it.
    fn create_once(&mut self, base: Option<&Directory>, path: &OsStr, shown: &Path) -> Result<Option<Directory>> {
        let is_root = |part: &Component<'_>| matches!(part, Component::Prefix(_) | Component::RootDir);
        let parts = Path::new(path).components();
        let root: PathBuf = parts.clone().take_while(is_root).collect();
        let mut here = self.start(base, &root).context(STEP)?;
        let mut is_named = false;
        for part in parts.skip_while(is_root) {
            match self.enter_or_create(&here, part.as_os_str())? {
                Some(next) => here = next,
                None if is_named => return Ok(None),
                // No attempt creates the directory from which the path leads.
                None => {
                    let start = base.map_or_else(|| "working directory".to_owned(), |base| base.shown().to_string());
                    return Err(at(STEP, start)(Errno::NOENT));
                }
            }
            is_named |= matches!(part, Component::Normal(_));
        }
        here.reopen(shown.to_owned()).map(Some).context(STEP)
    }

    /// The directory from which the path leads: `root`, which is empty for a relative path, or `base`.
    fn start(&self, base: Option<&Directory>, root: &Path) -> platform::Result<Directory> {
        match base {
            _ if !root.as_os_str().is_empty() => {
                Directory::open(&platform::working_directory(), root.as_os_str(), root.to_owned(), self.notices)
            }
            Some(base) => base.reopen(PathBuf::new()),
            None => Directory::open(&platform::working_directory(), OsStr::new("."), PathBuf::new(), self.notices),
        }
    }

    /// Opens `part` in `here`, and creates it first if it is missing. `None` if `here` itself was removed concurrently.
    fn enter_or_create(&mut self, here: &Directory, part: &OsStr) -> Result<Option<Directory>> {
        let failed = |errno| cannot_create(here, part, errno);
        let mut next = self.enter(here, part);
        let missing = matches!(next, Err(Errno::NOENT));
        // Repeated, because another writer's rollback may remove it again. Limited, because a dangling link both exists
        // and cannot be opened.
        for _ in 0..MAX_TRIES {
            if !matches!(next, Err(Errno::NOENT)) {
                break;
            }
            // Open the parent first: a created directory must be removable.
            let parent = here.reopen(here.join(OsStr::new(""))).map_err(failed)?;
            match platform::make_directory(here, part, 0o777) {
                Ok(()) => self.created.push((parent, part.to_owned())),
                // Another writer created it first; its entry may not be on disk yet.
                Err(Errno::EXIST) => {}
                Err(Errno::NOENT) => return Ok(None),
                Err(errno) => return Err(failed(errno)),
            }
            next = self.enter(here, part);
        }
        let next = next.map_err(failed)?;
        if missing && self.sync == Sync::Full {
            sync::directory(here, Some(&*next)).map_err(failed)?;
        }
        Ok(Some(next))
    }

    /// Opens `part`. Follows symbolic links, except in place of a directory created here: another user may have put it
    /// there.
    fn enter(&self, here: &Directory, part: &OsStr) -> platform::Result<Directory> {
        let follow = !self.is_created(here, part)?;
        here.enter(part, follow)
    }
}

/// Removes the directories that are still empty, innermost first, and reports those that cannot be removed.
impl Drop for Parents<'_> {
    fn drop(&mut self) {
        if self.keep {
            return;
        }
        while let Some((directory, name)) = self.created.pop() {
            match platform::remove_directory(&directory, &name) {
                // Another writer's rollback may have removed it.
                Ok(()) | Err(Errno::NOENT) => {}
                // It is in use by another writer, or has been replaced by something else, so it stays.
                Err(Errno::NOTEMPTY | Errno::EXIST | Errno::NOTDIR) => break,
                Err(errno) => {
                    self.notices.left_behind(&directory.join(&name), &os_message(errno));
                    break;
                }
            }
        }
    }
}

fn cannot_create(here: &Directory, part: &OsStr, errno: Errno) -> Error {
    let path = here.join(part);
    at(STEP, Shown(path.as_os_str()))(errno)
}
