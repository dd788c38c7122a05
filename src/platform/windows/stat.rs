//! The metadata of a file.

use std::ffi::OsStr;
use std::os::windows::fs::MetadataExt;

use winapi_util::file::{information, typ};

use super::descriptor::AsFd;
use super::directory::DirectoryHandle;
use super::errors::{Result, done};
use super::rights::open_itself;
use super::win32::{self, FILE_ATTRIBUTE_READONLY, FILE_READ_ATTRIBUTES};

#[allow(dead_code)] // The same set as elsewhere.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum FileType {
    RegularFile,
    Directory,
    Symlink,
    Fifo,
    Socket,
    CharacterDevice,
    BlockDevice,
    Unknown,
}

/// The commands that let a file be replaced again, for hints. No file is shown as immutable or append-only here.
pub(crate) const CLEAR_IMMUTABLE: &str = "attrib -r";
pub(crate) const CLEAR_APPEND_ONLY: &str = "attrib -r";

/// The metadata of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stat {
    /// The volume's serial number.
    pub(in crate::platform) device: u64,
    /// The file's number on the volume.
    pub(in crate::platform) inode: u64,
    pub(in crate::platform) kind: FileType,
    /// The permission bits that stand for the read-only attribute: all may read and write, or all may read.
    pub(crate) mode: u32,
    /// The number of hard links.
    pub(crate) links: u64,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// In bytes.
    pub(crate) size: u64,
    /// Which device a device node stands for: there are none.
    pub(crate) device_number: u64,
    /// When the content was last read: seconds and nanoseconds since the epoch.
    pub(crate) atime: (i64, i64),
    /// When the content was last changed: seconds and nanoseconds since the epoch.
    pub(crate) mtime: (i64, i64),
    /// When anything was last changed, NTFS's `ChangeTime`: seconds and nanoseconds since the epoch.
    pub(crate) ctime: (i64, i64),
}

impl Stat {
    /// The metadata of an open file.
    pub(crate) fn of(file: impl AsFd) -> Result<Stat> {
        let is_inherited = file.as_fd().path().as_os_str().is_empty();
        let file = file.as_fd().file()?;
        let stream = done(typ(file))?;
        if !stream.is_disk() {
            return Ok(Stat::of_stream(if stream.is_pipe() {
                FileType::Fifo
            } else if stream.is_char() {
                FileType::CharacterDevice
            } else {
                FileType::Unknown
            }));
        }
        let (metadata, identity) = match (file.metadata(), information(file)) {
            // Wine knows nothing of a file that a Unix program has opened for this one. Its content can be read.
            (Err(_), Err(_)) if is_inherited => return Ok(Stat::of_stream(FileType::Unknown)),
            (metadata, identity) => (done(metadata)?, done(identity)?),
        };
        let kind = match metadata.file_type() {
            // Also a junction.
            kind if kind.is_symlink() => FileType::Symlink,
            kind if kind.is_dir() => FileType::Directory,
            // Also one with a reparse point of another kind, as those in a cloud.
            _ => FileType::RegularFile,
        };
        // On a directory the attribute does not mean that.
        let read_only = kind == FileType::RegularFile && metadata.file_attributes() & FILE_ATTRIBUTE_READONLY != 0;
        Ok(Stat {
            device: identity.volume_serial_number(),
            inode: identity.file_index(),
            kind,
            mode: if read_only { 0o444 } else { 0o666 },
            links: identity.number_of_links(),
            size: metadata.len(),
            atime: since_epoch(metadata.last_access_time()),
            mtime: since_epoch(metadata.last_write_time()),
            // A file system without it has 0.
            ctime: since_epoch(done(win32::change_time(file))?),
            ..Stat::of_stream(kind)
        })
    }

    /// The metadata of a pipe or device: none but its type.
    fn of_stream(kind: FileType) -> Stat {
        let (atime, mtime, ctime) = ((0, 0), (0, 0), (0, 0));
        let (mode, device_number) = (0o666, 0);
        Stat { device: 0, inode: 0, kind, mode, links: 1, uid: 0, gid: 0, size: 0, device_number, atime, mtime, ctime }
    }

    /// The metadata of a name in a directory. A symbolic link is not followed. No open of another program excludes it.
    pub(crate) fn at(directory: &DirectoryHandle, name: impl AsRef<OsStr>) -> Result<Stat> {
        Stat::of(open_itself(directory.join(name)?, &[FILE_READ_ATTRIBUTES])?)
    }

    /// The same; no cache can be avoided here.
    pub(crate) fn at_uncached(directory: &DirectoryHandle, name: impl AsRef<OsStr>) -> Result<Stat> {
        Stat::at(directory, name)
    }

    /// The metadata of an open file; no cache can be avoided here.
    pub(crate) fn of_uncached(file: impl AsFd) -> Result<Stat> {
        Stat::of(file)
    }

    /// The metadata of a directory itself.
    pub(crate) fn of_directory(directory: &DirectoryHandle) -> Result<Stat> {
        Stat::of(directory)
    }

    pub(crate) fn kind(&self) -> FileType {
        self.kind
    }

    /// The permission bits.
    pub(crate) fn bits(&self) -> u32 {
        self.mode
    }

    pub(super) fn is_read_only(&self) -> bool {
        self.mode & 0o222 == 0
    }

    /// No file is immutable here in another sense than that it is read-only.
    pub(crate) fn is_immutable(&self) -> bool {
        false
    }

    pub(crate) fn is_append_only(&self) -> bool {
        false
    }

    /// Holes are not searched for here.
    pub(crate) fn may_have_holes(&self) -> bool {
        false
    }

    /// There are no virtual files.
    pub(crate) fn may_end_early(&self) -> bool {
        false
    }

    /// Only directories have file systems mounted on them.
    pub(crate) fn is_mount_point(&self) -> bool {
        false
    }
}

/// Whether it is a file or directory, which never blocks.
pub(super) fn is_on_disk(file: impl AsFd) -> bool {
    file.as_fd().file().is_ok_and(|file| typ(file).is_ok_and(|kind| kind.is_disk()))
}

/// Converts a number of 100 nanoseconds since 1601.
fn since_epoch(time: u64) -> (i64, i64) {
    /// The number of such units in a second.
    const SECOND: i64 = 10_000_000;
    /// From 1601 to 1970.
    const EPOCH: i64 = 11_644_473_600;
    let time = i64::try_from(time).unwrap_or(i64::MAX);
    (time / SECOND - EPOCH, time % SECOND * 100)
}
