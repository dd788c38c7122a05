//! Parent directories that `--parents` creates, durably, and removes again when the write fails.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::directory::Directory;
use super::sync;
use crate::error::{Context, Error, Result, at, failed};
use crate::notices::Notices;
use crate::options::Sync;
use crate::platform::{self, Errno, os_message};
use crate::quote::Shown;

const STEP: &str = "create directory";
/// How often a directory may be removed concurrently.
const MOST_TRIES: usize = 100;

/// What this run created, outermost first. Dropping it removes what is still empty.
pub(crate) struct Parents<'a> {
    made: Vec<(Directory, OsString)>,
    sync: Sync,
    notices: &'a Notices,
    keep: bool,
    tries: usize,
}

impl<'a> Parents<'a> {
    pub(crate) fn new(sync: Sync, notices: &'a Notices) -> Self {
        Parents { made: Vec::new(), sync, notices, keep: false, tries: 0 }
    }

    /// Whether any have been created.
    pub(crate) fn has_made(&self) -> bool {
        !self.made.is_empty()
    }

    /// Whether `name` in `holder` has been created here.
    fn made(&self, holder: &Directory, name: &OsStr) -> platform::Result<bool> {
        let here = holder.stat()?;
        for (other, _) in self.made.iter().filter(|(_, made)| made == name) {
            if other.stat()?.is_same_file(&here) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether what was removed concurrently may be created again, once more.
    pub(crate) fn again(&mut self) -> bool {
        self.tries += 1;
        self.tries < MOST_TRIES
    }

    /// The file is in place: the directories stay.
    pub(crate) fn keep(&mut self) {
        self.keep = true;
    }

    /// Opens `path` below `base`, or below the working directory, creating what is missing on the way. Each directory that
    /// is new here is on the disk when this returns: itself, and its entry in the first one that existed.
    pub(crate) fn create(&mut self, base: Option<&Directory>, path: &OsStr, shown: &Path) -> Result<Directory> {
        for _ in 0..MOST_TRIES {
            if let Some(directory) = self.create_once(base, path, shown)? {
                return Ok(directory);
            }
        }
        Err(failed(STEP, format_args!("{}: other writers keep removing it", Shown(shown.as_os_str()))))
    }

    /// `None` where a directory on the way was removed, by another writer's roll-back, before the next could be made in it.
    fn create_once(&mut self, base: Option<&Directory>, path: &OsStr, shown: &Path) -> Result<Option<Directory>> {
        let mut here = self.start(base, path.as_bytes().starts_with(b"/")).context(STEP)?;
        for part in path.as_bytes().split(|&byte| byte == b'/').filter(|part| !part.is_empty()).map(OsStr::from_bytes) {
            match self.enter_or_make(&here, part)? {
                Some(next) => here = next,
                None => return Ok(None),
            }
        }
        here.reopen(shown.to_owned()).map(Some).context(STEP)
    }

    fn start(&self, base: Option<&Directory>, from_root: bool) -> platform::Result<Directory> {
        match base {
            _ if from_root => Directory::open(platform::working_directory(), OsStr::new("/"), "/".into(), self.notices),
            Some(base) => base.reopen(PathBuf::new()),
            None => Directory::open(platform::working_directory(), OsStr::new("."), PathBuf::new(), self.notices),
        }
    }

    /// Opens `part` in `here`, and makes it first where it is missing. `None` where `here` itself was removed concurrently.
    fn enter_or_make(&mut self, here: &Directory, part: &OsStr) -> Result<Option<Directory>> {
        let failed = |errno| cannot_create(here, part, errno);
        let mut next = self.enter(here, part);
        let missing = matches!(next, Err(Errno::NOENT));
        // More than once where another writer's roll-back removes it again; not for ever, as a link that leads nowhere is
        // both there and missing.
        for _ in 0..MOST_TRIES {
            if !matches!(next, Err(Errno::NOENT)) {
                break;
            }
            // Opened first: what has been made must be removable.
            let holder = here.reopen(here.join(OsStr::new(""))).map_err(failed)?;
            match platform::make_directory(here, part) {
                Ok(()) => self.made.push((holder, part.to_owned())),
                // Another writer was quicker; its entry may not be on the disk yet.
                Err(Errno::EXIST) => {}
                Err(Errno::NOENT) => return Ok(None),
                Err(errno) => return Err(failed(errno)),
            }
            next = self.enter(here, part);
        }
        let next = next.map_err(failed)?;
        if missing && self.sync == Sync::Full {
            sync::directory(here, Some(&next)).map_err(failed)?;
        }
        Ok(Some(next))
    }

    /// Links are followed, but for one in the place of what was created here: whoever put it there leads elsewhere.
    fn enter(&self, here: &Directory, part: &OsStr) -> platform::Result<Directory> {
        let follow = !self.made(here, part)?;
        here.enter(part, follow)
    }
}

/// Removes what is still empty, innermost first, and reports what cannot be removed.
impl Drop for Parents<'_> {
    fn drop(&mut self) {
        if self.keep {
            return;
        }
        while let Some((directory, name)) = self.made.pop() {
            match platform::remove_directory(&directory, &name) {
                // Gone already: by another writer's roll-back, after which it was made again, or not.
                Ok(()) | Err(Errno::NOENT) => {}
                // In use by another writer meanwhile, or something else: theirs now.
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
