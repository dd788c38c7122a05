//! Backups, by GNU's rules, with TARGET never absent.
//!
//! ```text
//! the staged file has a short name; then            a kill or a power cut here leaves
//! 1. exchange short name and TARGET                 before: the old TARGET, the staged file
//! 2. rename the short name to the backup's name     between: the new TARGET, the old file under the short name
//! 3. one sync of the directory (mod.rs)             after: the new TARGET, the backup
//! ```
//!
//! Between 1 and 2 the short name may be the only one that leads to the old content: it is never swept away.
//! Where the file system cannot exchange, the old file gets a second short name first (a hard link, or a copy where a
//! link is refused), then the staged file is renamed over TARGET, then that second name to the backup's. Two short names
//! can remain there after a kill, and where it had to be a copy, a roll-back gives TARGET the copy's inode.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::apply_metadata::{self, MetadataSource};
use super::copy::{self, OldContentReader};
use super::metadata::Metadata;
use super::resolve::ResolvedTarget;
use super::sealed::Sealed;
use super::staging_writer::StagingWriter;
use super::stat::Stat;
use super::temporary::Naming;
use super::temporary::{self, TemporaryName};
use super::{preflight, rename, sync};
use crate::failure::{Failure, Result, words};
use crate::policy::{Backup, Control, Sync};
use crate::quote::Shown;
use crate::sys::{self, Retries};

const STEP: &str = "backup";
/// `NAME_MAX` of every file system in question, in bytes.
const LONGEST: usize = 255;

/// The backup's name, as decided before anything is read.
#[derive(Debug)]
pub(crate) enum Backups {
    /// This name; what has it is replaced.
    Simple(OsString),
    /// `TARGET.~N~`, this N or the next that is free.
    Numbered(u64),
}

/// Why what has the backup's name cannot give way, as far as it can be told beforehand.
fn irreplaceable(there: &Stat, directory: &Stat) -> Option<&'static str> {
    if there.kind() == FileType::Directory {
        Some("is a directory")
    } else if there.is_mount_point() {
        Some("is a mount point")
    } else if there.is_immutable() {
        Some("is immutable")
    } else if there.is_append_only() {
        Some("is append-only")
    } else if preflight::sticky_denies(directory, there.uid) {
        Some("is another user's, in a sticky directory")
    } else {
        None
    }
}

impl Backups {
    /// Decides the name, and refuses what could not be written there. TARGET may be absent yet.
    pub(crate) fn plan(target: &ResolvedTarget, backup: &Backup) -> Result<Backups> {
        let newest = match backup.control {
            Control::Simple => None,
            Control::Existing | Control::Numbered => newest(target)?,
        };
        let numbered = newest.is_some() || backup.control == Control::Numbered;
        if numbered {
            let Some(next) = newest.unwrap_or(0).checked_add(1) else {
                return Err(Failure::failed(STEP, "the number of the newest backup is the highest possible"));
            };
            if target.existing.is_some() {
                name_fits(&numbered_name(&target.name, next))?;
            }
            return Ok(Backups::Numbered(next));
        }
        let mut name = target.name.clone();
        name.push(&backup.suffix);
        if target.existing.is_none() {
            // Nothing to keep yet. If TARGET appears, the commit tells what stands in the way.
            return Ok(Backups::Simple(name));
        }
        name_fits(&name)?;
        if let Some(there) = target.directory.open_path(&name).map_err(Failure::call(STEP))? {
            let directory = target.directory.stat().map_err(Failure::call(STEP))?;
            if let Some(reason) = irreplaceable(&there.stat, &directory) {
                return Err(Failure::failed(STEP, format_args!("{} {reason}", Shown(&name))));
            }
        }
        Ok(Backups::Simple(name))
    }

    /// Replaces TARGET, which is `old`, by the staged file, and keeps `old`. On failure both TARGET and the backups are as
    /// they were. Returns what is open on the new TARGET, or the staged file again where TARGET has gone meanwhile.
    pub(crate) fn replace<'d>(
        &self,
        target: &ResolvedTarget,
        sealed: Sealed<'d>,
        old: &Stat,
        sync: Sync,
    ) -> Result<std::result::Result<Option<OwnedFd>, Sealed<'d>>> {
        let directory = &target.directory;
        let Naming::Named(temporary) = sealed.naming() else {
            return Err(Failure::failed(STEP, "the staging file has no name"));
        };
        match exchange(target, &temporary.name, temporary.inode()) {
            Ok(()) => {}
            Err(errno) if is_unknown(errno) => return self.replace_without_exchange(target, sealed, old, sync),
            Err(Errno::NOENT) if matches!(directory.lstat(&target.name), Ok(None)) => return Ok(Err(sealed)),
            Err(errno) => return Err(Failure::call("rename")(errno)),
        }
        // From here on the short name leads to the old content, which since the last look can have become anything.
        let found = directory.lstat(&temporary.name).ok().flatten().unwrap_or(*old);
        let failure = match preflight::suitable(found.kind(), old.kind() == FileType::Symlink) {
            Ok(()) => match self.keep(target, &temporary.name, &found) {
                Ok(()) => return Ok(Ok(sealed.disarm())),
                Err(errno) => self.failed(target, errno),
            },
            Err(failure) => failure,
        };
        target.is_ctime_ours.set(true);
        match exchange(target, &temporary.name, &found) {
            Ok(()) => Err(failure),
            Err(again) => {
                let path = directory.join(&temporary.name);
                sealed.disarm();
                Err(not_taken_back(&path, &failure.reason, again))
            }
        }
    }

    fn replace_without_exchange<'d>(
        &self,
        target: &ResolvedTarget,
        sealed: Sealed<'d>,
        old: &Stat,
        sync: Sync,
    ) -> Result<std::result::Result<Option<OwnedFd>, Sealed<'d>>> {
        let Naming::Named(temporary) = sealed.naming() else {
            return Err(Failure::failed(STEP, "the staging file has no name"));
        };
        target.is_ctime_ours.set(true);
        let (kept, is_copy) = match TemporaryName::link_name(&target.directory, &target.name) {
            Ok(kept) => (kept, false),
            Err(Errno::NOENT) if matches!(target.directory.lstat(&target.name), Ok(None)) => return Ok(Err(sealed)),
            // Another's file under protected_hardlinks, another project, or no links at all.
            Err(Errno::PERM | Errno::XDEV | Errno::MLINK | Errno::NOTSUP | Errno::NOSYS) => (copy(target, sync)?, true),
            Err(errno) => return Err(self.failed(target, errno)),
        };
        let is_there = || rename::is_there(target, old);
        // The old content has TARGET's name again, or it is told where that is.
        let take_back = |kept: TemporaryName<'_>| match sys::renameat(&target.directory, &kept.name, &target.name) {
            Ok(()) => {
                target.is_inode_ours.set(is_copy);
                kept.disarm();
                Ok(())
            }
            Err(errno) => Err((target.directory.join(&kept.disarm()), errno)),
        };
        // Some network file systems remove TARGET first, and then fail: once more, now that it is gone.
        let renamed = rename::over(target, temporary)
            .or_else(|errno| if is_there() { Err(errno) } else { rename::to_name_of_gone(target, temporary) });
        if let Err(errno) = renamed {
            if is_there() {
                return Err(Failure::call("rename")(errno));
            }
            let new = target.directory.join(&temporary.name);
            // A name that is only marked for deletion cannot be had, and a rename of another link onto it does nothing.
            let is_marked = !matches!(target.directory.lstat_uncached(&target.name), Ok(None));
            let taken_back =
                if is_marked { Err((target.directory.join(&kept.disarm()), errno)) } else { take_back(kept) };
            return Err(match taken_back {
                Ok(()) => Failure::call("rename")(errno),
                Err((old, _)) => {
                    sealed.disarm();
                    rename::gone(errno, &new).hint(format_args!("the old content is {}", Shown(old.as_os_str())))
                }
            });
        }
        let file = sealed.disarm();
        match self.keep(target, &kept.name, kept.inode()) {
            Ok(()) => {
                kept.disarm();
                Ok(Ok(file))
            }
            Err(errno) => Err(match take_back(kept) {
                Ok(()) => self.failed(target, errno),
                Err((old, again)) => not_taken_back(&old, &words(errno), again),
            }),
        }
    }

    /// Gives the old file, now called `name`, the backup's name.
    fn keep(&self, target: &ResolvedTarget, name: &OsStr, old: &Stat) -> std::result::Result<(), Errno> {
        let directory = &target.directory;
        match self {
            Backups::Simple(backup) => {
                sys::renameat(directory, name, backup)
                    .or_else(|errno| directory.verify_after_error(backup, old, errno))?;
            }
            Backups::Numbered(first) => {
                let mut number = *first;
                let mut retries = Retries::default();
                loop {
                    let backup = numbered_name(&target.name, number);
                    let kept = rename_to_free(target, name, &backup);
                    match kept.or_else(|errno| directory.verify_after_error(&backup, old, errno)) {
                        Err(Errno::EXIST) => {
                            retries.again(Errno::EXIST)?;
                            number = number.checked_add(1).ok_or(Errno::OVERFLOW)?;
                        }
                        done => break done?,
                    }
                }
            }
        }
        // Where the backup's name was a link of the same file already, the rename does nothing; and where a second name stood
        // in for a rename, the first is still there. Mostly it is gone.
        temporary::remove(directory, name);
        Ok(())
    }

    fn failed(&self, target: &ResolvedTarget, errno: Errno) -> Failure {
        let name = match self {
            Backups::Simple(name) => name.clone(),
            Backups::Numbered(number) => numbered_name(&target.name, *number),
        };
        let path = target.directory.join(&name);
        Failure::failed(STEP, format_args!("{}: {}", Shown(path.as_os_str()), words(errno)))
    }
}

/// Exchanges the two names, after which TARGET leads to `wanted`. Interrupted, it is looked at before it is done again:
/// an exchange that is made twice is none.
fn exchange(target: &ResolvedTarget, name: &OsStr, wanted: &Stat) -> std::result::Result<(), Errno> {
    let directory = &target.directory;
    let mut retries = Retries::default();
    loop {
        match renameat_with(directory, name, directory, &target.name, RenameFlags::EXCHANGE)
            .or_else(|errno| directory.verify_after_error(&target.name, wanted, errno))
        {
            Err(Errno::INTR) => retries.again(Errno::INTR)?,
            done => return done,
        }
    }
}

/// What file systems, kernels and filters say that know no flags of a rename.
fn is_unknown(errno: Errno) -> bool {
    matches!(errno, Errno::INVAL | Errno::NOSYS | Errno::NOTSUP | Errno::PERM)
}

/// Gives the file called `from` the name `to` if that is free. It may have both in the end.
fn rename_to_free(target: &ResolvedTarget, from: &OsStr, to: &OsStr) -> std::result::Result<(), Errno> {
    let directory = &target.directory;
    match sys::rename_to_free(directory, from, to) {
        Err(errno) if is_unknown(errno) => match sys::linkat(directory, from, directory, to, AtFlags::empty()) {
            // With neither flags nor links, as on FAT by way of FUSE, only a look can tell.
            Err(errno) if is_unknown(errno) || matches!(errno, Errno::MLINK | Errno::XDEV) => {
                match directory.lstat(to)? {
                    Some(_) => Err(Errno::EXIST),
                    None => sys::renameat(directory, from, to),
                }
            }
            linked => linked,
        },
        done => done,
    }
}

/// The new content has TARGET's name, and the old one another than it should.
fn not_taken_back(path: &Path, reason: &str, again: Errno) -> Failure {
    let reason = format!("{reason}; taking it back: {}", words(again));
    Failure::not_durable(STEP, reason).hint(format_args!("the old content is {}", Shown(path.as_os_str())))
}

fn name_fits(name: &OsStr) -> Result<()> {
    if name.len() <= LONGEST {
        return Ok(());
    }
    Err(Failure::failed(STEP, format_args!("the backup's name would have {} bytes, more than {LONGEST}", name.len())))
}

fn numbered_name(name: &OsStr, number: u64) -> OsString {
    let mut bytes = name.as_bytes().to_vec();
    bytes.extend(format!(".~{number}~").into_bytes());
    OsString::from_vec(bytes)
}

/// The highest number that a backup of TARGET has.
fn newest(target: &ResolvedTarget) -> Result<Option<u64>> {
    if !target.directory.readable() {
        return newest_by_name(target);
    }
    let mut newest = None;
    // A description of its own, at its beginning. Looking must not cost the disk an access time, as --if-changed may
    // leave it at that; the permission for that is the owner's.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY;
    let open = |flags| sys::open(&target.directory, ".", flags);
    let directory = open(flags | OFlags::NOATIME).or_else(|_| open(flags));
    let mut entries = directory.and_then(Dir::new).map_err(Failure::call(STEP))?;
    while let Some(entry) = entries.read() {
        let entry = entry.map_err(Failure::call(STEP))?;
        newest = newest.max(number(target.name.as_bytes(), entry.file_name().to_bytes()));
    }
    Ok(newest)
}

/// A directory that cannot be read is asked for one name after the other.
fn newest_by_name(target: &ResolvedTarget) -> Result<Option<u64>> {
    let mut newest = None;
    for number in 1.. {
        let there = target.directory.lstat(&numbered_name(&target.name, number)).map_err(Failure::call(STEP))?;
        if there.is_none() {
            break;
        }
        newest = Some(number);
    }
    Ok(newest)
}

/// N of `TARGET.~N~`.
fn number(target: &[u8], name: &[u8]) -> Option<u64> {
    let digits = name.strip_prefix(target)?.strip_prefix(b".~")?.strip_suffix(b"~")?;
    if digits.first().is_none_or(|first| !(b'1'..=b'9').contains(first)) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// A copy of the old file, with its metadata and synced, under a short name.
fn copy(target: &ResolvedTarget, sync: Sync) -> Result<TemporaryName<'_>> {
    let failed = Failure::call(STEP);
    let old = &target.directory.open_path(&target.name).and_then(|old| old.ok_or(Errno::NOENT)).map_err(&failed)?;
    let content = old.open(target).map_err(&failed)?;
    let (name, file) = TemporaryName::create(&target.directory, Mode::from_raw_mode(0o600)).map_err(&failed)?;
    let mut sink = StagingWriter::new(file.as_fd(), &target.directory, false);
    let mut input = OldContentReader { file: content.as_fd(), signals: None };
    copy::copy_prefix(&mut input, &old.stat, old.stat.size, &mut sink)?;
    let source = MetadataSource::Like { old: Metadata::of(old, target)?, mode: None };
    apply_metadata::apply_metadata(file.as_fd(), &source, None)?;
    if sync != Sync::None {
        sync::file(file.as_fd()).map_err(&failed)?;
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_read_as_gnu_writes_them() {
        assert_eq!(number(b"f", b"f.~1~"), Some(1));
        assert_eq!(number(b"f", b"f.~12~"), Some(12));
        for other in ["f", "f~", "f.~~", "f.~01~", "f.~1", "f.~x~", "g.~1~", "f.~-1~", "f.~99999999999999999999~"] {
            assert_eq!(number(b"f", other.as_bytes()), None, "{other}");
        }
    }
}
