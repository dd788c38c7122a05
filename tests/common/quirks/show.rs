//! Conversions between the values of the system and those of the FUSE library.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fuser::{FileAttr, FileType, INodeNo, TimeOrNow};
use rustix::fs::{Stat, Timespec, UTIME_NOW, UTIME_OMIT};
use rustix::io::Errno;

use super::Quirks;

/// A file's attributes, with this inode number.
// The widths depend on the architecture.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::unnecessary_cast)]
pub fn attributes(stat: &Stat, number: u64, quirks: &Quirks) -> FileAttr {
    let (uid, gid) = quirks.owner.unwrap_or((stat.st_uid, stat.st_gid));
    let kind = kind(rustix::fs::FileType::from_raw_mode(stat.st_mode));
    // Permissions of a link mean nothing.
    let shown = quirks.mode.filter(|_| kind != FileType::Symlink);
    FileAttr {
        ino: INodeNo(number),
        size: stat.st_size as u64,
        blocks: stat.st_blocks as u64,
        atime: time(stat.st_atime as i64, stat.st_atime_nsec as u64),
        mtime: time(stat.st_mtime as i64, stat.st_mtime_nsec as u64),
        ctime: time(stat.st_ctime as i64, stat.st_ctime_nsec as u64),
        crtime: UNIX_EPOCH,
        kind,
        perm: shown.unwrap_or(stat.st_mode & 0o7777) as u16,
        nlink: stat.st_nlink as u32,
        uid,
        gid,
        rdev: stat.st_rdev as u32,
        blksize: 4096,
        flags: 0,
    }
}

pub fn kind(kind: rustix::fs::FileType) -> FileType {
    use rustix::fs::FileType as System;
    match kind {
        System::Directory => FileType::Directory,
        System::Symlink => FileType::Symlink,
        System::Fifo => FileType::NamedPipe,
        System::Socket => FileType::Socket,
        System::CharacterDevice => FileType::CharDevice,
        System::BlockDevice => FileType::BlockDevice,
        System::RegularFile | System::Unknown => FileType::RegularFile,
    }
}

fn time(seconds: i64, nanoseconds: u64) -> SystemTime {
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let whole = if seconds < 0 { UNIX_EPOCH - whole } else { UNIX_EPOCH + whole };
    whole + Duration::from_nanos(nanoseconds)
}

/// A time to be set; `None` is left alone.
pub fn timespec(time: Option<TimeOrNow>) -> Timespec {
    match time {
        None => Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        Some(TimeOrNow::Now) => Timespec { tv_sec: 0, tv_nsec: UTIME_NOW },
        Some(TimeOrNow::SpecificTime(time)) => {
            let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
            Timespec { tv_sec: i64::try_from(since.as_secs()).unwrap_or(0), tv_nsec: since.subsec_nanos().into() }
        }
    }
}

pub fn errno(errno: Errno) -> fuser::Errno {
    fuser::Errno::from_i32(errno.raw_os_error())
}

/// The errno of an error of the standard library.
pub fn raw(error: &std::io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}
