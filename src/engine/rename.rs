//! The rename over TARGET, and what a rename that failed has left.

use std::path::Path;

use rustix::fs::{FileType, OFlags};
use rustix::io::Errno;

use super::names::Place;
use super::stat::Stat;
use super::temporary::TemporaryName;
use crate::failure::{Failure, words};
use crate::quote::Shown;
use crate::sys;

/// Renames the staging file over TARGET.
pub(super) fn over(place: &Place, name: &TemporaryName<'_>) -> std::result::Result<(), Errno> {
    sys::renameat(&place.directory, &name.name, &place.name)
        .or_else(|errno| place.directory.verify_after_error(&place.name, name.inode(), errno))
}

/// Whether TARGET, which was `before`, is seen to be there after a rename that failed. SMB clients remove TARGET before they
/// rename once more. One that is held open keeps its name until it is closed, and nobody can open it any more: it has one
/// link less than it had, mostly none, and by its other names it is there still.
pub(super) fn is_there(place: &Place, before: &Stat) -> bool {
    let now = place.directory.lstat_uncached(&place.name).ok().flatten();
    now.is_some_and(|now| before.links == 0 || now.links > 0 && !is_marked_for_deletion(place, &now))
}

fn is_marked_for_deletion(place: &Place, now: &Stat) -> bool {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let open = || sys::open(&place.directory, &place.name, flags);
    now.kind() == FileType::RegularFile && matches!(open(), Err(Errno::NOENT))
}

/// TARGET is gone, and the staged file, which stays, is at `path`.
pub(super) fn gone(errno: Errno, path: &Path) -> Failure {
    Failure::missing("rename", format_args!("{}, and TARGET is gone", words(errno)))
        .hint(format_args!("the whole new content is {}", Shown(path.as_os_str())))
}
