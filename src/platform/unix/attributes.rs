//! Mode, owner and times.

use std::os::fd::AsFd;

use rustix::fs::{Timespec, Timestamps, UTIME_NOW};

use super::errors::{Result, from_io, from_nix};
use super::retry::retry_on_intr;

/// Sets permission, set-ID and sticky bits. (rustix makes this call itself, past a preloaded library.)
pub(crate) fn set_mode(file: impl AsFd, mode: u32) -> Result<()> {
    let mode = nix::sys::stat::Mode::from_bits_truncate(mode);
    retry_on_intr(|| nix::sys::stat::fchmod(&file, mode).map_err(from_nix))
}

/// Sets the owner, the group, or both. (rustix makes this call itself, past a preloaded library.)
pub(crate) fn set_owner(file: impl AsFd, owner: Option<u32>, group: Option<u32>) -> Result<()> {
    retry_on_intr(|| std::os::unix::fs::fchown(&file, owner, group).map_err(|error| from_io(&error)))
}

/// A time to which a file can be set.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Time {
    /// One second after the epoch: a mark from which every change leads away.
    Mark,
    Now,
}

/// Sets the times of access and modification.
pub(crate) fn set_times(file: impl AsFd, time: Time) -> Result<()> {
    let time = match time {
        Time::Mark => Timespec { tv_sec: 1, tv_nsec: 0 },
        Time::Now => Timespec { tv_sec: 0, tv_nsec: UTIME_NOW },
    };
    retry_on_intr(|| rustix::fs::futimens(&file, &Timestamps { last_access: time, last_modification: time }))
}
