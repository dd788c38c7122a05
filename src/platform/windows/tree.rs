//! Calls that only whole directories need. Files are regular files and directories here: creating a symbolic link needs
//! a privilege, and other kinds do not exist.

use std::ffi::{OsStr, OsString};
use std::fs::{self, FileTimes};
use std::time::{Duration, SystemTime};

use super::descriptor::AsFd;
use super::directory::DirectoryHandle;
use super::errors::{Errno, Result, done};
use super::stat::Stat;

/// No symbolic link is created here.
pub(crate) fn make_symbolic_link(_: &DirectoryHandle, _: impl AsRef<OsStr>, _: &OsStr) -> Result<()> {
    Err(Errno::NOTSUP)
}

/// The text of a symbolic link.
pub(crate) fn link_text(directory: &DirectoryHandle, name: impl AsRef<OsStr>) -> Result<OsString> {
    done(fs::read_link(directory.join(name)?)).map(std::path::PathBuf::into_os_string)
}

/// Files of these kinds do not exist here.
pub(crate) fn make_node(_: &DirectoryHandle, _: impl AsRef<OsStr>, _: &Stat) -> Result<()> {
    Err(Errno::NOTSUP)
}

/// Permissions are the access control list's here.
pub(crate) fn set_mode_of_name(_: &DirectoryHandle, _: &OsStr, _: u32) -> Result<()> {
    Err(Errno::NOTSUP)
}

/// Ids of owners do not exist here.
pub(crate) fn set_owner_of_name(
    _: &DirectoryHandle,
    _: impl AsRef<OsStr>,
    _: Option<u32>,
    _: Option<u32>,
) -> Result<()> {
    Err(Errno::NOTSUP)
}

/// Sets the times of access and modification to those of `like`.
pub(crate) fn take_times(file: impl AsFd, like: &Stat) -> Result<()> {
    let times = FileTimes::new().set_accessed(time(like.atime)?).set_modified(time(like.mtime)?);
    done(file.as_fd().file()?.set_times(times))
}

/// Only what is open has its times set here.
pub(crate) fn set_times_of_name(_: &DirectoryHandle, _: impl AsRef<OsStr>, _: &Stat) -> Result<()> {
    Err(Errno::NOTSUP)
}

/// The system's own form of a time.
fn time((seconds, nanoseconds): (i64, i64)) -> Result<SystemTime> {
    let nanoseconds = Duration::from_nanos(u64::try_from(nanoseconds).map_err(|_| Errno::INVAL)?);
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let epoch = SystemTime::UNIX_EPOCH;
    let seconds = if seconds < 0 { epoch.checked_sub(whole) } else { epoch.checked_add(whole) };
    seconds.and_then(|time| time.checked_add(nanoseconds)).ok_or(Errno::INVAL)
}
