//! Mode, owner and times.

use std::os::fd::AsFd;

use rustix::fs::{Timespec, Timestamps, UTIME_NOW};

use super::errors::{Result, from_io, from_nix};
use super::retry::retry_on_intr;

/// Sets permission, set-ID and sticky bits. (rustix would bypass libc, and with it a preloaded library.)
pub(crate) fn set_mode(file: impl AsFd, mode: u32) -> Result<()> {
    #[allow(clippy::cast_possible_truncation, clippy::unnecessary_cast)] // No bit is lost: 0o7777 fits everywhere.
    let mode = nix::sys::stat::Mode::from_bits_truncate(mode as nix::libc::mode_t);
    retry_on_intr(|| nix::sys::stat::fchmod(&file, mode).map_err(from_nix))
}

/// The mode that a file has after `mode` has been set, if that worked: some systems have only part of it.
pub(crate) fn nearest_mode(mode: u32) -> u32 {
    mode
}

/// Whether a file with the bits `has` gives what `wanted` asks for.
pub(crate) fn is_mode_met(wanted: u32, has: u32) -> bool {
    wanted == has
}

/// The mode bits that new files do not get. The process has one for all its threads, and it can be read only by a change: no
/// other thread may create files meanwhile.
pub(crate) fn umask() -> u32 {
    use rustix::fs::Mode;
    use rustix::process;
    // Whatever is created in between is nobody else's.
    let mask = process::umask(Mode::from_bits_truncate(0o077));
    process::umask(mask);
    // It has 16 bits on some systems.
    #[allow(clippy::useless_conversion)]
    u32::from(mask.bits())
}

/// Sets the owner, the group, or both. (rustix would bypass libc, and with it a preloaded library.)
pub(crate) fn set_owner(file: impl AsFd, owner: Option<u32>, group: Option<u32>) -> Result<()> {
    retry_on_intr(|| std::os::unix::fs::fchown(&file, owner, group).map_err(|error| from_io(&error)))
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
        Time::Mark => Timespec { tv_sec: 1, tv_nsec: 0 },
        Time::Now => Timespec { tv_sec: 0, tv_nsec: UTIME_NOW },
    };
    retry_on_intr(|| rustix::fs::futimens(&file, &Timestamps { last_access: time, last_modification: time }))
}
