//! Comparisons of metadata, the same on every system.

use crate::platform::system::stat::Stat;

impl Stat {
    /// Whether both are the same file.
    pub(crate) fn is_same_file(&self, other: &Stat) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }

    /// What identifies the file.
    pub(crate) fn identity(&self) -> (u64, u64) {
        (self.device, self.inode)
    }

    /// Whether both are on the same file system.
    pub(crate) fn is_on_same_device(&self, other: &Stat) -> bool {
        self.device == other.device
    }

    /// Whether both are the same file with the same content, as far as the system's times show.
    pub(crate) fn is_same_state(&self, other: &Stat) -> bool {
        self.is_same_file(other) && self.size == other.size && (self.mtime, self.ctime) == (other.mtime, other.ctime)
    }

    /// Whether `now` is this file with the same content and metadata, as far as the system's times show. `ignore_ctime`
    /// ignores a different ctime, for a file whose ctime this program has changed. A different number of hard links
    /// also explains a different ctime.
    pub(crate) fn is_unchanged(&self, now: &Stat, ignore_ctime: bool) -> bool {
        let metadata = |stat: &Stat| (stat.device, stat.kind(), stat.mode, stat.uid, stat.gid, stat.size, stat.mtime);
        metadata(self) == metadata(now) && (ignore_ctime || now.links != self.links || now.ctime == self.ctime)
    }

    /// This metadata with the times of `now`.
    pub(crate) fn with_times_of(&self, now: &Stat) -> Stat {
        Stat { mtime: now.mtime, ctime: now.ctime, ..*self }
    }

    /// Whether an open file that was in this state still has the same content. If it was linked or replaced since, its
    /// number of links is different, which changes the ctime but not the content.
    pub(crate) fn is_same_content(&self, now: &Stat) -> bool {
        let ctime = if now.links == self.links { self.ctime } else { now.ctime };
        Stat { ctime, ..*self }.is_same_state(now)
    }
}
