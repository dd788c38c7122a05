//! An open directory, and what its names lead to.

use std::cell::{OnceCell, Ref, RefCell};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::notices::Notices;
use crate::platform::{self, AsFd, BorrowedFd, Errno, FileSystem, FileType, OwnedFd, Result, Retries, Stat};
use crate::quote::Shown;

/// A directory that is held open. Whatever becomes of its name, all that is done in it is done here.
#[derive(Debug)]
pub(crate) struct Directory {
    fd: OwnedFd,
    /// Open for reading, so that it can be synced and locked; else it may be searched only.
    readable: bool,
    /// As it would be typed, for messages.
    path: PathBuf,
    filesystem: OnceCell<FileSystem>,
    /// For names that could not be removed from it.
    notices: Notices,
}

impl Directory {
    /// Opens `path` relative to `base`; `shown` is its path for messages.
    pub(crate) fn open(base: impl AsFd, path: &OsStr, shown: PathBuf, notices: &Notices) -> Result<Self> {
        let path = if path.is_empty() { OsStr::new(".") } else { path };
        let (fd, readable) = platform::open_directory(base, path, true)?;
        Ok(Directory { fd, readable, path: shown, filesystem: OnceCell::new(), notices: notices.clone() })
    }

    /// Opens `name` in this one, which must be a directory; a link to one counts only if `follow`.
    pub(crate) fn enter(&self, name: &OsStr, follow: bool) -> Result<Self> {
        let (fd, readable) = platform::open_directory(self, name, follow)?;
        let notices = self.notices.clone();
        Ok(Directory { fd, readable, path: self.join(name), filesystem: OnceCell::new(), notices })
    }

    /// Another description of the same directory; `shown` is its path for messages.
    pub(crate) fn reopen(&self, shown: PathBuf) -> Result<Self> {
        Directory::open(self, OsStr::new("."), shown, &self.notices)
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
        Shown(self.path().as_os_str())
    }

    /// The directory's path as it would be typed, never empty.
    pub(crate) fn path(&self) -> &Path {
        if self.path.as_os_str().is_empty() { Path::new(".") } else { &self.path }
    }

    /// The path of `name` in it, for messages.
    pub(crate) fn join(&self, name: &OsStr) -> PathBuf {
        self.path.join(name)
    }

    /// Removes the name of a file of ours, or reports that it stays.
    pub(crate) fn remove(&self, name: &OsStr) {
        match platform::unlink(self, name) {
            // Stale is the directory: on its server it has been removed, which it could only be when it was empty.
            Ok(()) | Err(Errno::NOENT | Errno::STALE) => {}
            Err(errno) => self.left_behind(name, &platform::os_message(errno)),
        }
    }

    /// Reports that a name of ours stays.
    pub(crate) fn left_behind(&self, name: &OsStr, reason: &str) {
        self.notices.left_behind(&self.join(name), reason);
    }

    /// The directory's own metadata.
    pub(crate) fn stat(&self) -> Result<Stat> {
        Stat::of(&self.fd).map(|stat| stat.complete(self.fd.as_fd(), None))
    }

    /// What `name` is now; `None` where it is absent. Opens nothing, follows nothing.
    pub(crate) fn lstat(&self, name: &OsStr) -> Result<Option<Stat>> {
        present(Stat::at(&self.fd, name))
    }

    /// The same, and not from a cache.
    pub(crate) fn lstat_uncached(&self, name: &OsStr) -> Result<Option<Stat>> {
        if self.filesystem().is_remote() {
            // Names are cached for as long as the directory is not known to have changed.
            let _ = Stat::of_afresh(&self.fd);
        }
        present(Stat::at_afresh(&self.fd, name))
    }

    /// Whether the file system gives `name` another inode number at each look, as some FUSE file systems do. Who has the
    /// number then says nothing about who has the name.
    pub(crate) fn has_unstable_numbers(&self, name: &OsStr) -> bool {
        let looks = [self.lstat_uncached(name), self.lstat_uncached(name), self.lstat_uncached(name)];
        let [Ok(Some(first)), Ok(Some(second)), Ok(Some(third))] = looks else { return false };
        !first.is_same_file(&second) && !second.is_same_file(&third)
    }

    /// A handle for what `name` is now. A network file system may lead to a file that another client has replaced since it
    /// was looked up here, and say so only when it is asked for more.
    pub(crate) fn open_path(&self, name: &OsStr) -> Result<Option<PathHandle>> {
        let (mut retries, mut afresh) = (Retries::default(), self.filesystem().is_remote());
        loop {
            if afresh {
                // Whatever it says, the cached name is dropped where it is out of date.
                let _ = self.lstat_uncached(name);
            }
            match present(self.open_path_once(name)) {
                Err(Errno::STALE) => retries.again(Errno::STALE)?,
                done => return done,
            }
            afresh = true;
        }
    }

    fn open_path_once(&self, name: &OsStr) -> Result<PathHandle> {
        let fd = platform::open_path(&self.fd, name)?;
        let stat = Stat::of(&fd)?.complete(fd.as_fd(), Some(self.fd.as_fd()));
        Ok(PathHandle { handle: Handle::new(fd), stat })
    }

    /// After a call that failed and should have given `name` to `file`: NFS may report the failure of what it did. If the
    /// name leads to the file, it is done.
    pub(crate) fn verify_after_error(&self, name: &OsStr, file: &Stat, errno: Errno) -> Result<()> {
        match self.lstat(name) {
            Ok(Some(found)) if found.is_same_file(file) => Ok(()),
            _ => Err(errno),
        }
    }
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn present<T>(found: Result<T>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// A descriptor that is closed before the commit, by whoever has it: clients of NFS and SMB do not leave a file in place
/// that is open when it is renamed over, by whatever kind of descriptor.
#[derive(Debug)]
pub(crate) struct Handle(RefCell<Option<OwnedFd>>);

impl Handle {
    pub(crate) fn new(fd: OwnedFd) -> Self {
        Handle(RefCell::new(Some(fd)))
    }

    /// The descriptor. `EBADF` where it has been closed.
    pub(crate) fn get(&self) -> Result<Ref<'_, OwnedFd>> {
        Ref::filter_map(self.0.borrow(), Option::as_ref).map_err(|_| Errno::BADF)
    }

    /// Closes it.
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

    /// Opens the file, which is called `name` in `directory`, for reading. `ESTALE` where it cannot be had any more.
    pub(crate) fn open(&self, directory: &Directory, name: &OsStr) -> Result<OwnedFd> {
        let file = platform::open_handle(&*self.handle.get()?, directory, name)?;
        if Stat::of(&file)?.is_same_file(&self.stat) { Ok(file) } else { Err(Errno::STALE) }
    }
}
