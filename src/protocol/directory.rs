//! An open directory, and what its names lead to.

use std::cell::{Cell, OnceCell, Ref, RefCell};
use std::ffi::OsStr;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use crate::error::{Error, at};
use crate::notices::Notices;
use crate::platform::{
    self, DirectoryHandle, Errno, FileHandle, FileSystem, FileType, LinkBy, OwnedFd, Result, Retries, Stat,
};
use crate::quote::Shown;

/// An open directory. Every operation applies to this directory, whatever becomes of its name.
#[derive(Debug)]
pub(crate) struct Directory {
    handle: DirectoryHandle,
    /// Whether it is open for reading, so that it can be synced and locked; otherwise it can only be searched.
    readable: bool,
    /// Its path as a user would type it, for messages.
    path: PathBuf,
    filesystem: OnceCell<FileSystem>,
    /// How an unnamed file in it can be linked, once that is known.
    pub(crate) link_by: Cell<Option<LinkBy>>,
    /// Its state when it was found that names in it may be created and replaced, if many are to be.
    pub(crate) checked: Cell<Option<Stat>>,
    /// Records names that could not be removed from it.
    notices: Notices,
}

impl Directory {
    /// Opens `path` relative to `base`; `shown` is its path for messages.
    pub(crate) fn open(base: &DirectoryHandle, path: &OsStr, shown: PathBuf, notices: &Notices) -> Result<Self> {
        let path = if path.is_empty() { OsStr::new(".") } else { path };
        let (handle, readable) = platform::open_directory(base, path, true)?;
        Ok(Directory {
            handle,
            readable,
            path: shown,
            filesystem: OnceCell::new(),
            link_by: Cell::new(None),
            checked: Cell::new(None),
            notices: notices.clone(),
        })
    }

    /// Opens the directory `name` in this one. Follows a symbolic link only if `follow`.
    pub(crate) fn enter(&self, name: &OsStr, follow: bool) -> Result<Self> {
        let (handle, readable) = platform::open_directory(self, name, follow)?;
        let notices = self.notices.clone();
        Ok(Directory {
            handle,
            readable,
            path: self.join(name),
            filesystem: OnceCell::new(),
            link_by: Cell::new(None),
            checked: Cell::new(None),
            notices,
        })
    }

    /// Opens the same directory again; `shown` is its path for messages.
    pub(crate) fn reopen(&self, shown: PathBuf) -> Result<Self> {
        Directory::open(self, OsStr::new("."), shown, &self.notices)
    }

    pub(crate) fn readable(&self) -> bool {
        self.readable
    }

    /// The file system that it is on.
    pub(crate) fn filesystem(&self) -> FileSystem {
        *self.filesystem.get_or_init(|| FileSystem::of(&self.handle))
    }

    /// The directory's path for messages, never empty.
    pub(crate) fn shown(&self) -> Shown<'_> {
        Shown(self.path().as_os_str())
    }

    /// The directory's path as a user would type it, never empty.
    pub(crate) fn path(&self) -> &Path {
        if self.path.as_os_str().is_empty() { Path::new(".") } else { &self.path }
    }

    /// The path of `name` in it, for messages.
    pub(crate) fn join(&self, name: &OsStr) -> PathBuf {
        self.path.join(name)
    }

    /// Removes the name of a staging file, or reports that it stays.
    pub(crate) fn remove(&self, name: &OsStr) {
        match platform::unlink(self, name) {
            // ESTALE refers to the directory: it was removed on its server, which required it to be empty.
            Ok(()) | Err(Errno::NOENT | Errno::STALE) => {}
            Err(errno) => self.left_behind(name, &platform::os_message(errno)),
        }
    }

    /// The error of a call on the staging file in it.
    pub(crate) fn staging_error(&self, step: &'static str, errno: Errno) -> Error {
        at(step, format_args!("staging file in {}", self.shown()))(errno)
    }

    /// Reports that the name of a staging file stays.
    pub(crate) fn left_behind(&self, name: &OsStr, reason: &str) {
        self.notices.left_behind(&self.join(name), reason);
    }

    /// The directory's own metadata.
    pub(crate) fn stat(&self) -> Result<Stat> {
        Stat::of_directory(self)
    }

    /// The metadata of `name`; `None` if it is absent. Opens no file and follows no link.
    pub(crate) fn lstat(&self, name: &OsStr) -> Result<Option<Stat>> {
        present(Stat::at(self, name))
    }

    /// The same, but not from a cache.
    pub(crate) fn lstat_uncached(&self, name: &OsStr) -> Result<Option<Stat>> {
        if self.filesystem().is_remote() {
            // The client caches names until it learns that the directory has changed.
            let _ = Stat::of_uncached(&self.handle);
        }
        present(Stat::at_uncached(self, name))
    }

    /// Whether the file system reports a different inode number for `name` at each lookup, as some FUSE file systems
    /// do. Inode numbers then cannot identify the file that has the name.
    pub(crate) fn has_unstable_inode_numbers(&self, name: &OsStr) -> bool {
        let lookups = [self.lstat_uncached(name), self.lstat_uncached(name), self.lstat_uncached(name)];
        let [Ok(Some(first)), Ok(Some(second)), Ok(Some(third))] = lookups else { return false };
        !first.is_same_file(&second) && !second.is_same_file(&third)
    }

    /// A handle for the file `name`; `None` if it is absent. On a network file system the lookup may return a file that
    /// another client has replaced, and only the next call on it fails with ESTALE.
    pub(crate) fn open_path(&self, name: &OsStr) -> Result<Option<PathHandle>> {
        let (mut retries, mut uncached) = (Retries::default(), self.filesystem().is_remote());
        loop {
            if uncached {
                // The result is ignored: the call drops an outdated name from the cache.
                let _ = self.lstat_uncached(name);
            }
            match present(self.open_path_once(name)) {
                Err(Errno::STALE) => retries.retry(Errno::STALE)?,
                done => return done,
            }
            uncached = true;
        }
    }

    fn open_path_once(&self, name: &OsStr) -> Result<PathHandle> {
        let (handle, stat) = platform::open_path(self, name)?;
        Ok(PathHandle { handle: Closable::new(handle), stat })
    }

    /// Called after an error of a call that gives `name` to `file`. NFS may report an error for an operation that
    /// succeeded. If the name leads to the file, the operation is done.
    pub(crate) fn verify_after_error(&self, name: &OsStr, file: &Stat, errno: Errno) -> Result<()> {
        match self.lstat(name) {
            Ok(Some(found)) if found.is_same_file(file) => Ok(()),
            _ => Err(errno),
        }
    }
}

impl Deref for Directory {
    type Target = DirectoryHandle;

    fn deref(&self) -> &DirectoryHandle {
        &self.handle
    }
}

/// A name in an open directory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) directory: &'a Directory,
    pub(crate) name: &'a OsStr,
}

impl Entry<'_> {
    /// Its path, for messages.
    pub(crate) fn path(&self) -> PathBuf {
        self.directory.join(self.name)
    }

    /// The metadata of its file; `None` if it is absent.
    pub(crate) fn lstat(&self) -> Result<Option<Stat>> {
        self.directory.lstat(self.name)
    }

    /// Renames it to `to`, which it replaces.
    pub(crate) fn rename(&self, to: Entry<'_>) -> Result<()> {
        platform::rename(self.directory, self.name, to.directory, to.name)
    }
}

fn present<T>(found: Result<T>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// A descriptor that can be closed before the commit while its owner lives. NFS and SMB clients move or remove a file
/// that is open when it is renamed over, whatever kind of descriptor is open.
#[derive(Debug)]
pub(crate) struct Closable<T>(RefCell<Option<T>>);

impl<T> Closable<T> {
    pub(crate) fn new(open: T) -> Self {
        Closable(RefCell::new(Some(open)))
    }

    /// The descriptor. Fails with `EBADF` if it has been closed.
    pub(crate) fn get(&self) -> Result<Ref<'_, T>> {
        Ref::filter_map(self.0.borrow(), Option::as_ref).map_err(|_| Errno::BADF)
    }

    pub(crate) fn close(&self) {
        self.0.take();
    }

    /// Opened again.
    pub(crate) fn set(&self, open: T) {
        self.0.replace(Some(open));
    }
}

/// A file, its handle and its metadata at the lookup.
#[derive(Debug)]
pub(crate) struct PathHandle {
    pub(crate) handle: Closable<FileHandle>,
    pub(crate) stat: Stat,
}

impl PathHandle {
    pub(crate) fn kind(&self) -> FileType {
        self.stat.kind()
    }

    /// Opens the file, which is called `name` in `directory`, for reading. Fails with `ESTALE` if it cannot be opened
    /// any more.
    pub(crate) fn open(&self, directory: &Directory, name: &OsStr) -> Result<OwnedFd> {
        let file = platform::open_handle(&*self.handle.get()?, directory, name)?;
        if Stat::of(&file)?.is_same_file(&self.stat) { Ok(file) } else { Err(Errno::STALE) }
    }
}
