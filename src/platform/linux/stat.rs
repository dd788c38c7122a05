//! The metadata of an inode.
//!
//! statx(2) alone reports mount points and immutable files in one call. fstatat(2) and further calls replace it where
//! an old kernel or a container's seccomp filter lacks it.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

pub(crate) use rustix::fs::FileType;
use rustix::fs::{AtFlags, CWD, IFlags, OFlags, Statx, StatxAttributes, StatxFlags, makedev};
use rustix::path::Arg;

use super::proc::{self, descriptor_path};
use crate::platform::unix::directory::DirectoryHandle;
use crate::platform::unix::errors::{Errno, Result};
use crate::platform::unix::open::open;
use crate::platform::unix::retry::retry_on_intr;

/// `AT_STATX_FORCE_SYNC`, which has no name in rustix.
const FORCE_SYNC: AtFlags = AtFlags::from_bits_retain(0x2000);
/// The unit of `st_blocks`, in bytes.
const BLOCK: u64 = 512;

/// The metadata of an inode.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stat {
    device: u64,
    inode: u64,
    /// Type, permission and set-ID bits, as in `st_mode`.
    pub(crate) mode: u32,
    /// The number of hard links.
    pub(crate) links: u64,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// In bytes.
    pub(crate) size: u64,
    /// Allocated space, in bytes.
    pub(crate) allocated: u64,
    /// Seconds and nanoseconds since the epoch.
    pub(crate) mtime: (i64, i64),
    /// Seconds and nanoseconds since the epoch.
    pub(crate) ctime: (i64, i64),
    attributes: StatxAttributes,
    /// The attributes that the kernel reports; none without statx.
    known_attributes: StatxAttributes,
}

impl Stat {
    /// The metadata of an open file, for any kind of descriptor.
    pub(crate) fn of(file: impl AsFd) -> Result<Stat> {
        Stat::get(file, "", AtFlags::EMPTY_PATH)
    }

    /// The metadata of a name in a directory. A symbolic link is not followed.
    pub(crate) fn at(directory: &DirectoryHandle, name: impl Arg + Copy) -> Result<Stat> {
        Stat::get(directory, name, AtFlags::SYMLINK_NOFOLLOW)
    }

    /// The same, but not from a cache: a network or FUSE file system asks its server.
    pub(crate) fn at_uncached(directory: &DirectoryHandle, name: impl Arg + Copy) -> Result<Stat> {
        let flags = AtFlags::SYMLINK_NOFOLLOW | FORCE_SYNC;
        Stat::get(directory, name, flags).or_else(|_| Stat::at(directory, name))
    }

    /// The metadata of an open file, not from a cache.
    pub(crate) fn of_uncached(file: impl AsFd) -> Result<Stat> {
        Stat::get(file, "", AtFlags::EMPTY_PATH | FORCE_SYNC)
    }

    /// The metadata of the file that a path leads to.
    pub(crate) fn follow(path: impl Arg + Copy) -> Result<Stat> {
        Stat::get(CWD, path, AtFlags::empty())
    }

    fn get(at: impl AsFd, path: impl Arg + Copy, flags: AtFlags) -> Result<Stat> {
        match retry_on_intr(|| rustix::fs::statx(&at, path, flags, StatxFlags::BASIC_STATS)) {
            Ok(stat) => Ok(stat.into()),
            // Some seccomp filters return EPERM instead of ENOSYS.
            Err(Errno::NOSYS | Errno::PERM) => stat_without_statx(&at, path, flags),
            Err(errno) => Err(errno),
        }
    }

    /// The metadata of a directory itself.
    pub(crate) fn of_directory(directory: &DirectoryHandle) -> Result<Stat> {
        Ok(Stat::of(directory)?.complete(directory.as_fd(), None))
    }

    /// Adds what the kernel did not report, as far as other calls can find it. `file` is an open name in `directory`.
    pub(super) fn complete(mut self, file: BorrowedFd<'_>, directory: Option<BorrowedFd<'_>>) -> Stat {
        let known_attributes = self.known_attributes;
        // Linux reports mount roots since 5.8. Before, a name on a different mount from its directory is a mount point.
        if !known_attributes.contains(StatxAttributes::MOUNT_ROOT)
            && let Some(ids) = directory.and_then(|directory| mount_id(directory).zip(mount_id(file)))
            && ids.0 != ids.1
        {
            self.attributes |= StatxAttributes::MOUNT_ROOT;
        }
        if known_attributes.is_empty() && matches!(self.kind(), FileType::RegularFile | FileType::Directory) {
            let flags = inode_flags(file).unwrap_or(IFlags::empty());
            self.attributes.set(StatxAttributes::IMMUTABLE, flags.contains(IFlags::IMMUTABLE));
            self.attributes.set(StatxAttributes::APPEND, flags.contains(IFlags::APPEND));
        }
        self
    }

    /// The type of the file.
    pub(crate) fn kind(&self) -> FileType {
        FileType::from_raw_mode(self.mode)
    }

    /// Permission, set-ID and sticky bits.
    pub(crate) fn bits(&self) -> u32 {
        self.mode & 0o7777
    }

    pub(crate) fn is_immutable(&self) -> bool {
        self.attributes.contains(StatxAttributes::IMMUTABLE)
    }

    pub(crate) fn is_append_only(&self) -> bool {
        self.attributes.contains(StatxAttributes::APPEND)
    }

    /// Whether a file system is mounted on it.
    pub(crate) fn is_mount_point(&self) -> bool {
        self.attributes.contains(StatxAttributes::MOUNT_ROOT)
    }

    /// Whether both are the same inode.
    pub(crate) fn is_same_file(&self, other: &Stat) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }

    /// Whether both are the same inode with the same content, as far as the kernel's times show.
    pub(crate) fn is_same_state(&self, other: &Stat) -> bool {
        self.is_same_file(other) && self.size == other.size && (self.mtime, self.ctime) == (other.mtime, other.ctime)
    }

    /// Whether `now` is this file with the same content and metadata, as far as the kernel's times show. `ignore_ctime`
    /// ignores a different ctime, for a file whose ctime this program has changed. A different number of hard links
    /// also explains a different ctime.
    pub(crate) fn is_unchanged(&self, now: &Stat, ignore_ctime: bool) -> bool {
        let metadata = |stat: &Stat| (stat.device, stat.mode, stat.uid, stat.gid, stat.size, stat.mtime);
        metadata(self) == metadata(now) && (ignore_ctime || now.links != self.links || now.ctime == self.ctime)
    }

    /// This metadata with the times of `now`.
    pub(crate) fn with_times_of(&self, now: &Stat) -> Stat {
        Stat { mtime: now.mtime, ctime: now.ctime, ..*self }
    }

    /// Whether an open file that was in this state still has the same content. If it was linked or replaced since, its
    /// number of links is different, which changes the ctime but not the content.
    pub(crate) fn is_same_content(&self, now: &Stat) -> bool {
        let ctime = if now.links == self.links { self.ctime } else { now.ctime };
        Stat { ctime, ..*self }.is_same_state(now)
    }
}

fn stat_without_statx(at: impl AsFd, path: impl Arg + Copy, flags: AtFlags) -> Result<Stat> {
    retry_on_intr(|| rustix::fs::statat(&at, path, flags)).map(Stat::from)
}

/// The id of the mount that a descriptor is on.
fn mount_id(file: BorrowedFd<'_>) -> Option<String> {
    let info = proc::read(&format!("/proc/self/fdinfo/{}", file.as_raw_fd()))?;
    info.lines().find_map(|line| line.strip_prefix("mnt_id:")).map(str::to_owned)
}

/// The flags of chattr(1). The file must be readable.
fn inode_flags(file: BorrowedFd<'_>) -> Result<IFlags> {
    rustix::fs::ioctl_getflags(file).or_else(|_| {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK;
        rustix::fs::ioctl_getflags(open(CWD, descriptor_path(file).as_str(), flags)?)
    })
}

impl From<Statx> for Stat {
    fn from(stat: Statx) -> Self {
        Stat {
            device: makedev(stat.stx_dev_major, stat.stx_dev_minor),
            inode: stat.stx_ino,
            mode: stat.stx_mode.into(),
            links: stat.stx_nlink.into(),
            uid: stat.stx_uid,
            gid: stat.stx_gid,
            size: stat.stx_size,
            allocated: stat.stx_blocks.saturating_mul(BLOCK),
            mtime: (stat.stx_mtime.tv_sec, stat.stx_mtime.tv_nsec.into()),
            ctime: (stat.stx_ctime.tv_sec, stat.stx_ctime.tv_nsec.into()),
            attributes: stat.stx_attributes,
            known_attributes: stat.stx_attributes_mask,
        }
    }
}

impl From<rustix::fs::Stat> for Stat {
    // The field types differ between architectures.
    #[allow(clippy::useless_conversion, clippy::cast_possible_wrap, clippy::cast_sign_loss, clippy::unnecessary_cast)]
    fn from(stat: rustix::fs::Stat) -> Self {
        Stat {
            device: stat.st_dev.into(),
            inode: stat.st_ino.into(),
            mode: stat.st_mode.into(),
            links: stat.st_nlink.into(),
            uid: stat.st_uid,
            gid: stat.st_gid,
            size: stat.st_size as u64,
            allocated: (stat.st_blocks as u64).saturating_mul(BLOCK),
            mtime: (stat.st_mtime.into(), stat.st_mtime_nsec as i64),
            ctime: (stat.st_ctime.into(), stat.st_ctime_nsec as i64),
            attributes: StatxAttributes::empty(),
            known_attributes: StatxAttributes::empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statx_and_fstatat_agree() {
        let name = "Cargo.toml";
        let none = StatxAttributes::empty();
        let new =
            Stat::follow(name).map(|stat| format!("{:?}", Stat { attributes: none, known_attributes: none, ..stat }));
        let old = stat_without_statx(CWD, name, AtFlags::empty()).map(|stat| format!("{stat:?}"));
        assert!(new.is_ok());
        assert_eq!(new, old);
    }
}
