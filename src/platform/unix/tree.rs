//! Calls that only whole directories need: names of every kind of file, and metadata of files that cannot be opened. No
//! symbolic link is followed.

use std::ffi::{OsStr, OsString};
use std::os::fd::AsFd;

use nix::sys::stat::{FchmodatFlags, fchmodat};
use rustix::fs::{AtFlags, Gid, Mode, Timespec, Timestamps, Uid};
use rustix::path::Arg;

use super::directory::DirectoryHandle;
use super::errors::{Result, from_nix};
use super::names::read_link_at;
use super::retry::retry_on_intr;
use super::stat::Stat;

/// Creates a symbolic link with this text.
pub(crate) fn make_symbolic_link(directory: &DirectoryHandle, name: impl Arg + Copy, text: &OsStr) -> Result<()> {
    retry_on_intr(|| rustix::fs::symlinkat(text, directory, name))
}

/// The text of a symbolic link.
pub(crate) fn link_text(directory: &DirectoryHandle, name: impl Arg + Copy) -> Result<OsString> {
    read_link_at(directory, name)
}

/// Creates a FIFO, socket or device node like the one whose state is `like`, with mode 0600, less the umask.
#[cfg(not(target_os = "macos"))]
pub(crate) fn make_node(directory: &DirectoryHandle, name: impl Arg + Copy, like: &Stat) -> Result<()> {
    #[allow(clippy::cast_possible_truncation, clippy::unnecessary_cast)] // It was widened from that type.
    let number = like.device_number as rustix::fs::Dev;
    let mode = Mode::RUSR | Mode::WUSR;
    retry_on_intr(|| rustix::fs::mknodat(directory, name, like.kind(), mode, number))
}

/// No node can be created in an open directory here.
#[cfg(target_os = "macos")]
pub(crate) fn make_node(_: &DirectoryHandle, _: impl Arg + Copy, _: &Stat) -> Result<()> {
    Err(super::errors::Errno::NOTSUP)
}

/// Sets permission, set-ID and sticky bits. Fails with NOTSUP where the system would follow a link. (rustix would
/// bypass libc, and with it a preloaded library.)
pub(crate) fn set_mode_of_name(directory: &DirectoryHandle, name: &OsStr, mode: u32) -> Result<()> {
    #[allow(clippy::cast_possible_truncation, clippy::unnecessary_cast)] // No bit is lost: 0o7777 fits everywhere.
    let mode = nix::sys::stat::Mode::from_bits_truncate(mode as nix::libc::mode_t);
    retry_on_intr(|| fchmodat(directory, name, mode, FchmodatFlags::NoFollowSymlink).map_err(from_nix))
}

/// Sets the owner, the group, or both.
pub(crate) fn set_owner_of_name(
    directory: &DirectoryHandle,
    name: impl Arg + Copy,
    owner: Option<u32>,
    group: Option<u32>,
) -> Result<()> {
    let (owner, group) = (owner.map(Uid::from_raw), group.map(Gid::from_raw));
    retry_on_intr(|| rustix::fs::chownat(directory, name, owner, group, AtFlags::SYMLINK_NOFOLLOW))
}

/// Sets the times of access and modification to those of `like`.
pub(crate) fn take_times(file: impl AsFd, like: &Stat) -> Result<()> {
    retry_on_intr(|| rustix::fs::futimens(&file, &times(like)))
}

/// The same for a name.
pub(crate) fn set_times_of_name(directory: &DirectoryHandle, name: impl Arg + Copy, like: &Stat) -> Result<()> {
    retry_on_intr(|| rustix::fs::utimensat(directory, name, &times(like), AtFlags::SYMLINK_NOFOLLOW))
}

fn times(like: &Stat) -> Timestamps {
    #[allow(clippy::useless_conversion)] // The types differ between the systems.
    let time = |(seconds, nanoseconds): (i64, i64)| Timespec { tv_sec: seconds, tv_nsec: nanoseconds.into() };
    Timestamps { last_access: time(like.atime), last_modification: time(like.mtime) }
}
