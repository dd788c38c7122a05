//! The metadata of an inode.
//!
//! statx(2) alone reports mount points and immutable files in one call. fstatat(2) and further calls replace it where
//! an old kernel or a container's seccomp filter lacks it.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use rustix::fs::{AtFlags, CWD, IFlags, OFlags, Statx, StatxAttributes, StatxFlags, makedev};
use rustix::path::Arg;

use super::proc::{self, descriptor_path};
use crate::platform::unix::directory::DirectoryHandle;
use crate::platform::unix::errors::{Errno, Result};
use crate::platform::unix::open::open;
use crate::platform::unix::retry::retry_on_intr;
use crate::platform::unix::stat::{BLOCK, Flags};
pub(crate) use crate::platform::unix::stat::{FileType, Stat};

/// The commands that let a file be replaced again, for hints.
pub(crate) const CLEAR_IMMUTABLE: &str = "chattr -i";
pub(crate) const CLEAR_APPEND_ONLY: &str = "chattr -a";

/// `AT_STATX_FORCE_SYNC`, which has no name in rustix.
const FORCE_SYNC: AtFlags = AtFlags::from_bits_retain(0x2000);

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

    /// The metadata of an open file, not from a cache, if the system can do that.
    pub(crate) fn of_uncached(file: impl AsFd) -> Result<Stat> {
        Stat::get(&file, "", AtFlags::EMPTY_PATH | FORCE_SYNC).or_else(|_| Stat::of(&file))
    }

    /// The metadata of the file that a path leads to.
    pub(crate) fn follow(path: impl Arg + Copy) -> Result<Stat> {
        Stat::get(CWD, path, AtFlags::empty())
    }

    fn get(at: impl AsFd, path: impl Arg + Copy, flags: AtFlags) -> Result<Stat> {
        Ok(get(at, path, flags)?.0)
    }

    /// The metadata of a directory itself.
    pub(crate) fn of_directory(directory: &DirectoryHandle) -> Result<Stat> {
        of_name(directory, None)
    }
}

/// What the kernel has reported beside the metadata.
#[derive(Clone, Copy)]
struct Reported {
    attributes: bool,
    mount_root: bool,
}

fn get(at: impl AsFd, path: impl Arg + Copy, flags: AtFlags) -> Result<(Stat, Reported)> {
    match retry_on_intr(|| rustix::fs::statx(&at, path, flags, StatxFlags::BASIC_STATS)) {
        Ok(stat) => {
            let known = stat.stx_attributes_mask;
            let mount_root = known.contains(StatxAttributes::MOUNT_ROOT);
            Ok((stat.into(), Reported { attributes: !known.is_empty(), mount_root }))
        }
        // Some seccomp filters return EPERM instead of ENOSYS.
        Err(Errno::NOSYS | Errno::PERM) => {
            Ok((stat_without_statx(&at, path, flags)?, Reported { attributes: false, mount_root: false }))
        }
        Err(errno) => Err(errno),
    }
}

/// The metadata of `file`, which is an open name in `directory`, with what the kernel did not report, as far as other
/// calls can find it.
pub(super) fn of_name(file: impl AsFd, directory: Option<BorrowedFd<'_>>) -> Result<Stat> {
    let (mut stat, reported) = get(&file, "", AtFlags::EMPTY_PATH)?;
    let file = file.as_fd();
    // Linux reports mount roots since 5.8. Before, a name on a different mount from its directory is a mount point.
    if !reported.mount_root
        && let Some(ids) = directory.and_then(|directory| mount_id(directory).zip(mount_id(file)))
        && ids.0 != ids.1
    {
        stat.flags.mount_point = true;
    }
    if !reported.attributes && matches!(stat.kind(), FileType::RegularFile | FileType::Directory) {
        let flags = inode_flags(file).unwrap_or(IFlags::empty());
        stat.flags.immutable = flags.contains(IFlags::IMMUTABLE);
        stat.flags.append_only = flags.contains(IFlags::APPEND);
    }
    Ok(stat)
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
            device_number: makedev(stat.stx_rdev_major, stat.stx_rdev_minor),
            atime: (stat.stx_atime.tv_sec, stat.stx_atime.tv_nsec.into()),
            mtime: (stat.stx_mtime.tv_sec, stat.stx_mtime.tv_nsec.into()),
            ctime: (stat.stx_ctime.tv_sec, stat.stx_ctime.tv_nsec.into()),
            flags: Flags {
                immutable: stat.stx_attributes.contains(StatxAttributes::IMMUTABLE),
                append_only: stat.stx_attributes.contains(StatxAttributes::APPEND),
                mount_point: stat.stx_attributes.contains(StatxAttributes::MOUNT_ROOT),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statx_and_fstatat_agree() {
        let name = "Cargo.toml";
        let new = Stat::follow(name).map(|stat| format!("{stat:?}"));
        let old = stat_without_statx(CWD, name, AtFlags::empty()).map(|stat| format!("{stat:?}"));
        assert!(new.is_ok());
        assert_eq!(new, old);
    }
}
