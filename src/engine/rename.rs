//! The rename over TARGET, and what a rename that failed has left.

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{FileType, OFlags};
use rustix::io::Errno;

use super::resolve::ResolvedTarget;
use super::stat::Stat;
use super::temporary::TemporaryName;
use crate::failure::{Failure, words};
use crate::quote::Shown;
use crate::sys;
use crate::wait::wait;

/// How long the last reader of a file that is marked for deletion is waited for. Clients of SMB close a file up to a second
/// after its reader.
const LAST_READER: Duration = Duration::from_secs(2);
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

/// Renames the staging file over TARGET.
pub(super) fn over(target: &ResolvedTarget, name: &TemporaryName<'_>) -> std::result::Result<(), Errno> {
    sys::renameat(&target.directory, &name.name, &target.name)
        .or_else(|errno| target.directory.verify_after_error(&target.name, name.inode(), errno))
}

/// Renames the staging file to TARGET's name, which has lost its file to a rename that failed. A name that is only marked
/// for deletion goes with the last who has the file open; he is waited for, but not for long.
pub(super) fn to_name_of_gone(target: &ResolvedTarget, name: &TemporaryName<'_>) -> std::result::Result<(), Errno> {
    let deadline = Instant::now().checked_add(LAST_READER);
    loop {
        let Err(errno) = over(target, name) else { return Ok(()) };
        if !matches!(target.directory.lstat_uncached(&target.name), Ok(Some(_))) {
            // It may have gone since.
            return over(target, name).map_err(|_| errno);
        }
        let next = Instant::now().checked_add(PAUSE);
        if next > deadline {
            return Err(errno);
        }
        // No event tells of it. Signals are held by now.
        wait([None], None, next)?;
    }
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
