//! A place in a tree: one open directory, and how to get back from it.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result, at, failed};
use crate::platform::{self, DirectoryHandle, Errno, Stat};
use crate::protocol::directory::Directory;
use crate::quote::Shown;

/// How many directories above the current one stay open. Most trees are less deep, and the limit of open files is far
/// away. They also lead out of a directory that may be read but not searched.
const KEPT: usize = 16;

/// The current directory of a walk. In a tree of any depth, few directories are open.
pub(super) struct Cursor {
    /// The step that errors are reported for.
    step: &'static str,
    here: DirectoryHandle,
    /// The state of `here` when it was entered.
    state: Stat,
    /// The closest directories above, innermost last.
    kept: VecDeque<DirectoryHandle>,
    /// The states of all directories above when they were entered, outermost first.
    above: Vec<Stat>,
    /// The path of the top directory, for messages.
    top: PathBuf,
    /// The path from the top directory.
    relative: PathBuf,
}

impl Cursor {
    pub(super) fn open(top: &Directory, step: &'static str) -> Result<Cursor> {
        let opened = platform::open_directory(top, OsStr::new("."), false);
        let opened = opened.and_then(|(here, _)| Ok((Stat::of(&here)?, here)));
        let (state, here) = opened.map_err(at(step, top.shown()))?;
        let (kept, above, relative) = (VecDeque::new(), Vec::new(), PathBuf::new());
        Ok(Cursor { step, here, state, kept, above, top: top.path().to_owned(), relative })
    }

    /// The open directory.
    pub(super) fn here(&self) -> &DirectoryHandle {
        &self.here
    }

    /// The directory's state when it was entered.
    pub(super) fn state(&self) -> &Stat {
        &self.state
    }

    pub(super) fn is_at_top(&self) -> bool {
        self.above.is_empty()
    }

    /// The path from the top directory.
    pub(super) fn relative(&self) -> &Path {
        &self.relative
    }

    /// The path of a name in the directory, for messages. With an empty name, that of the directory.
    pub(super) fn path(&self, name: &OsStr) -> PathBuf {
        let here = self.top.join(&self.relative);
        if name.is_empty() { here } else { here.join(name) }
    }

    /// The error of a call on a name in the directory, or with an empty name on the directory itself.
    pub(super) fn failed(&self, name: &OsStr) -> impl FnOnce(Errno) -> Error {
        let (step, path) = (self.step, self.path(name));
        move |errno| at(step, Shown(path.as_os_str()))(errno)
    }

    /// The error if something has changed that should not.
    pub(super) fn changed(&self, name: &OsStr) -> Error {
        let path = self.path(name);
        failed(self.step, format_args!("{}: changed while it was read", Shown(path.as_os_str())))
    }

    /// The error of reading an entry that was seen before. If it is gone or of another kind now, it has changed.
    pub(super) fn cannot_read(&self, name: &OsStr) -> impl FnOnce(Errno) -> Error {
        let (failed, changed) = (self.failed(name), self.changed(name));
        move |errno| match errno {
            Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::STALE | Errno::INVAL => changed,
            errno => failed(errno),
        }
    }

    /// Enters the directory `name`, whose state was `expected`.
    pub(super) fn enter(&mut self, name: &OsStr, expected: &Stat) -> Result<()> {
        if self.try_enter(name, expected)? { Ok(()) } else { Err(self.changed(name)) }
    }

    /// Returns false if the name is gone, or leads to something else by now.
    pub(super) fn try_enter(&mut self, name: &OsStr, expected: &Stat) -> Result<bool> {
        let directory = match platform::open_directory(&self.here, name, false) {
            Ok((directory, _)) => directory,
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::STALE) => return Ok(false),
            Err(errno) => return Err(self.failed(name)(errno)),
        };
        let state = Stat::of(&directory).map_err(self.failed(name))?;
        if !state.is_same_file(expected) {
            return Ok(false);
        }
        self.kept.push_back(std::mem::replace(&mut self.here, directory));
        if self.kept.len() > KEPT {
            self.kept.pop_front();
        }
        self.above.push(std::mem::replace(&mut self.state, state));
        self.relative.push(name);
        Ok(true)
    }

    /// Goes back to the directory above. Returns false at the top.
    pub(super) fn leave(&mut self) -> Result<bool> {
        let Some(state) = self.above.pop() else { return Ok(false) };
        self.here = match self.kept.pop_back() {
            Some(directory) => directory,
            None => self.open_above(&state)?,
        };
        self.state = state;
        self.relative.pop();
        Ok(true)
    }

    /// Opens the directory above. It is another one if the current directory was moved.
    fn open_above(&self, expected: &Stat) -> Result<DirectoryHandle> {
        let none = OsStr::new("");
        let above = platform::open_directory(&self.here, OsStr::new(".."), false);
        let (above, _) = above.map_err(self.failed(none))?;
        let found = Stat::of(&above).map_err(self.failed(none))?;
        if found.is_same_file(expected) { Ok(above) } else { Err(self.changed(none)) }
    }
}
