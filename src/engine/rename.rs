//! The rename over TARGET, and what a rename that failed has left.

use std::path::Path;

use rustix::fs::{FileType, OFlags};
use rustix::io::Errno;

use super::resolve::ResolvedTarget;
use super::stat::Stat;
use super::temporary::TemporaryName;
use crate::failure::{Failure, words};
use crate::quote::Shown;
use crate::sys;

/// Renames the staging file over TARGET.
pub(super) fn over(target: &ResolvedTarget, name: &TemporaryName<'_>) -> std::result::Result<(), Errno> {
    sys::renameat(&target.directory, &name.name, &target.name)
        .or_else(|errno| target.directory.verify_after_error(&target.name, name.inode(), errno))
}

/// Whether TARGET, which was `before`, is seen to be there after a rename that failed. SMB clients remove TARGET before they
/// rename once more. One that is held open keeps its name until it is closed, and nobody can open it any more: it has one
/// link less than it had, mostly none, and by its other names it is there still.
pub(super) fn is_there(target: &ResolvedTarget, before: &Stat) -> bool {
    let now = target.directory.lstat_uncached(&target.name).ok().flatten();
    now.is_some_and(|now| before.links == 0 || now.links > 0 && !is_marked_for_deletion(target, &now))
}

fn is_marked_for_deletion(target: &ResolvedTarget, now: &Stat) -> bool {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let open = || sys::open(&target.directory, &target.name, flags);
    now.kind() == FileType::RegularFile && matches!(open(), Err(Errno::NOENT))
}

/// TARGET is gone, and the staged file, which stays, is at `path`.
pub(super) fn gone(errno: Errno, path: &Path) -> Failure {
    Failure::missing("rename", format_args!("{}, and TARGET is gone", words(errno)))
        .hint(format_args!("the whole new content is {}", Shown(path.as_os_str())))
}
