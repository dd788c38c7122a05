//! Mode and times. Of a mode, Windows has the read-only attribute; the rest is the directory's access control list.

use std::fs::FileTimes;
use std::time::{Duration, SystemTime};

use super::descriptor::AsFd;
use super::errors::{Errno, Result, done};

/// Sets or clears the read-only attribute: a file that nobody may write is read-only.
pub(crate) fn set_mode(file: impl AsFd, mode: u32) -> Result<()> {
    set_read_only(file, mode & 0o222 == 0)
}

pub(super) fn set_read_only(file: impl AsFd, read_only: bool) -> Result<()> {
    let file = file.as_fd().file()?;
    let mut permissions = done(file.metadata())?.permissions();
    if permissions.readonly() == read_only {
        return Ok(());
    }
    permissions.set_readonly(read_only);
    done(file.set_permissions(permissions))
}

/// The mode that a file has after `mode` has been set, if that worked.
pub(crate) fn nearest_mode(mode: u32) -> u32 {
    if mode & 0o222 == 0 { 0o444 } else { 0o666 }
}

/// Whether a file with the bits `has` gives what `wanted` asks for, as far as the user should know. Which others may read
/// and write is up to access control lists, so a mode that lets everyone read is met by the read-only attribute. One
/// that excludes someone is not.
pub(crate) fn is_mode_met(wanted: u32, has: u32) -> bool {
    has == nearest_mode(wanted) && wanted & 0o444 == 0o444 && wanted & 0o7000 == 0
}

/// There is none here.
pub(crate) fn umask() -> u32 {
    0
}

/// Ids of owners do not exist here.
pub(crate) fn set_owner(_: impl AsFd, _: Option<u32>, _: Option<u32>) -> Result<()> {
    Err(Errno::NOTSUP)
}

/// A time for [`set_times`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Time {
    /// One second after the epoch: any later change of the file sets a different time.
    Mark,
    Now,
}

pub(crate) fn set_times(file: impl AsFd, time: Time) -> Result<()> {
    let time = match time {
        Time::Mark => SystemTime::UNIX_EPOCH + Duration::from_secs(1),
        Time::Now => SystemTime::now(),
    };
    done(file.as_fd().file()?.set_times(FileTimes::new().set_accessed(time).set_modified(time)))
}
