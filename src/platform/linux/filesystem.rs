//! The type of a file system, and what follows from it.

use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::CWD;

use super::{privilege, proc};
use crate::platform::unix::errors::Result;
use crate::platform::unix::names::read_link_at;
use crate::platform::unix::retry::retry_on_intr;
use crate::platform::unix::stat::Stat;

/// `ST_NOSYMFOLLOW` in the flags of statfs(2).
const NOSYMFOLLOW: u64 = 0x2000;

/// The type of a mounted file system, as in `f_type` of statfs(2); 0 if unknown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct FileSystem(u64);

impl FileSystem {
    const BTRFS: FileSystem = FileSystem(0x9123_683e);
    const CIFS: FileSystem = FileSystem(0xff53_4d42);
    const EXT: FileSystem = FileSystem(0xef53);
    const AFS: FileSystem = FileSystem(0x5346_414f);
    const CEPH: FileSystem = FileSystem(0x00c3_6400);
    const NFS: FileSystem = FileSystem(0x6969);
    const OVERLAY: FileSystem = FileSystem(0x794c_7630);
    const PLAN9: FileSystem = FileSystem(0x0102_1997);
    const FUSE: FileSystem = FileSystem(0x6573_5546);
    const PROC: FileSystem = FileSystem(0x9fa0);
    const RAMFS: FileSystem = FileSystem(0x8584_58f6);
    const SMB2: FileSystem = FileSystem(0xfe53_4d42);
    const SYSFS: FileSystem = FileSystem(0x6265_6572);
    const TMPFS: FileSystem = FileSystem(0x0102_1994);
    const UNKNOWN: FileSystem = FileSystem(0);
    const VBOXSF: FileSystem = FileSystem(0x786f_4256);
    const XFS: FileSystem = FileSystem(0x5846_5342);

    /// The file system of an open file.
    pub(crate) fn of(file: impl AsFd) -> FileSystem {
        #[allow(clippy::cast_sign_loss)] // A bit pattern.
        statfs(file).map_or(FileSystem::UNKNOWN, |mount| FileSystem(mount.f_type as u64 & 0xffff_ffff))
    }

    /// Whether the blocks of a file that a rename has replaced may get other data before the rename is on disk. ext4 with
    /// `data=writeback` does that, and then the old file that a power cut brings back has the other data in it. `file` is on
    /// this file system.
    pub(crate) fn may_reuse_blocks_early(self, file: impl AsFd) -> bool {
        match self {
            FileSystem::EXT => !matches!(data_mode(file).as_deref(), Some("ordered" | "journal")),
            FileSystem::BTRFS | FileSystem::NFS | FileSystem::RAMFS | FileSystem::TMPFS | FileSystem::XFS => false,
            _ => true,
        }
    }

    /// Whether the sync of an unnamed file may be lost once the file has a name: older btrfs versions do not log such
    /// an inode. Since Linux 5.10 no power-cut test has lost one.
    pub(crate) fn may_lose_unnamed_sync(self) -> bool {
        matches!(self, FileSystem::BTRFS | FileSystem::UNKNOWN)
    }

    /// Whether a sync of the whole file system is known to make each file on it durable, or to fail: it tells of failed writes
    /// since Linux 5.8, and the promises are made for 5.10 and newer. Without a journal, as on ext2, it writes some metadata
    /// after it has told the disk to flush its cache. FUSE does not pass it on, and it is not known whether overlayfs passes on
    /// each error. `file` is on this file system.
    pub(crate) fn syncfs_suffices(self, file: impl AsFd) -> bool {
        match self {
            FileSystem::EXT => data_mode(file).is_some(),
            FileSystem::BTRFS | FileSystem::TMPFS | FileSystem::XFS => true,
            _ => false,
        }
    }

    /// Whether the sync of a directory may succeed although the file system has shut down after an error since its names were
    /// changed, as on XFS. A stat then fails.
    pub(crate) fn hides_failed_sync(self) -> bool {
        matches!(self, FileSystem::XFS | FileSystem::OVERLAY | FileSystem::UNKNOWN)
    }

    /// Whether reserving space has no other effect. On btrfs and other compressing file systems, reserved extents are
    /// never compressed again. The file system behind FUSE, overlayfs or a network is unknown.
    pub(crate) fn reserves_space_only(self) -> bool {
        matches!(self, FileSystem::EXT | FileSystem::XFS | FileSystem::TMPFS)
    }

    /// Whether an overwrite needs new space for the blocks that it overwrites.
    fn copies_on_write(self) -> bool {
        self == FileSystem::BTRFS
    }

    /// Whether files survive a power cut, as far as is known.
    pub(crate) fn is_persistent(self) -> bool {
        !matches!(
            self,
            FileSystem::TMPFS | FileSystem::RAMFS | FileSystem::PROC | FileSystem::SYSFS | FileSystem::UNKNOWN
        )
    }

    /// Whether a rename over an open file is known to work as over any other.
    pub(crate) fn can_replace_open_files(self) -> bool {
        matches!(self, FileSystem::BTRFS | FileSystem::EXT | FileSystem::TMPFS | FileSystem::XFS)
    }

    /// Whether it has magic links, which do not lead where their text says.
    pub(in crate::platform) fn is_proc(self) -> bool {
        self == FileSystem::PROC
    }

    /// Whether a user-space program implements it.
    pub(crate) fn is_fuse(self) -> bool {
        self == FileSystem::FUSE
    }

    /// Whether other machines can replace files on it. A lock held during a replacement would have to exclude them too.
    pub(crate) fn is_remote(self) -> bool {
        let remote = [FileSystem::AFS, FileSystem::CEPH, FileSystem::NFS, FileSystem::PLAN9, FileSystem::VBOXSF];
        remote.contains(&self) || self.is_smb()
    }

    /// Whether the times of a file may change by themselves for a while after a write. An SMB server sets them when the
    /// client closes the file, which Linux delays by a second. An NFS client to which the server has delegated the
    /// times (seen in Linux 7.3) sends them when it returns the delegation.
    pub(crate) fn updates_times_late(self) -> bool {
        self == FileSystem::NFS || self.is_smb()
    }

    /// Whether unnamed files can be linked, as far as is known in advance. SMB clients (seen in Linux 7.3) create
    /// unnamed files, refuse every link, and leave the files on the server for a second.
    pub(crate) fn can_link_unnamed(self) -> bool {
        !self.is_smb()
    }

    /// Whether it is SMB, where files have attributes that listxattr(2) does not list.
    pub(crate) fn is_smb(self) -> bool {
        matches!(self, FileSystem::CIFS | FileSystem::SMB2)
    }
}

fn statfs(file: impl AsFd) -> Result<rustix::fs::StatFs> {
    retry_on_intr(|| rustix::fs::fstatfs(&file))
}

/// Whether the file system is mounted so that symbolic links on it are not followed.
pub(in crate::platform) fn forbids_links(directory: impl AsFd) -> Result<bool> {
    #[allow(clippy::cast_sign_loss)] // A bit pattern.
    statfs(directory).map(|mount| mount.f_flags as u64 & NOSYMFOLLOW != 0)
}

/// Whether the file, in state `stat`, can grow to `size` bytes, as far as its file system reports.
pub(crate) fn has_room(file: impl AsFd, stat: &Stat, size: u64, may_share_blocks: bool) -> Result<bool> {
    let mount = statfs(&file)?;
    // Copy-on-write needs space for the whole file, and so do blocks that a copy shares.
    let copies = may_share_blocks || FileSystem::of(&file).copies_on_write();
    let more = if copies { size } else { size.saturating_sub(stat.allocated) };
    // Some blocks are reserved for the system.
    let blocks = if privilege::may_use_reserved_blocks() { mount.f_bfree } else { mount.f_bavail };
    let free = u64::try_from(mount.f_bsize).unwrap_or(0).saturating_mul(blocks);
    // Some file systems report no number of blocks.
    Ok(mount.f_blocks == 0 || more <= free)
}

/// How an ext4 with a journal orders data and journal: `ordered`, `journal` or `writeback`. `None` if it has no journal, or that
/// is not known.
fn data_mode(file: impl AsFd) -> Option<String> {
    let device = retry_on_intr(|| rustix::fs::fstat(&file)).ok()?.st_dev;
    let link = format!("/sys/dev/block/{}:{}", rustix::fs::major(device), rustix::fs::minor(device));
    let device = read_link_at(CWD, &*link).ok()?;
    let options = proc::read(&format!("/proc/fs/ext4/{}/options", Path::new(&device).file_name()?.to_str()?))?;
    options.lines().find_map(|option| option.strip_prefix("data=")).map(str::to_owned)
}
