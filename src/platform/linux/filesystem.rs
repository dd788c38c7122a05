//! What kind of file system a file is on, and what follows from that.

use std::os::fd::AsFd;

use super::privilege;
use super::stat::Stat;
use crate::platform::unix::errors::Result;
use crate::platform::unix::retry::retry_on_intr;

/// `ST_NOSYMFOLLOW` among the flags of statfs(2).
const NOSYMFOLLOW: u64 = 0x2000;

/// The type of a mounted file system, as in `f_type` of statfs(2); 0 where it is unknown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct FileSystem(u64);

impl FileSystem {
    const BTRFS: FileSystem = FileSystem(0x9123_683e);
    const CIFS: FileSystem = FileSystem(0xff53_4d42);
    const EXT: FileSystem = FileSystem(0xef53);
    const AFS: FileSystem = FileSystem(0x5346_414f);
    const CEPH: FileSystem = FileSystem(0x00c3_6400);
    const NFS: FileSystem = FileSystem(0x6969);
    const PLAN9: FileSystem = FileSystem(0x0102_1997);
    const FUSE: FileSystem = FileSystem(0x6573_5546);
    const PROC: FileSystem = FileSystem(0x9fa0);
    const RAMFS: FileSystem = FileSystem(0x8584_58f6);
    const SMB2: FileSystem = FileSystem(0xfe53_4d42);
    const SYSFS: FileSystem = FileSystem(0x6265_6572);
    const TMPFS: FileSystem = FileSystem(0x0102_1994);
    const UNKNOWN: FileSystem = FileSystem(0);
    const XFS: FileSystem = FileSystem(0x5846_5342);

    /// That of an open file.
    pub(crate) fn of(file: impl AsFd) -> FileSystem {
        #[allow(clippy::cast_sign_loss)] // A bit pattern.
        statfs(file).map_or(FileSystem::UNKNOWN, |mount| FileSystem(mount.f_type as u64 & 0xffff_ffff))
    }

    /// Whether a sync of a file without a name may be lost once it has one: older btrfs does not log such an inode. From Linux
    /// 5.10 on no power cut was seen to lose it.
    pub(crate) fn forgets_unnamed_syncs(self) -> bool {
        matches!(self, FileSystem::BTRFS | FileSystem::UNKNOWN)
    }

    /// Whether space can be reserved without another effect. On btrfs, and others that compress, the reserved
    /// extents are never compressed again; what is behind FUSE, overlayfs or a network cannot be known.
    pub(crate) fn reserves_space_only(self) -> bool {
        matches!(self, FileSystem::EXT | FileSystem::XFS | FileSystem::TMPFS)
    }

    /// Whether what is overwritten needs room beside what is there.
    fn copies_on_write(self) -> bool {
        self == FileSystem::BTRFS
    }

    /// Whether files last longer than the power, as far as can be known.
    pub(crate) fn is_persistent(self) -> bool {
        !matches!(
            self,
            FileSystem::TMPFS | FileSystem::RAMFS | FileSystem::PROC | FileSystem::SYSFS | FileSystem::UNKNOWN
        )
    }

    /// Whether it is known not to matter to a rename that the file which is replaced is open.
    pub(crate) fn replaces_open_files(self) -> bool {
        matches!(self, FileSystem::BTRFS | FileSystem::EXT | FileSystem::TMPFS | FileSystem::XFS)
    }

    /// Whether links do not lead where their text says.
    pub(super) fn is_proc(self) -> bool {
        self == FileSystem::PROC
    }

    /// Whether a program answers in the kernel's place.
    pub(crate) fn is_fuse(self) -> bool {
        self == FileSystem::FUSE
    }

    /// Whether other machines replace files there too, whom a lock that lasts for a replacement would have to keep out.
    pub(crate) fn is_remote(self) -> bool {
        let remote = [FileSystem::AFS, FileSystem::CEPH, FileSystem::NFS, FileSystem::PLAN9];
        remote.contains(&self) || self.is_smb()
    }

    /// Whether the times of a file change by themselves for a while after it was written. An SMB server dates a file when
    /// the client closes it, which Linux puts off for a second; an NFS client to which the server has delegated the times
    /// (seen in Linux 7.3) tells them when it gives the delegation back.
    pub(crate) fn dates_late(self) -> bool {
        self == FileSystem::NFS || self.is_smb()
    }

    /// Whether a file without a name can be given one, as far as that is not known before it is tried. SMB clients (seen in
    /// Linux 7.3) offer such files, refuse every link of them, and leave them on the server for a second.
    pub(crate) fn links_unnamed(self) -> bool {
        !self.is_smb()
    }

    /// Whether files have attributes that listxattr(2) does not name.
    pub(crate) fn is_smb(self) -> bool {
        matches!(self, FileSystem::CIFS | FileSystem::SMB2)
    }
}

fn statfs(file: impl AsFd) -> Result<rustix::fs::StatFs> {
    retry_on_intr(|| rustix::fs::fstatfs(&file))
}

/// Whether the file system is mounted so that symbolic links on it are not followed.
pub(super) fn forbids_links(directory: impl AsFd) -> Result<bool> {
    #[allow(clippy::cast_sign_loss)] // A bit pattern.
    statfs(directory).map(|mount| mount.f_flags as u64 & NOSYMFOLLOW != 0)
}

/// Whether the file, which is in this state, can grow to `size` bytes, as far as its file system tells.
pub(crate) fn has_room(file: impl AsFd, stat: &Stat, size: u64) -> Result<bool> {
    let mount = statfs(&file)?;
    // A file system that copies on write needs room for all of it.
    let more = if FileSystem::of(&file).copies_on_write() { size } else { size.saturating_sub(stat.allocated) };
    // Some blocks are for the system's own use.
    let blocks = if privilege::may_use_reserved_blocks() { mount.f_bfree } else { mount.f_bavail };
    let free = u64::try_from(mount.f_bsize).unwrap_or(0).saturating_mul(blocks);
    // Some file systems have no number of blocks.
    Ok(mount.f_blocks == 0 || more <= free)
}

/// Syncs the whole file system that the file is on.
pub(crate) fn sync_file_system(file: impl AsFd) -> Result<()> {
    retry_on_intr(|| rustix::fs::syncfs(&file))
}
