//! The metadata of an inode. The system's own file reads it.

pub(crate) use rustix::fs::FileType;
use rustix::fs::RawMode;

/// The unit of `st_blocks`, in bytes.
pub(in crate::platform) const BLOCK: u64 = 512;

/// The metadata of an inode.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stat {
    pub(in crate::platform) device: u64,
    pub(in crate::platform) inode: u64,
    /// Type, permission and set-ID bits, as in `st_mode`.
    pub(crate) mode: u32,
    /// The number of hard links.
    pub(crate) links: u64,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// In bytes.
    pub(crate) size: u64,
    /// Allocated space, in bytes.
    #[allow(dead_code)] // Not every system needs it.
    pub(crate) allocated: u64,
    /// Which device a device node stands for.
    pub(crate) device_number: u64,
    /// Seconds and nanoseconds since the epoch.
    pub(crate) atime: (i64, i64),
    /// Seconds and nanoseconds since the epoch.
    pub(crate) mtime: (i64, i64),
    /// Seconds and nanoseconds since the epoch.
    pub(crate) ctime: (i64, i64),
    pub(in crate::platform) flags: Flags,
}

/// What no mode shows and prevents a rename.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::platform) struct Flags {
    pub(in crate::platform) immutable: bool,
    pub(in crate::platform) append_only: bool,
    pub(in crate::platform) mount_point: bool,
}

impl Stat {
    /// The type of the file.
    pub(crate) fn kind(&self) -> FileType {
        #[allow(clippy::cast_possible_truncation, clippy::unnecessary_cast)] // It was widened from that type.
        FileType::from_raw_mode(self.mode as RawMode)
    }

    /// Permission, set-ID and sticky bits.
    pub(crate) fn bits(&self) -> u32 {
        self.mode & 0o7777
    }

    pub(crate) fn is_immutable(&self) -> bool {
        self.flags.immutable
    }

    pub(crate) fn is_append_only(&self) -> bool {
        self.flags.append_only
    }

    /// Whether some of its blocks may be holes.
    pub(crate) fn may_have_holes(&self) -> bool {
        self.allocated < self.size
    }

    /// Whether it may be a virtual file, such as a setting of the kernel's, whose size is a page (64 KiB at most) whatever its
    /// content is.
    pub(crate) fn may_end_early(&self) -> bool {
        const LARGEST_PAGE: u64 = 64 * 1024;
        self.allocated == 0 && (1..=LARGEST_PAGE).contains(&self.size)
    }

    /// Whether a file system is mounted on it.
    pub(crate) fn is_mount_point(&self) -> bool {
        self.flags.mount_point
    }
}

impl From<rustix::fs::Stat> for Stat {
    // The field types differ between architectures.
    #[allow(clippy::useless_conversion, clippy::cast_possible_wrap, clippy::cast_sign_loss, clippy::unnecessary_cast)]
    fn from(stat: rustix::fs::Stat) -> Self {
        Stat {
            device: stat.st_dev as u64,
            inode: stat.st_ino.into(),
            mode: stat.st_mode.into(),
            links: stat.st_nlink.into(),
            uid: stat.st_uid,
            gid: stat.st_gid,
            size: stat.st_size as u64,
            allocated: (stat.st_blocks as u64).saturating_mul(BLOCK),
            device_number: stat.st_rdev as u64,
            atime: (stat.st_atime.into(), stat.st_atime_nsec as i64),
            mtime: (stat.st_mtime.into(), stat.st_mtime_nsec as i64),
            ctime: (stat.st_ctime.into(), stat.st_ctime_nsec as i64),
            flags: flags(&stat),
        }
    }
}

/// The flags of chflags(1).
#[cfg(any(target_os = "macos", target_os = "freebsd", target_os = "netbsd", target_os = "openbsd"))]
#[allow(clippy::unnecessary_cast, clippy::useless_conversion)] // The types differ between the systems.
fn flags(stat: &rustix::fs::Stat) -> Flags {
    use nix::libc::{SF_APPEND, SF_IMMUTABLE, UF_APPEND, UF_IMMUTABLE};
    let has = |flags| stat.st_flags as u64 & flags != 0;
    Flags {
        immutable: has((UF_IMMUTABLE | SF_IMMUTABLE) as u64),
        append_only: has((UF_APPEND | SF_APPEND) as u64),
        mount_point: false,
    }
}

/// This call does not report them.
#[cfg(not(any(target_os = "macos", target_os = "freebsd", target_os = "netbsd", target_os = "openbsd")))]
fn flags(_: &rustix::fs::Stat) -> Flags {
    Flags::default()
}
