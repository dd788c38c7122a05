//! Parent directories that `--parents` creates, durably, and takes back when the write fails.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode};
use rustix::io::Errno;

use super::directory::Directory;
use super::sync;
use crate::failure::{Failure, Result, words};
use crate::policy::Sync;
use crate::quote::Shown;
use crate::sys;

const STEP: &str = "create directory";
/// How often a directory may be taken away under our hands.
const MOST_TRIES: usize = 100;

/// What this run created, outermost first. Dropping it takes back what is still empty.
pub(crate) struct Parents {
    made: Vec<(Directory, OsString)>,
    sync: Sync,
    asked: bool,
    keep: bool,
    tries: usize,
}

impl Parents {
    /// `asked` is whether any may be created.
    pub(crate) fn new(asked: bool, sync: Sync) -> Self {
        Parents { made: Vec::new(), sync, asked, keep: false, tries: 0 }
    }

    pub(crate) fn asked(&self) -> bool {
        self.asked
    }

    /// Whether any have been created.
    pub(crate) fn has_made(&self) -> bool {
        !self.made.is_empty()
    }

    /// Whether `name` in `holder` has been created here.
    fn made(&self, holder: &Directory, name: &OsStr) -> std::result::Result<bool, Errno> {
        let here = holder.stat()?;
        for (other, _) in self.made.iter().filter(|(_, made)| made == name) {
            if other.stat()?.is_same_file(&here) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether what was taken away may be created again, once more.
    pub(crate) fn again(&mut self) -> bool {
        self.tries += 1;
        self.asked && self.tries < MOST_TRIES
    }

    /// The file is in place: the directories stay.
    pub(crate) fn keep(&mut self) {
        self.keep = true;
    }

    /// Takes back what is still empty. Returns what could not be, in words.
    pub(crate) fn take_back(&mut self) -> Option<String> {
        if self.keep {
            return None;
        }
        while let Some((directory, name)) = self.made.pop() {
            match sys::unlinkat(&directory, &name, AtFlags::REMOVEDIR) {
                // Gone already: by another writer's roll-back, after which it was made again, or not.
                Ok(()) | Err(Errno::NOENT) => {}
                // In use by another writer meanwhile, or something else: theirs now.
                Err(Errno::NOTEMPTY | Errno::EXIST | Errno::NOTDIR) => break,
                Err(errno) => {
                    let path = directory.join(&name);
                    return Some(format!("{} is left behind: {}", Shown(path.as_os_str()), words(errno)));
                }
            }
        }
        None
    }
}

impl Drop for Parents {
    fn drop(&mut self) {
        self.take_back();
    }
}

/// Opens `path` below `base`, creating what is missing on the way. Each directory that is new here is on the disk when
/// this returns: itself, and its entry in the first one that existed.
pub(crate) fn create(base: BorrowedFd<'_>, path: &OsStr, shown: &Path, parents: &mut Parents) -> Result<Directory> {
    for _ in 0..MOST_TRIES {
        if let Some(directory) = create_once(base, path, shown, parents)? {
            return Ok(directory);
        }
    }
    Err(Failure::failed(STEP, format_args!("{}: other writers keep removing it", Shown(shown.as_os_str()))))
}

/// `None` where a directory on the way was removed, by another writer's roll-back, before the next could be made in it.
fn create_once(base: BorrowedFd<'_>, path: &OsStr, shown: &Path, parents: &mut Parents) -> Result<Option<Directory>> {
    let absolute = path.as_bytes().starts_with(b"/");
    let root = OsStr::new(if absolute { "/" } else { "." });
    let mut here =
        Directory::open(base, root, PathBuf::from(if absolute { "/" } else { "" })).map_err(Failure::call(STEP))?;
    for part in path.as_bytes().split(|&byte| byte == b'/').filter(|part| !part.is_empty()).map(OsStr::from_bytes) {
        let mut next = enter(&here, part, parents);
        let missing = matches!(next, Err(Errno::NOENT));
        // More than once where another writer's roll-back removes it again; not for ever, as a link that leads nowhere is
        // both there and missing.
        for _ in 0..MOST_TRIES {
            if !matches!(next, Err(Errno::NOENT)) {
                break;
            }
            // Opened first: what has been made must be removable.
            let holder = Directory::open(here.as_fd(), OsStr::new("."), here.join(OsStr::new("")))
                .map_err(|errno| failed(errno, &here, part))?;
            match sys::mkdirat(&here, part, Mode::from_raw_mode(0o777)) {
                Ok(()) => parents.made.push((holder, part.to_owned())),
                // Another writer was quicker; its entry may not be on the disk yet.
                Err(Errno::EXIST) => {}
                Err(Errno::NOENT) => return Ok(None),
                Err(errno) => return Err(failed(errno, &here, part)),
            }
            next = enter(&here, part, parents);
        }
        let next = next.map_err(|errno| failed(errno, &here, part))?;
        if missing && parents.sync == Sync::Full {
            sync::directory(&here, Some(&next)).map_err(|errno| failed(errno, &here, part))?;
        }
        here = next;
    }
    Directory::open(here.as_fd(), OsStr::new("."), shown.to_owned()).map(Some).map_err(Failure::call(STEP))
}

/// Links are followed, but for one in the place of what was created here: whoever put it there leads elsewhere.
fn enter(here: &Directory, part: &OsStr, parents: &Parents) -> std::result::Result<Directory, Errno> {
    if parents.made(here, part)? {
        Directory::open_itself(here, part)
    } else {
        Directory::open(here.as_fd(), part, here.join(part))
    }
}

fn failed(errno: Errno, here: &Directory, part: &OsStr) -> Failure {
    let path = here.join(part);
    Failure::failed(STEP, format_args!("{}: {}", Shown(path.as_os_str()), words(errno)))
}
