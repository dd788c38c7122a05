//! The metadata of an inode, by fstat(2) and fstatat(2).

use std::os::fd::AsFd;

use rustix::fs::AtFlags;
use rustix::path::Arg;

use crate::platform::system::filesystem::FileSystem;
use crate::platform::unix::directory::DirectoryHandle;
use crate::platform::unix::errors::Result;
use crate::platform::unix::retry::retry_on_intr;
pub(crate) use crate::platform::unix::stat::{FileType, Stat};

/// The commands that let a file be replaced again, for hints.
pub(crate) const CLEAR_IMMUTABLE: &str = "chflags nouchg,noschg";
pub(crate) const CLEAR_APPEND_ONLY: &str = "chflags nouappnd,nosappnd";

impl Stat {
    /// The metadata of an open file.
    pub(crate) fn of(file: impl AsFd) -> Result<Stat> {
        retry_on_intr(|| rustix::fs::fstat(&file)).map(Stat::from)
    }

    /// The metadata of a name in a directory. A symbolic link is not followed.
    pub(crate) fn at(directory: &DirectoryHandle, name: impl Arg + Copy) -> Result<Stat> {
        get(directory, name, AtFlags::SYMLINK_NOFOLLOW)
    }

    /// The same; no cache can be avoided here.
    pub(crate) fn at_uncached(directory: &DirectoryHandle, name: impl Arg + Copy) -> Result<Stat> {
        Stat::at(directory, name)
    }

    /// The metadata of an open file; no cache can be avoided here.
    pub(crate) fn of_uncached(file: impl AsFd) -> Result<Stat> {
        Stat::of(file)
    }

    /// The metadata of a directory itself.
    pub(crate) fn of_directory(directory: &DirectoryHandle) -> Result<Stat> {
        get(directory, ".", AtFlags::empty())
    }
}

fn get(directory: impl AsFd, path: impl Arg + Copy, flags: AtFlags) -> Result<Stat> {
    retry_on_intr(|| rustix::fs::statat(&directory, path, flags)).map(Stat::from)
}

/// The metadata of a name, and whether it is a mount point: then it is on another device than its directory.
#[allow(clippy::unnecessary_cast)] // The type of a mode differs between the systems.
pub(super) fn of_name(directory: &DirectoryHandle, name: impl Arg + Copy) -> Result<Stat> {
    let mut stat = Stat::at(directory, name)?;
    if stat.device != get(directory, ".", AtFlags::empty())?.device {
        if FileSystem::of(directory).is_proc() {
            // A name in /dev/fd, which shows the metadata of the open file that it leads to.
            #[allow(clippy::unnecessary_cast)] // The type differs between systems.
            let device = FileType::CharacterDevice.as_raw_mode() as u32;
            stat.mode = device | stat.bits();
        } else {
            stat.flags.mount_point = true;
        }
    }
    Ok(stat)
}
