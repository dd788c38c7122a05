//! Renames: over TARGET, to a name that must be free, and what a rename that failed has left.

use std::ffi::OsStr;
use std::path::Path;
use std::time::{Duration, Instant};

use super::directory::Directory;
use super::resolve::ResolvedTarget;
use super::staging_name::StagingName;
use crate::error::{Error, ErrorExt, missing};
use crate::platform::{self, Errno, FileType, Result, Stat, is_unsupported_rename, os_message, refuses_links, wait};
use crate::quote::Shown;

/// How long the last reader of a file that is marked for deletion is waited for. Clients of SMB close a file up to a second
/// after its reader.
const LAST_READER: Duration = Duration::from_secs(2);
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

/// How a file got a name that was free.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Appeared {
    /// The old name may still be there.
    Linked,
    Renamed,
}

/// What is done where the system cannot rename without replacing, as NFS, FUSE and ZFS.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fallback {
    /// A hard link, which is as exact.
    Link,
    /// A hard link; where there are none, as on FAT, a look and a rename.
    LinkOrLook,
    /// A look and a rename: a link that comes and goes leaves a wrong count of links in the caches of some.
    Look,
}

/// Gives the file called `from` the name `to` if that is free: EEXIST where it is not. After an error `verify` decides
/// whether it is done all the same.
pub(super) fn to_free_name(
    directory: &Directory,
    from: &OsStr,
    to: &OsStr,
    fallback: Fallback,
    verify: impl Fn(Errno) -> Result<()>,
) -> Result<Appeared> {
    let look_and_rename = || match directory.lstat(to)? {
        Some(_) => Err(Errno::EXIST),
        None => platform::rename(directory, from, to).or_else(&verify).map(|()| Appeared::Renamed),
    };
    match platform::rename_noreplace(directory, from, to).or_else(&verify) {
        Err(errno) if is_unsupported_rename(errno) => {}
        done => return done.map(|()| Appeared::Renamed),
    }
    if fallback == Fallback::Look {
        return look_and_rename();
    }
    match platform::link(directory, from, to).or_else(&verify) {
        Err(errno) if fallback == Fallback::LinkOrLook && (is_unsupported_rename(errno) || refuses_links(errno)) => {
            look_and_rename()
        }
        linked => linked.map(|()| Appeared::Linked),
    }
}

/// Renames the staging file over TARGET.
pub(super) fn over(target: &ResolvedTarget, name: &StagingName) -> Result<()> {
    platform::rename(&target.directory, &name.name, &target.name)
        .or_else(|errno| target.directory.verify_after_error(&target.name, name.inode(), errno))
}

/// Renames the staging file to TARGET's name, which has lost its file to a rename that failed. A name that is only marked
/// for deletion goes with the last who has the file open; he is waited for, but not for long.
pub(super) fn to_name_of_gone(target: &ResolvedTarget, name: &StagingName) -> Result<()> {
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
    let open = || platform::open_for_reading(&target.directory, &target.name);
    now.kind() == FileType::RegularFile && matches!(open(), Err(Errno::NOENT))
}

/// TARGET is gone, and the staged file, which stays, is at `path`.
pub(super) fn gone(errno: Errno, path: &Path) -> Error {
    missing("rename", format_args!("{}, and TARGET is gone", os_message(errno)))
        .hint(format_args!("the whole new content is {}", Shown(path.as_os_str())))
}
