//! What follows from the type of a file system. Only whether it is another machine's is known, from the path.

use super::descriptor::AsFd;
use super::errors::{Result, done};
use super::path::is_remote;
use super::stat::Stat;
use super::win32;

/// A file system of unknown type.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct FileSystem {
    is_remote: bool,
}

impl FileSystem {
    /// The file system of an open file.
    pub(crate) fn of(file: impl AsFd) -> FileSystem {
        FileSystem { is_remote: is_remote(file.as_fd().path()) }
    }

    /// Whether a sync of the whole file system is known to make each file on it durable. There is no such call here.
    pub(crate) fn syncfs_suffices(self, _: impl AsFd) -> bool {
        false
    }

    /// Whether the blocks of a file that a rename has replaced may get other data before the rename is on disk.
    pub(crate) fn may_reuse_blocks_early(self, _: impl AsFd) -> bool {
        false
    }

    /// Whether the sync of a directory may succeed although the file system has shut down.
    pub(crate) fn hides_failed_sync(self) -> bool {
        false
    }

    /// Whether the sync of an unnamed file may be lost once the file has a name. There are no unnamed files here.
    pub(crate) fn may_lose_unnamed_sync(self) -> bool {
        false
    }

    /// Whether reserving space has no other effect. Nothing is reserved here.
    pub(crate) fn reserves_space_only(self) -> bool {
        false
    }

    /// Whether files survive a power cut, as far as is known.
    pub(crate) fn is_persistent(self) -> bool {
        true
    }

    /// Whether a rename over an open file is known to work as over any other. That depends on who has it open, and how.
    pub(crate) fn can_replace_open_files(self) -> bool {
        false
    }

    /// Whether a user-space program implements it.
    pub(crate) fn is_fuse(self) -> bool {
        false
    }

    /// Whether other machines can replace files on it.
    pub(crate) fn is_remote(self) -> bool {
        self.is_remote
    }

    /// Whether the times of a file may change by themselves for a while after a write.
    pub(crate) fn updates_times_late(self) -> bool {
        self.is_remote
    }

    /// Whether unnamed files can be linked.
    pub(crate) fn can_link_unnamed(self) -> bool {
        false
    }

    /// Whether it has attributes that are not listed.
    pub(crate) fn is_smb(self) -> bool {
        false
    }
}

/// Whether the file, in state `stat`, can grow to `size` bytes. An overwrite needs new space only beyond the present size.
pub(crate) fn has_room(file: impl AsFd, stat: &Stat, size: u64, may_share_blocks: bool) -> Result<bool> {
    let Some(directory) = file.as_fd().path().parent() else { return Ok(true) };
    let more = if may_share_blocks { size } else { size.saturating_sub(stat.size) };
    Ok(more <= done(win32::free_space(directory))?)
}
