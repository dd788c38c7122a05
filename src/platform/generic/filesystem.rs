//! What follows from the type of a file system. POSIX does not tell it.

use std::os::fd::AsFd;

use crate::platform::unix::directory::DirectoryHandle;
use crate::platform::unix::errors::Result;
use crate::platform::unix::ids::euid;
use crate::platform::unix::retry::retry_on_intr;
use crate::platform::unix::stat::Stat;

/// A mounted file system of unknown type.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct FileSystem;

impl FileSystem {
    /// The file system of an open file.
    pub(crate) fn of(_: impl AsFd) -> FileSystem {
        FileSystem
    }

    /// Whether a sync of the whole file system is known to make each file on it durable. There is no such call here.
    pub(crate) fn syncfs_suffices(self, _: impl AsFd) -> bool {
        false
    }

    /// Whether the blocks of a file that a rename has replaced may get other data before the rename is on disk.
    pub(crate) fn may_reuse_blocks_early(self, _: impl AsFd) -> bool {
        true
    }

    /// Whether the sync of a directory may succeed although the file system has shut down.
    pub(crate) fn hides_failed_sync(self) -> bool {
        true
    }

    /// Whether the sync of an unnamed file may be lost once the file has a name. There are no unnamed files here.
    pub(crate) fn may_lose_unnamed_sync(self) -> bool {
        false
    }

    /// Whether reserving space has no other effect. Nothing is reserved here.
    pub(crate) fn reserves_space_only(self) -> bool {
        false
    }

    /// Whether files survive a power cut, as far as is known.
    pub(crate) fn is_persistent(self) -> bool {
        true
    }

    /// Whether a rename over an open file is known to work as over any other. POSIX requires it.
    pub(crate) fn can_replace_open_files(self) -> bool {
        false
    }

    /// Whether a user-space program implements it.
    pub(crate) fn is_fuse(self) -> bool {
        false
    }

    /// Whether other machines can replace files on it.
    pub(crate) fn is_remote(self) -> bool {
        false
    }

    /// Whether the times of a file may change by themselves for a while after a write.
    pub(crate) fn updates_times_late(self) -> bool {
        false
    }

    /// Whether unnamed files can be linked.
    pub(crate) fn can_link_unnamed(self) -> bool {
        false
    }

    /// Whether it is SMB, where files have attributes that are not listed.
    pub(crate) fn is_smb(self) -> bool {
        false
    }

    /// Whether it has magic links, which do not lead where their text says.
    pub(in crate::platform) fn is_proc(self) -> bool {
        false
    }
}

/// Whether the file system is mounted so that symbolic links on it are not followed.
pub(in crate::platform) fn forbids_links(_: &DirectoryHandle) -> Result<bool> {
    Ok(false)
}

/// Whether the file, in state `stat`, can grow to `size` bytes, as far as its file system reports. An overwrite may
/// need new space for the whole file.
pub(crate) fn has_room(file: impl AsFd, _: &Stat, size: u64, _: bool) -> Result<bool> {
    let mount = retry_on_intr(|| rustix::fs::fstatvfs(&file))?;
    // Some blocks are reserved for the system.
    let blocks = if euid() == 0 { mount.f_bfree } else { mount.f_bavail };
    // Some file systems report no number of blocks.
    Ok(mount.f_blocks == 0 || size <= mount.f_frsize.saturating_mul(blocks))
}
