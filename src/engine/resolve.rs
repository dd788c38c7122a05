//! From the name as typed to an open directory and the name in it.
//!
//! The directory part is the kernel's to resolve. The last component is resolved here, hop by hop, each link read
//! through a descriptor of its own and its text resolved against the directory that holds it; the final directory
//! stays open, and everything after happens relative to it. Going round the kernel means keeping its rules: magic
//! links of procfs, `nosymfollow`, and links planted in sticky world-writable directories are refused.

use std::cell::Cell;
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, OFlags};
use rustix::io::Errno;

use super::directory::{Directory, PathHandle};
use super::parents::{self, Parents};
use super::stat::Stat;
use crate::failure::{Failure, Result, Seen, words};
use crate::quote::Shown;
use crate::sys;

/// As many links as the kernel follows.
const MOST_LINKS: usize = 40;
/// `ST_NOSYMFOLLOW` among the flags of statfs(2).
const NOSYMFOLLOW: u64 = 0x2000;

impl PathHandle {
    /// Opens the file for reading. Through /proc it is certainly this one and not what the name has become; without
    /// /proc the name is opened, and compared.
    pub(crate) fn open(&self, target: &ResolvedTarget) -> std::result::Result<OwnedFd, Errno> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK;
        let path = sys::proc_path(&*self.handle.get()?);
        let once = |flags| match sys::open(rustix::fs::CWD, path.as_str(), flags) {
            Err(Errno::NOENT) => sys::open(&target.directory, &target.name, flags | OFlags::NOFOLLOW),
            opened => opened,
        };
        // Reading must not cost the disk an access time; the permission for that is the owner's.
        let file = once(flags | OFlags::NOATIME).or_else(|errno| match errno {
            Errno::PERM => once(flags),
            errno => Err(errno),
        })?;
        if Stat::of(&file)?.is_same_file(&self.stat) { Ok(file) } else { Err(Errno::STALE) }
    }
}

/// Where TARGET leads.
#[derive(Debug)]
pub(crate) struct ResolvedTarget {
    pub(crate) directory: Directory,
    pub(crate) name: OsString,
    /// What the name led to when it was looked at.
    pub(crate) existing: Option<PathHandle>,
    /// Whether TARGET is a symbolic link that led here.
    pub(crate) is_behind_link: bool,
    /// Whether something was done to the file there and taken back, which changes its ctime.
    pub(crate) is_ctime_ours: Cell<bool>,
    /// Whether it was replaced and brought back from a copy.
    pub(crate) is_inode_ours: Cell<bool>,
}

impl ResolvedTarget {
    /// Whether TARGET is what it was when it was looked at. What cannot be looked at has not been seen to change.
    pub(crate) fn look_again(&self) -> Seen {
        if self.is_inode_ours.get() {
            return Seen::Unchanged;
        }
        let (before, now) = match (&self.existing, self.directory.lstat(&self.name)) {
            (_, Err(_)) | (None, Ok(None)) => return Seen::Unchanged,
            (None, Ok(Some(_))) | (Some(_), Ok(None)) => return Seen::Changed,
            (Some(before), Ok(Some(now))) => (&before.stat, now),
        };
        if !before.is_same_file(&now) && !self.directory.has_unstable_numbers(&self.name) {
            Seen::Changed
        } else if before.is_unchanged(&now, self.is_ctime_ours.get()) {
            Seen::Unchanged
        } else if self.directory.filesystem().dates_late() && before.with_times_of(&now).is_unchanged(&now, true) {
            Seen::OtherTimes
        } else {
            Seen::Changed
        }
    }

    /// Adds what helps where TARGET is a link and this is not what its user had in mind.
    pub(crate) fn explain(&self, failure: Failure) -> Failure {
        if !self.is_behind_link {
            return failure;
        }
        failure.hint(format_args!(
            "it is a symbolic link into {}; --no-dereference (-P) replaces the link itself",
            self.directory.shown()
        ))
    }
}

/// Resolves TARGET. `follow` is off for `--no-dereference`; `parents` creates what is missing.
pub(crate) fn resolve(path: &Path, follow: bool, parents: &mut Parents) -> Result<ResolvedTarget> {
    let mut path = path.as_os_str().to_owned();
    let mut base: Option<Directory> = None;
    for _ in 0..=MOST_LINKS {
        let (parent, name) = split(&path)?;
        let shown = base.as_ref().map_or_else(|| PathBuf::from(parent), |base| base.join(parent));
        let from = base.as_ref().map_or(rustix::fs::CWD, AsFd::as_fd);
        let directory = match Directory::open(from, parent, shown.clone()) {
            // Step by step also where some were made before: nobody has put a link in the place of one.
            Err(Errno::NOENT) if parents.asked() => parents::create(from, parent, &shown, parents)?,
            Ok(_) if parents.has_made() => parents::create(from, parent, &shown, parents)?,
            opened => opened.map_err(|errno| no_directory(errno, &shown))?,
        };
        let name = name.to_owned();
        let existing = directory.open_path(&name).map_err(Failure::call("look"))?;
        match existing {
            Some(link) if follow && link.kind() == FileType::Symlink => {
                may_follow(&directory, &link)?;
                let text = link.handle.get().and_then(|link| sys::readlinkat(&*link, ""));
                let text = text.map_err(Failure::call("read link"))?;
                path = OsString::from_vec(text.into_bytes());
                base = Some(directory);
            }
            existing => {
                let is_behind_link = base.is_some();
                let (is_ctime_ours, is_inode_ours) = (Cell::new(false), Cell::new(false));
                return Ok(ResolvedTarget { directory, name, existing, is_behind_link, is_ctime_ours, is_inode_ours });
            }
        }
    }
    Err(Failure::failed("resolve", words(Errno::LOOP)))
}

fn no_directory(errno: Errno, shown: &Path) -> Failure {
    let directory = Shown(if shown.as_os_str().is_empty() { OsStr::new(".") } else { shown.as_os_str() });
    let failure = Failure::failed("open directory", format_args!("{directory}: {}", words(errno)));
    if errno == Errno::NOENT { failure.hint("--parents creates missing directories") } else { failure }
}

/// Parent and last component; refuses what can only be a directory.
fn split(path: &OsStr) -> Result<(&OsStr, &OsStr)> {
    let bytes = path.as_bytes();
    let start = bytes.iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
    let (parent, name) = bytes.split_at(start);
    let refuse = |reason| Err(Failure::failed("replace", reason));
    match name {
        b"" if bytes.is_empty() => refuse("the name is empty"),
        b"" => refuse("ends in a slash, which names a directory"),
        b"." => refuse("names a directory, the one that holds it (.)"),
        b".." => refuse("names a directory, the parent (..)"),
        name => Ok((OsStr::from_bytes(parent), OsStr::from_bytes(name))),
    }
}

/// The kernel's rules for following the link that is the last component.
fn may_follow(directory: &Directory, link: &PathHandle) -> Result<()> {
    // Of the directory, which is on the same mount: FUSE file systems may answer for what the link leads to.
    let mount = sys::fstatfs(directory).map_err(Failure::call("look"))?;
    #[allow(clippy::cast_sign_loss)] // Flags are a bit pattern.
    let flags = mount.f_flags as u64;
    if directory.filesystem().is_proc() {
        // Its links do not lead where their text says.
        let reason = "leads to an open descriptor or another link of /proc, which is no name of a file";
        return Err(Failure::failed("replace", reason).hint("name the file itself"));
    }
    if flags & NOSYMFOLLOW != 0 {
        return Err(Failure::failed("resolve", "is a symbolic link on a file system mounted with nosymfollow"));
    }
    // fs.protected_symlinks, whatever the sysctl says: whoever can plant a link in /tmp must not choose what root
    // overwrites.
    let parent = directory.stat().map_err(Failure::call("look"))?;
    let (sticky, others_write) = (parent.mode & 0o1000 != 0, parent.mode & 0o002 != 0);
    let (owner, me) = (link.stat.uid, rustix::process::geteuid().as_raw());
    if sticky && others_write && owner != me && owner != parent.uid {
        let reason = "is another user's symbolic link in a sticky world-writable directory";
        return Err(Failure::failed("resolve", reason));
    }
    Ok(())
}
