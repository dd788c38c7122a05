//! Open files.

use std::fs::File;
use std::io::{IsTerminal, Stderr, Stdin, Stdout};
use std::os::windows::io::AsHandle;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::errors::{Errno, Result};
use super::relay::{Console, Relay};

/// An open file: a handle, the path by which it was opened, and, once it has been waited for, what reads it ahead.
#[derive(Debug)]
pub(crate) struct OwnedFd {
    /// `None` for a standard handle that is closed.
    file: Option<File>,
    /// Empty for what has no path.
    path: PathBuf,
    pub(in crate::platform) relay: OnceLock<Relay>,
    /// A console, which the standard library reads and writes in UTF-16.
    pub(in crate::platform) console: Option<Console>,
}

/// A borrowed open file.
pub(crate) type BorrowedFd<'a> = &'a OwnedFd;

impl OwnedFd {
    pub(in crate::platform) fn new(file: File, path: PathBuf) -> OwnedFd {
        OwnedFd { file: Some(file), path, relay: OnceLock::new(), console: None }
    }

    pub(in crate::platform) fn file(&self) -> Result<&File> {
        self.file.as_ref().ok_or(Errno::BADF)
    }

    pub(in crate::platform) fn into_file(self) -> Option<File> {
        self.file
    }

    /// The path by which it was opened; empty if there is none.
    pub(in crate::platform) fn path(&self) -> &Path {
        &self.path
    }

    /// The same open file, by another path of it.
    pub(in crate::platform) fn with_path(self, path: PathBuf) -> OwnedFd {
        OwnedFd { path, ..self }
    }

    /// Another handle for the same open file.
    pub(crate) fn try_clone_to_owned(&self) -> std::io::Result<OwnedFd> {
        let file = self.file.as_ref().map(File::try_clone).transpose()?;
        Ok(OwnedFd { file, path: self.path.clone(), relay: OnceLock::new(), console: self.console })
    }
}

/// What has an open file.
pub(crate) trait AsFd {
    fn as_fd(&self) -> BorrowedFd<'_>;
}

impl AsFd for OwnedFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self
    }
}

impl<T: AsFd + ?Sized> AsFd for &T {
    fn as_fd(&self) -> BorrowedFd<'_> {
        (**self).as_fd()
    }
}

impl AsFd for Stdin {
    fn as_fd(&self) -> BorrowedFd<'_> {
        static STDIN: OnceLock<OwnedFd> = OnceLock::new();
        STDIN.get_or_init(|| standard(self, Console::Input))
    }
}

impl AsFd for Stdout {
    fn as_fd(&self) -> BorrowedFd<'_> {
        static STDOUT: OnceLock<OwnedFd> = OnceLock::new();
        STDOUT.get_or_init(|| standard(self, Console::Output))
    }
}

impl AsFd for Stderr {
    fn as_fd(&self) -> BorrowedFd<'_> {
        static STDERR: OnceLock<OwnedFd> = OnceLock::new();
        STDERR.get_or_init(|| standard(self, Console::Error))
    }
}

/// One of the three.
fn standard(handle: &(impl AsHandle + IsTerminal), console: Console) -> OwnedFd {
    let is_console = handle.is_terminal();
    let file = handle.as_handle().try_clone_to_owned().map(File::from).ok();
    OwnedFd { file, path: PathBuf::new(), relay: OnceLock::new(), console: is_console.then_some(console) }
}
