//! The type of a file system, and what follows from it.

use std::os::fd::AsFd;

use nix::libc;

use crate::platform::unix::directory::DirectoryHandle;
use crate::platform::unix::errors::Result;
use crate::platform::unix::ids::euid;
use crate::platform::unix::retry::retry_on_intr;
use crate::platform::unix::stat::Stat;

/// A mounted file system.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct FileSystem {
    /// As in `f_fstypename` of statfs(2), with zeros after it; all zeros if unknown.
    name: [u8; 16],
    is_local: bool,
}

impl FileSystem {
    const UNKNOWN: FileSystem = FileSystem { name: [0; 16], is_local: true };

    /// The file system of an open file.
    #[allow(clippy::unnecessary_cast)] // The types differ between the systems.
    pub(crate) fn of(file: impl AsFd) -> FileSystem {
        let Ok(mount) = statfs(file) else { return FileSystem::UNKNOWN };
        FileSystem {
            name: mount.f_fstypename.map(|character| character.to_ne_bytes()[0]),
            is_local: mount.f_flags as u64 & libc::MNT_LOCAL as u64 != 0,
        }
    }

    fn name(&self) -> &[u8] {
        self.name.split(|&byte| byte == 0).next().unwrap_or_default()
    }

    /// Whether a sync of the whole file system is known to make each file on it durable. There is no such call here.
    pub(crate) fn syncfs_suffices(self, _: impl AsFd) -> bool {
        false
    }

    /// Whether the blocks of a file that a rename has replaced may get other data before the rename is on disk.
    pub(crate) fn may_reuse_blocks_early(self, _: impl AsFd) -> bool {
        false
    }

    /// Whether the sync of a directory may succeed although the file system has shut down.
    pub(crate) fn hides_failed_sync(self) -> bool {
        false
    }

    /// Whether the sync of an unnamed file may be lost once the file has a name. There are no unnamed files here.
    pub(crate) fn may_lose_unnamed_sync(self) -> bool {
        false
    }

    /// Whether reserving space has no other effect. Nothing is reserved here.
    pub(crate) fn reserves_space_only(self) -> bool {
        false
    }

    /// Whether files survive a power cut, as far as is known. A disk in memory looks like any other.
    pub(crate) fn is_persistent(self) -> bool {
        !matches!(self.name(), b"" | b"tmpfs") && !self.is_proc()
    }

    /// Whether a rename over an open file is known to work as over any other.
    pub(crate) fn can_replace_open_files(self) -> bool {
        matches!(self.name(), b"apfs" | b"hfs" | b"ufs" | b"zfs" | b"tmpfs")
    }

    /// Whether a user-space program implements it. FreeBSD adds the program's name after a dot.
    pub(crate) fn is_fuse(self) -> bool {
        let name = self.name();
        matches!(name, b"macfuse" | b"osxfuse" | b"fusefs") || name.starts_with(b"fusefs.")
    }

    /// Whether other machines can replace files on it.
    pub(crate) fn is_remote(self) -> bool {
        !self.is_local
    }

    /// Whether the times of a file may change by themselves for a while after a write, as its server sets them.
    pub(crate) fn updates_times_late(self) -> bool {
        matches!(self.name(), b"nfs" | b"smbfs" | b"afpfs" | b"webdav")
    }

    /// Whether unnamed files can be linked.
    pub(crate) fn can_link_unnamed(self) -> bool {
        false
    }

    /// Whether it is SMB with attributes that are not listed. The clients of these systems list them all.
    #[allow(clippy::unused_self)] // Elsewhere it follows from the type.
    pub(crate) fn is_smb(self) -> bool {
        false
    }

    /// Whether its names lead to open files, as those in /dev/fd.
    pub(in crate::platform) fn is_proc(self) -> bool {
        matches!(self.name(), b"devfs" | b"fdesc" | b"fdescfs" | b"procfs" | b"linprocfs" | b"linsysfs")
    }
}

fn statfs(file: impl AsFd) -> Result<rustix::fs::StatFs> {
    retry_on_intr(|| rustix::fs::fstatfs(&file))
}

/// Whether the file system is mounted so that symbolic links on it are not followed.
#[cfg(target_os = "freebsd")]
pub(in crate::platform) fn forbids_links(directory: &DirectoryHandle) -> Result<bool> {
    statfs(directory).map(|mount| mount.f_flags & u64::from(libc::MNT_NOSYMFOLLOW.unsigned_abs()) != 0)
}

/// Whether the file system is mounted so that symbolic links on it are not followed. macOS has no such mounts.
#[cfg(target_os = "macos")]
#[allow(clippy::unnecessary_wraps)] // Elsewhere it can fail.
pub(in crate::platform) fn forbids_links(_: &DirectoryHandle) -> Result<bool> {
    Ok(false)
}

/// Whether the file can grow to `size` bytes, as far as its file system reports. An overwrite may need new space for the
/// whole file: APFS and ZFS copy on write.
#[allow(clippy::useless_conversion)] // The types differ between the systems.
pub(crate) fn has_room(file: impl AsFd, _: &Stat, size: u64, _: bool) -> Result<bool> {
    let mount = statfs(&file)?;
    // Some blocks are reserved for the system, and may all be in use.
    let available = u64::try_from(mount.f_bavail).unwrap_or(0);
    let blocks = if euid() == 0 { mount.f_bfree } else { available };
    // Some file systems report no number of blocks.
    Ok(mount.f_blocks == 0 || size <= u64::from(mount.f_bsize).saturating_mul(blocks))
}
