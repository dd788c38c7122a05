//! Private directories, for what must have a real path before it is TARGET: what a command writes by name, and what a
//! validator reads.
//!
//! Such a directory is beside the final file, so that a rename from it is atomic. Its name is random, as that of a staging
//! file is. Its mode is 0700, so that no other user can open what is in it. In it, the staged file has TARGET's own name.
//! It is removed with all that it holds when its last owner is dropped.

use std::cell::{Cell, OnceCell};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::directory::{Directory, Entry};
use super::random_name::with_free_name;
use super::tree;
use crate::error::{Context, Result, at, failed};
use crate::notices::Notices;
use crate::platform::{self, Errno, Signals, is_metadata_refusal, opaque_acl, remove_attribute};
use crate::quote::Shown;

const STEP: &str = "create staging directory";
/// How many further names one warning lists.
const MAX_NAMES: usize = 8;

/// A directory that only this user can enter.
#[derive(Debug)]
pub(crate) struct PrivateDirectory {
    parent: Rc<Directory>,
    name: OsString,
    directory: Rc<Directory>,
    /// Its absolute path, for other programs.
    path: PathBuf,
    notices: Notices,
    /// What is left in it when it is removed is named in a warning, but for this name. The words say what it is.
    expected: OnceCell<(OsString, &'static str)>,
    keep: Cell<bool>,
}

impl PrivateDirectory {
    /// Creates one in `parent`. Signals are watched before.
    pub(crate) fn create(parent: &Rc<Directory>, signals: &Signals, notices: &Notices) -> Result<Rc<Self>> {
        signals.watch().context("signals")?;
        let cannot = |errno| at(STEP, format_args!("directory {}", parent.shown()))(errno);
        let (name, ()) = with_free_name(|name| platform::make_directory(parent, name, 0o700)).map_err(cannot)?;
        let directory = match open(parent, &name) {
            Ok(directory) => Rc::new(directory),
            Err(errno) => {
                if let Err(left) = platform::remove_directory(parent, &name) {
                    notices.left_behind(&parent.join(&name), &platform::os_message(left));
                }
                return Err(cannot(errno));
            }
        };
        let mut created = PrivateDirectory {
            parent: Rc::clone(parent),
            name,
            directory,
            path: PathBuf::new(),
            notices: notices.clone(),
            expected: OnceCell::new(),
            keep: Cell::new(false),
        };
        created.take_acl_beside_mode()?;
        created.path = created.absolute_path()?;
        Ok(Rc::new(created))
    }

    /// Takes an inherited ACL away that would let others enter beside the mode.
    fn take_acl_beside_mode(&self) -> Result<()> {
        let Some(name) = opaque_acl::BESIDE_MODE else { return Ok(()) };
        match remove_attribute(&**self.directory, name) {
            Err(errno) if is_metadata_refusal(errno) => Ok(()),
            removed => removed.context(STEP),
        }
    }

    /// A path that leads here now, whatever link the user's path goes through: another user may change that.
    fn absolute_path(&self) -> Result<PathBuf> {
        let shown = || format!("directory {}", self.parent.shown());
        let path = platform::absolute(self.parent.path()).map_err(|errno| at(STEP, shown())(errno))?.join(&self.name);
        let found = Directory::open(&platform::working_directory(), path.as_os_str(), path.clone(), &self.notices)
            .and_then(|found| Ok(found.stat()?.is_same_file(&self.directory.stat()?)));
        match found {
            Ok(true) => Ok(path),
            Ok(false) | Err(Errno::NOENT) => {
                Err(failed(STEP, format_args!("{} has no path that leads to it", shown())))
            }
            Err(errno) => Err(at(STEP, Shown(path.as_os_str()))(errno)),
        }
    }

    /// The open directory.
    pub(crate) fn directory(&self) -> &Rc<Directory> {
        &self.directory
    }

    /// The directory that it is in.
    pub(crate) fn parent(&self) -> &Directory {
        &self.parent
    }

    /// `name` in it.
    pub(crate) fn entry<'a>(&'a self, name: &'a OsStr) -> Entry<'a> {
        Entry { directory: &self.directory, name }
    }

    /// The absolute path of `name` in it.
    pub(crate) fn path_of(&self, name: &OsStr) -> PathBuf {
        self.path.join(Path::new(name))
    }

    /// Names in a warning what else than `expected` is in it when it is removed, in these words.
    pub(crate) fn warn_of_others(&self, expected: &OsStr, what: &'static str) {
        let _ = self.expected.set((expected.to_owned(), what));
    }

    /// Keeps it, because the user needs a file in it.
    pub(crate) fn keep(&self) {
        self.keep.set(true);
    }

    fn list_others(&self, expected: &OsStr, what: &str) {
        let mut names = Vec::new();
        let listed = platform::for_each_name(&self.directory, |name| {
            if name != "." && name != ".." && name != expected {
                names.push(Shown(name).to_string());
            }
        });
        if listed.is_err() || names.is_empty() {
            return;
        }
        names.sort_unstable();
        let more = names.len().saturating_sub(MAX_NAMES);
        names.truncate(MAX_NAMES);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        self.notices.warn(format!("removed {what}: {}{more}", names.join(", ")));
    }
}

/// Opens a directory that was made here, and that the umask may have closed even to its owner.
pub(super) fn open(parent: &Directory, name: &OsStr) -> platform::Result<Directory> {
    let directory = parent.enter(name, false)?;
    let bits = directory.stat()?.bits();
    if bits & 0o700 == 0o700 {
        return Ok(directory);
    }
    let set = if directory.readable() {
        platform::set_mode(&*directory, bits | 0o700)
    } else {
        platform::set_mode_of_name(parent, name, bits | 0o700)
    };
    match set {
        Err(errno) if is_metadata_refusal(errno) => Ok(directory),
        set => set.and_then(|()| parent.enter(name, false)),
    }
}

impl Drop for PrivateDirectory {
    fn drop(&mut self) {
        if self.keep.get() {
            return;
        }
        if let Some((expected, what)) = self.expected.get() {
            self.list_others(expected, what);
        }
        // Some systems do not remove a directory that is open.
        self.directory = Rc::clone(&self.parent);
        let removal = tree::remove(&self.parent, &self.name);
        for (path, reason) in &removal.left {
            self.notices.left_behind(path, reason);
        }
        if removal.more > 0 {
            let path = self.parent.join(&self.name);
            self.notices.left_behind(&path, &format!("{} more entries could not be removed", removal.more));
        }
    }
}
