//! Renames: over TARGET, to a name that must be free, and the state after a failed rename.

use std::path::Path;
use std::time::{Duration, Instant};

use super::directory::Entry;
use super::resolve::ResolvedTarget;
use super::staging_name::StagingName;
use crate::error::{Error, ErrorExt, missing};
use crate::platform::{
    self, Errno, FileType, Result, Retries, Stat, is_unsupported_rename, os_message, refuses_links, wait,
};
use crate::quote::Shown;

/// How long to wait for the last reader of a file that is marked for deletion. SMB clients close a file up to a second
/// after its reader did.
const LAST_READER: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(50);

/// How a file got a name that was free.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum NamedBy {
    /// By a hard link. The old name may still exist.
    Link,
    Rename,
}

/// The fallback where the system has no rename without replacement, such as NFS, FUSE and ZFS.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fallback {
    /// A hard link, which is atomic as well.
    Link,
    /// A hard link. Where hard links are not supported, as on FAT, a lookup and a rename.
    LinkOrCheckedRename,
    /// A lookup and a rename. Some clients cache a wrong link count after a link was created and removed.
    CheckedRename,
}

/// Gives the file `from` the name `to`. Fails with EEXIST if that is taken. After an error, `verify` decides whether
/// the operation succeeded nevertheless.
pub(super) fn to_free_name(
    from: Entry<'_>,
    to: Entry<'_>,
    fallback: Fallback,
    verify: impl Fn(Errno) -> Result<()>,
) -> Result<NamedBy> {
    let checked_rename = || match to.directory.lstat(to.name)? {
        Some(_) => Err(Errno::EXIST),
        None => from.rename(to).or_else(&verify).map(|()| NamedBy::Rename),
    };
    match platform::rename_noreplace(from.directory, from.name, to.directory, to.name).or_else(&verify) {
        Err(errno) if is_unsupported_rename(errno) => {}
        done => return done.map(|()| NamedBy::Rename),
    }
    if fallback == Fallback::CheckedRename {
        return checked_rename();
    }
    match platform::link(from.directory, from.name, to.directory, to.name).or_else(&verify) {
        Err(errno)
            if fallback == Fallback::LinkOrCheckedRename && (is_unsupported_rename(errno) || refuses_links(errno)) =>
        {
            checked_rename()
        }
        linked => linked.map(|()| NamedBy::Link),
    }
}

/// Exchanges the two names, so that `to` leads to `wanted`. After EINTR the result is verified before a retry, because a
/// second exchange would undo the first.
pub(super) fn exchange(from: Entry<'_>, to: Entry<'_>, wanted: &Stat) -> Result<()> {
    let mut retries = Retries::default();
    loop {
        let exchanged = platform::exchange_once(from.directory, from.name, to.directory, to.name).or_else(|errno| {
            // Nothing was tried.
            if is_unsupported_rename(errno) {
                return Err(errno);
            }
            to.directory.verify_after_error(to.name, wanted, errno)
        });
        match exchanged {
            Err(Errno::INTR) => retries.retry(Errno::INTR)?,
            done => return done,
        }
    }
}

/// Renames the staging file over TARGET.
pub(super) fn over(target: &ResolvedTarget, name: &StagingName) -> Result<()> {
    let renamed = name.entry().rename(target.entry());
    renamed.or_else(|errno| target.directory.verify_after_error(&target.name, name.inode(), errno))
}

/// Renames the staging file to TARGET's name after a failed rename has removed TARGET. A name that is only marked for
/// deletion disappears when the last reader closes the file, so this waits for a limited time.
pub(super) fn over_missing(target: &ResolvedTarget, name: &StagingName) -> Result<()> {
    let deadline = Instant::now().checked_add(LAST_READER);
    loop {
        let Err(errno) = over(target, name) else { return Ok(()) };
        if !matches!(target.directory.lstat_uncached(&target.name), Ok(Some(_))) {
            // It may have disappeared since.
            return over(target, name).map_err(|_| errno);
        }
        let next = Instant::now().checked_add(PAUSE);
        if next > deadline {
            return Err(errno);
        }
        // No event reports the deletion, so poll. Signals are held by now.
        wait([None], None, next)?;
    }
}

/// Whether TARGET, in state `before`, still exists after a failed rename. SMB clients remove TARGET before they retry a
/// rename. A removed file that is held open keeps its name until it is closed, but cannot be opened. Its link count is
/// one less, mostly zero; if it has other names, it still exists under those.
pub(super) fn target_exists(target: &ResolvedTarget, before: &Stat) -> bool {
    // Again after an error: a lookup that fails once does not mean that TARGET is gone.
    let now = target.directory.lstat_uncached(&target.name).or_else(|_| target.directory.lstat(&target.name));
    now.ok().flatten().is_some_and(|now| before.links == 0 || now.links > 0 && !is_marked_for_deletion(target, &now))
}

fn is_marked_for_deletion(target: &ResolvedTarget, now: &Stat) -> bool {
    let open = || platform::open_for_reading(&target.directory, &target.name);
    now.kind() == FileType::RegularFile && matches!(open(), Err(Errno::NOENT))
}

/// The error if TARGET is gone. The staged file stays at `path`.
pub(super) fn target_is_gone(errno: Errno, path: &Path) -> Error {
    missing("rename", format_args!("{}, and TARGET is gone", os_message(errno)))
        .hint(format_args!("the whole new content is {}", Shown(path.as_os_str())))
}
