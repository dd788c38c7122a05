//! What the kernel says of an inode.
//!
//! By statx(2), which alone tells of mount points and of immutable files in one call; by fstatat(2) and more calls where
//! an old kernel or a container's filter has no statx.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

pub(crate) use rustix::fs::FileType;
use rustix::fs::{AtFlags, CWD, IFlags, OFlags, Statx, StatxAttributes, StatxFlags, makedev};
use rustix::path::Arg;

use super::proc::{self, descriptor_path};
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
    /// How many names it has.
    pub(crate) links: u64,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// In bytes.
    pub(crate) size: u64,
    /// What it occupies, in bytes.
    pub(crate) allocated: u64,
    /// Seconds and nanoseconds since the epoch.
    pub(crate) mtime: (i64, i64),
    /// Seconds and nanoseconds since the epoch.
    pub(crate) ctime: (i64, i64),
    attributes: StatxAttributes,
    /// Those that the kernel can tell; none without statx.
    told: StatxAttributes,
}

impl Stat {
    /// Of an open file, by whatever kind of descriptor.
    pub(crate) fn of(file: impl AsFd) -> Result<Stat> {
        Stat::get(file, "", AtFlags::EMPTY_PATH)
    }

    /// Of a name in a directory; a link is not followed.
    pub(crate) fn at(directory: impl AsFd, name: impl Arg + Copy) -> Result<Stat> {
        Stat::get(directory, name, AtFlags::SYMLINK_NOFOLLOW)
    }

    /// The same, and not from a cache: a network or FUSE file system is asked.
    pub(crate) fn at_afresh(directory: impl AsFd, name: impl Arg + Copy) -> Result<Stat> {
        let flags = AtFlags::SYMLINK_NOFOLLOW | FORCE_SYNC;
        Stat::get(&directory, name, flags).or_else(|_| Stat::at(&directory, name))
    }

    /// Of an open file, and not from a cache.
    pub(crate) fn of_afresh(file: impl AsFd) -> Result<Stat> {
        Stat::get(file, "", AtFlags::EMPTY_PATH | FORCE_SYNC)
    }

    /// Of what a path leads to.
    pub(crate) fn follow(path: impl Arg + Copy) -> Result<Stat> {
        Stat::get(CWD, path, AtFlags::empty())
    }

    fn get(at: impl AsFd, path: impl Arg + Copy, flags: AtFlags) -> Result<Stat> {
        match retry_on_intr(|| rustix::fs::statx(&at, path, flags, StatxFlags::BASIC_STATS)) {
            Ok(stat) => Ok(stat.into()),
            // Some filters say EPERM where they mean ENOSYS.
            Err(Errno::NOSYS | Errno::PERM) => stat_without_statx(&at, path, flags),
            Err(errno) => Err(errno),
        }
    }

    /// With what the kernel did not tell of `file`, an open name in `directory`, as far as it can be had otherwise.
    pub(crate) fn complete(mut self, file: BorrowedFd<'_>, directory: Option<BorrowedFd<'_>>) -> Stat {
        let told = self.told;
        // Linux 5.8 tells it first. A name on another mount than the directory that it is in is a mount point.
        if !told.contains(StatxAttributes::MOUNT_ROOT)
            && let Some(ids) = directory.and_then(|directory| mount_id(directory).zip(mount_id(file)))
            && ids.0 != ids.1
        {
            self.attributes |= StatxAttributes::MOUNT_ROOT;
        }
        if told.is_empty() && matches!(self.kind(), FileType::RegularFile | FileType::Directory) {
            let flags = inode_flags(file).unwrap_or(IFlags::empty());
            self.attributes.set(StatxAttributes::IMMUTABLE, flags.contains(IFlags::IMMUTABLE));
            self.attributes.set(StatxAttributes::APPEND, flags.contains(IFlags::APPEND));
        }
        self
    }

    /// What kind of file it is.
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

    /// Whether something is mounted on it.
    pub(crate) fn is_mount_point(&self) -> bool {
        self.attributes.contains(StatxAttributes::MOUNT_ROOT)
    }

    /// Whether both are one inode.
    pub(crate) fn is_same_file(&self, other: &Stat) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }

    /// Whether both are one inode with one content, as far as the kernel's times tell.
    pub(crate) fn is_same_state(&self, other: &Stat) -> bool {
        self.is_same_file(other) && self.size == other.size && (self.mtime, self.ctime) == (other.mtime, other.ctime)
    }

    /// Whether `now` is this file with the same content and metadata, as far as the kernel's times tell. `or_ctime` is on
    /// where we have changed the ctime ourselves; a new or lost hard link changes it too.
    pub(crate) fn is_unchanged(&self, now: &Stat, or_ctime: bool) -> bool {
        let metadata = |stat: &Stat| (stat.device, stat.mode, stat.uid, stat.gid, stat.size, stat.mtime);
        metadata(self) == metadata(now) && (or_ctime || now.links != self.links || now.ctime == self.ctime)
    }

    /// This with the times of another look.
    pub(crate) fn with_times_of(&self, now: &Stat) -> Stat {
        Stat { mtime: now.mtime, ctime: now.ctime, ..*self }
    }

    /// Whether an open file that was in this state has the same content now. One that has been replaced
    /// meanwhile, or linked, has another number of links, which changes its ctime and not its content.
    pub(crate) fn is_same_content(&self, now: &Stat) -> bool {
        let ctime = if now.links == self.links { self.ctime } else { now.ctime };
        Stat { ctime, ..*self }.is_same_state(now)
    }
}

fn stat_without_statx(at: impl AsFd, path: impl Arg + Copy, flags: AtFlags) -> Result<Stat> {
    retry_on_intr(|| rustix::fs::statat(&at, path, flags)).map(Stat::from)
}

/// Which mount a descriptor is on.
fn mount_id(file: BorrowedFd<'_>) -> Option<String> {
    let info = proc::read(&format!("/proc/self/fdinfo/{}", file.as_raw_fd()))?;
    info.lines().find_map(|line| line.strip_prefix("mnt_id:")).map(str::to_owned)
}

/// The flags of chattr(1), of a file that may be read.
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
            told: stat.stx_attributes_mask,
        }
    }
}

impl From<rustix::fs::Stat> for Stat {
    // The widths differ from one architecture to the next.
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
            told: StatxAttributes::empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_calls_say_the_same() {
        let name = "Cargo.toml";
        let none = StatxAttributes::empty();
        let new = Stat::follow(name).map(|stat| format!("{:?}", Stat { attributes: none, told: none, ..stat }));
        let old = stat_without_statx(CWD, name, AtFlags::empty()).map(|stat| format!("{stat:?}"));
        assert!(new.is_ok());
        assert_eq!(new, old);
    }
}
