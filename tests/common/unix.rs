//! What a test does to files and asks about them, on Unix. `windows.rs` has the same names.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;

/// What is empty whenever it is read.
pub const NOTHING: &str = "/dev/null";

/// Whether root runs the tests.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

pub fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// Permission and set-ID bits. Those of a link are its own.
pub fn mode(path: &Path) -> io::Result<u32> {
    Ok(fs::symlink_metadata(path)?.mode() & 0o7777)
}

/// The number of a file. That of a link is its own.
pub fn inode(path: &Path) -> io::Result<u64> {
    Ok(fs::symlink_metadata(path)?.ino())
}

pub fn symlink(to: &Path, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, path)
}

/// Exchanges two names.
pub fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
    }
    #[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
    Err(io::Error::other(format!("{} and {}", one.display(), other.display())))
}

/// Bytes on the disk.
pub fn allocated(path: &Path) -> io::Result<u64> {
    Ok(fs::metadata(path)?.blocks() * 512)
}

/// Everything that a look or a write would change.
#[derive(Debug, Eq, PartialEq)]
pub struct Traces {
    inode: u64,
    length: u64,
    mode: u32,
    accessed: Option<(i64, i64)>,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Traces {
    /// For what we have read ourselves.
    pub fn without_access(self) -> Traces {
        Traces { accessed: None, ..self }
    }
}

pub fn traces(path: &Path) -> Traces {
    let stat = fs::symlink_metadata(path).unwrap();
    Traces {
        inode: stat.ino(),
        length: stat.len(),
        mode: stat.mode(),
        accessed: Some((stat.atime(), stat.atime_nsec())),
        modified: (stat.mtime(), stat.mtime_nsec()),
        changed: (stat.ctime(), stat.ctime_nsec()),
    }
}

/// The signal that ended a process.
pub fn signal(status: ExitStatus) -> Option<i32> {
    status.signal()
}

/// Standard input, without a buffer of ours.
pub fn stdin() -> io::Result<File> {
    io::stdin().as_fd().try_clone_to_owned().map(File::from)
}

/// These bytes as an argument: here any are one.
#[allow(clippy::unnecessary_wraps)]
pub fn argument(bytes: &[u8]) -> Option<OsString> {
    Some(OsStr::from_bytes(bytes).to_owned())
}
