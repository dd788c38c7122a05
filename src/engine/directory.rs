//! An open directory, and what its names lead to.

use std::cell::{OnceCell, Ref, RefCell};
use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::fs::{FileType, OFlags};
use rustix::io::Errno;

use super::filesystem::FileSystem;
use super::stat::Stat;
use crate::quote::Shown;
use crate::sys::{self, Retries};

/// The directory that holds, or will hold, the final file.
#[derive(Debug)]
pub(crate) struct Directory {
    fd: OwnedFd,
    /// Open for reading, so that it can be synced and locked; else it may be searched only.
    readable: bool,
    /// As it would be typed, for messages.
    path: PathBuf,
    filesystem: OnceCell<FileSystem>,
    /// What could not be removed from it, in words.
    leftovers: RefCell<Vec<String>>,
}

impl Directory {
    /// Opens `path` relative to `base`.
    pub(crate) fn open(base: BorrowedFd<'_>, path: &OsStr, shown: PathBuf) -> std::result::Result<Self, Errno> {
        let path = if path.is_empty() { OsStr::new(".") } else { path };
        Directory::open_with(OFlags::DIRECTORY, base, path, shown)
    }

    /// Opens what `name` is in `base`, which must be a directory and no link to one.
    pub(crate) fn open_itself(base: &Directory, name: &OsStr) -> std::result::Result<Self, Errno> {
        Directory::open_with(OFlags::DIRECTORY | OFlags::NOFOLLOW, base.as_fd(), name, base.join(name))
    }

    fn open_with(
        flags: OFlags,
        base: BorrowedFd<'_>,
        path: &OsStr,
        shown: PathBuf,
    ) -> std::result::Result<Self, Errno> {
        let (fd, readable) = match sys::open(base, path, flags | OFlags::RDONLY) {
            Ok(fd) => (fd, true),
            // A `-wx` directory takes new names all the same.
            Err(Errno::ACCESS) => (sys::open(base, path, flags | OFlags::PATH)?, false),
            Err(errno) => return Err(errno),
        };
        Ok(Directory { fd, readable, path: shown, filesystem: OnceCell::new(), leftovers: RefCell::default() })
    }

    pub(crate) fn readable(&self) -> bool {
        self.readable
    }

    /// What kind of file system it is on.
    pub(crate) fn filesystem(&self) -> FileSystem {
        *self.filesystem.get_or_init(|| FileSystem::of(&self.fd))
    }

    /// The directory's path for messages, never empty.
    pub(crate) fn shown(&self) -> Shown<'_> {
        Shown(if self.path.as_os_str().is_empty() { OsStr::new(".") } else { self.path.as_os_str() })
    }

    /// The path of `name` in it, for messages.
    pub(crate) fn join(&self, name: &OsStr) -> PathBuf {
        self.path.join(name)
    }

    /// Notes what could not be removed, to be told at the end.
    pub(crate) fn leave(&self, leftover: String) {
        self.leftovers.borrow_mut().push(leftover);
    }

    /// What has been noted.
    pub(crate) fn leftovers(&self) -> Vec<String> {
        self.leftovers.take()
    }

    /// The directory's own metadata.
    pub(crate) fn stat(&self) -> std::result::Result<Stat, Errno> {
        Stat::of(&self.fd).map(|stat| stat.complete(self.fd.as_fd(), None))
    }

    /// What `name` is now; `None` where it is absent. Opens nothing, follows nothing.
    pub(crate) fn lstat(&self, name: &OsStr) -> std::result::Result<Option<Stat>, Errno> {
        match Stat::at(&self.fd, name) {
            Ok(found) => Ok(Some(found)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    /// The same, and not from a cache.
    pub(crate) fn lstat_uncached(&self, name: &OsStr) -> std::result::Result<Option<Stat>, Errno> {
        if self.filesystem().is_remote() {
            // Names are cached for as long as the directory is not known to have changed.
            let _ = Stat::of_afresh(&self.fd);
        }
        match Stat::at_afresh(&self.fd, name) {
            Ok(found) => Ok(Some(found)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    /// Whether the file system gives `name` another inode number at each look, as some FUSE file systems do. Who has the
    /// number then says nothing about who has the name.
    pub(crate) fn has_unstable_numbers(&self, name: &OsStr) -> bool {
        let looks = [self.lstat_uncached(name), self.lstat_uncached(name), self.lstat_uncached(name)];
        let [Ok(Some(first)), Ok(Some(second)), Ok(Some(third))] = looks else { return false };
        !first.is_same_file(&second) && !second.is_same_file(&third)
    }

    /// Opens what `name` is now, as a path only. A network file system may lead to a file that another client has replaced
    /// since it was looked up here, and say so only when it is asked for more.
    pub(crate) fn open_path(&self, name: &OsStr) -> std::result::Result<Option<PathHandle>, Errno> {
        let (mut retries, mut afresh) = (Retries::default(), self.filesystem().is_remote());
        loop {
            if afresh {
                // Whatever it says, the cached name is dropped where it is out of date.
                let _ = self.lstat_uncached(name);
            }
            match self.open_path_once(name) {
                Err(Errno::STALE) => retries.again(Errno::STALE)?,
                done => return done,
            }
            afresh = true;
        }
    }

    fn open_path_once(&self, name: &OsStr) -> std::result::Result<Option<PathHandle>, Errno> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW;
        match sys::open(&self.fd, name, flags) {
            Ok(fd) => {
                let stat = Stat::of(&fd)?.complete(fd.as_fd(), Some(self.fd.as_fd()));
                Ok(Some(PathHandle { handle: Handle::new(fd), stat }))
            }
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    /// NFS may report the failure of what it did: if `name` leads to `file`, it is done.
    pub(crate) fn verify_after_error(&self, name: &OsStr, ours: &Stat, errno: Errno) -> std::result::Result<(), Errno> {
        match self.lstat(name) {
            Ok(Some(found)) if found.is_same_file(ours) => Ok(()),
            _ => Err(errno),
        }
    }
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// A descriptor that is let go of before the commit, by whoever has it: clients of NFS and SMB do not leave a file in place
/// that is open when it is renamed over, by whatever kind of descriptor.
#[derive(Debug)]
pub(crate) struct Handle(RefCell<Option<OwnedFd>>);

impl Handle {
    pub(crate) fn new(fd: OwnedFd) -> Self {
        Handle(RefCell::new(Some(fd)))
    }

    /// The descriptor. `EBADF` where it has been let go of.
    pub(crate) fn get(&self) -> std::result::Result<Ref<'_, OwnedFd>, Errno> {
        Ref::filter_map(self.0.borrow(), Option::as_ref).map_err(|_| Errno::BADF)
    }

    /// Lets go of it.
    pub(crate) fn release(&self) {
        self.0.take();
    }
}

/// An inode held by a descriptor that can neither read nor write it: safe to open whatever it is.
#[derive(Debug)]
pub(crate) struct PathHandle {
    pub(crate) handle: Handle,
    pub(crate) stat: Stat,
}

impl PathHandle {
    pub(crate) fn kind(&self) -> FileType {
        self.stat.kind()
    }
}
