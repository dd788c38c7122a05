//! From the name on the command line to an open directory and a name in it.
//!
//! The kernel resolves the directory part. The last component is resolved here, link by link: each link is read through
//! a descriptor, and its text is resolved against the directory that contains it. The final directory stays open, and
//! all later operations are relative to it. Code that resolves links must follow the kernel's rules: it refuses magic
//! links, mounts on which no links are followed, and links planted in sticky world-writable directories.

use std::cell::Cell;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf, is_separator};
use std::rc::Rc;

use super::directory::{Directory, Entry, PathHandle};
use super::parents::Parents;
use super::permissions;
use crate::error::{Context, Error, ErrorExt, Result, TargetState, at, failed};
use crate::notices::Notices;
use crate::platform::{self, Errno, FileType, LinkRule, OwnedFd, Stat, os_message};
use crate::quote::Shown;

/// As many links as the kernel follows.
const MAX_LINKS: usize = 40;

/// Where TARGET leads.
#[derive(Debug)]
pub(crate) struct ResolvedTarget {
    pub(crate) directory: Rc<Directory>,
    pub(crate) name: OsString,
    /// The file that had the name at the lookup.
    pub(crate) existing: Option<PathHandle>,
    /// The symbolic links that led here.
    pub(crate) links: Vec<Stat>,
    /// Whether TARGET is a symbolic link that led here, and could itself be replaced.
    pub(crate) is_behind_own_link: bool,
    /// Whether an operation on the file, now undone, has changed its ctime.
    pub(crate) ctime_changed_by_us: Cell<bool>,
    /// Whether a write to the file has failed. It may have changed the times, and nothing else.
    pub(crate) written_in_vain: Cell<bool>,
    /// Whether it was replaced and then restored from a copy.
    pub(crate) restored_from_copy: Cell<bool>,
}

impl ResolvedTarget {
    /// Compares TARGET with its state at the lookup. A failed lookup counts as unchanged.
    pub(crate) fn state_since_lookup(&self) -> TargetState {
        if self.restored_from_copy.get() {
            return TargetState::Unchanged;
        }
        let (before, now) = match (&self.existing, self.directory.lstat(&self.name)) {
            (_, Err(_)) | (None, Ok(None)) => return TargetState::Unchanged,
            (None, Ok(Some(_))) | (Some(_), Ok(None)) => return TargetState::Changed,
            (Some(before), Ok(Some(now))) => (&before.stat, now),
        };
        let by_us = self.ctime_changed_by_us.get();
        // XFS dates a directory that is renamed to another one, since its `..` changes.
        let is_renamed_back = || by_us && before.kind() == FileType::Directory;
        if !before.is_same_file(&now) && !self.directory.has_unstable_inode_numbers(&self.name) {
            TargetState::Changed
        } else if before.is_unchanged(&now, by_us)
            || is_renamed_back() && before.with_times_of(&now).is_unchanged(&now, true)
        {
            TargetState::Unchanged
        } else if (self.written_in_vain.get() || self.directory.filesystem().updates_times_late())
            && before.with_times_of(&now).is_unchanged(&now, true)
        {
            TargetState::TimesChanged
        } else {
            TargetState::Changed
        }
    }

    /// Its name in its directory.
    pub(crate) fn entry(&self) -> Entry<'_> {
        Entry { directory: &self.directory, name: &self.name }
    }

    /// Looks TARGET up again.
    pub(crate) fn open_path(&self) -> platform::Result<Option<PathHandle>> {
        self.directory.open_path(&self.name)
    }

    /// Opens the file `old` for reading, which was TARGET at the lookup.
    pub(crate) fn open(&self, old: &PathHandle) -> platform::Result<OwnedFd> {
        old.open(&self.directory, &self.name)
    }

    /// Adds a hint if TARGET is a symbolic link, in case the user did not expect that.
    pub(crate) fn with_link_hint(&self, error: Error) -> Error {
        if !self.is_behind_own_link {
            return error;
        }
        error.hint(format_args!(
            "it is a symbolic link into {}; --no-dereference (-P) replaces the link itself",
            self.directory.shown()
        ))
    }
}

/// Resolves TARGET. `follow` is false with `--no-dereference`. `parents` creates missing directories.
pub(crate) fn resolve(
    path: &Path,
    follow: bool,
    mut parents: Option<&mut Parents>,
    notices: &Notices,
) -> Result<ResolvedTarget> {
    let (parent, name) = split(path.as_os_str())?;
    let directory = Rc::new(open_parent(None, parent.as_os_str(), parents.as_deref_mut(), notices)?);
    follow_links(directory, name.to_owned(), follow, parents, notices)
}

/// Resolves `name` in a directory that is open.
pub(crate) fn resolve_in(
    directory: &Rc<Directory>,
    name: &OsStr,
    follow: bool,
    notices: &Notices,
) -> Result<ResolvedTarget> {
    follow_links(Rc::clone(directory), name.to_owned(), follow, None, notices)
}

fn follow_links(
    mut directory: Rc<Directory>,
    mut name: OsString,
    follow: bool,
    mut parents: Option<&mut Parents>,
    notices: &Notices,
) -> Result<ResolvedTarget> {
    let (mut links, mut is_behind_own_link) = (Vec::new(), false);
    for _ in 0..=MAX_LINKS {
        match directory.open_path(&name).context("stat")? {
            Some(link) if follow && link.kind() == FileType::Symlink => {
                may_follow(&directory, &link)?;
                if links.is_empty() {
                    is_behind_own_link = permissions::may_replace_link(&directory, &link.stat);
                }
                let text = read_link(&directory, &link, &name).context("read link")?;
                let (parent, last) = split(&text)?;
                if !parent.as_os_str().is_empty() {
                    let parents = parents.as_deref_mut();
                    directory = Rc::new(open_parent(Some(&directory), parent.as_os_str(), parents, notices)?);
                }
                last.clone_into(&mut name);
                links.push(link.stat);
            }
            existing => {
                return Ok(ResolvedTarget {
                    directory,
                    name,
                    existing,
                    links,
                    is_behind_own_link,
                    ctime_changed_by_us: Cell::new(false),
                    written_in_vain: Cell::new(false),
                    restored_from_copy: Cell::new(false),
                });
            }
        }
    }
    Err(failed("follow link", os_message(Errno::LOOP)))
}

/// Opens the directory at `path`. `parents` creates it if it is missing.
pub(crate) fn open_directory(path: &Path, parents: Option<&mut Parents>, notices: &Notices) -> Result<Rc<Directory>> {
    open_parent(None, path.as_os_str(), parents, notices).map(Rc::new)
}

/// Opens the directory `parent`, relative to `base` or to the working directory.
fn open_parent(
    base: Option<&Directory>,
    parent: &OsStr,
    parents: Option<&mut Parents>,
    notices: &Notices,
) -> Result<Directory> {
    let shown = base.map_or_else(|| PathBuf::from(parent), |base| base.join(parent));
    let opened = match base {
        Some(base) => Directory::open(base, parent, shown.clone(), notices),
        None => Directory::open(&platform::working_directory(), parent, shown.clone(), notices),
    };
    match (opened, parents) {
        // Component by component, even if the directories exist: one that was created here must not have been replaced
        // by a link.
        (Err(Errno::NOENT), Some(parents)) => parents.create(base, parent, &shown),
        (Ok(_), Some(parents)) if parents.has_created() => parents.create(base, parent, &shown),
        (opened, _) => opened.map_err(|errno| no_directory(errno, &shown)),
    }
}

/// Whether [`resolve`] failed because a directory of the path is missing.
pub(crate) fn is_missing_directory(error: &Error) -> bool {
    error.is::<MissingDirectory>()
}

/// Adds the hint to the error of [`resolve`] for a missing directory, if it can be created.
pub(crate) fn offer_parents(error: Error, notices: &Notices) -> Error {
    let is_possible = error.downcast_ref().is_some_and(|MissingDirectory(shown)| can_be_created(shown, notices));
    if is_possible { error.hint("--parents creates missing directories") } else { error }
}

/// Whether the first missing directory of the path can be created.
fn can_be_created(shown: &Path, notices: &Notices) -> bool {
    let mut missing = shown.components().as_path();
    loop {
        let (Some(parent), Some(name)) = (missing.parent(), missing.file_name()) else { return false };
        let above = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        match Directory::open(&platform::working_directory(), above.as_os_str(), above.to_owned(), notices) {
            Ok(directory) => {
                // A dangling link is in the way.
                return matches!(directory.lstat(name), Ok(None)) && permissions::may_create_in(&directory);
            }
            Err(Errno::NOENT) => missing = parent,
            Err(_) => return false,
        }
    }
}

/// Marks the error of a missing directory, with its path. As a context it prints nothing.
#[derive(Debug)]
struct MissingDirectory(PathBuf);

impl std::fmt::Display for MissingDirectory {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Ok(())
    }
}

fn no_directory(errno: Errno, shown: &Path) -> Error {
    let directory = Shown(if shown.as_os_str().is_empty() { OsStr::new(".") } else { shown.as_os_str() });
    let error = at("open directory", directory)(errno);
    if errno == Errno::NOENT { error.context(MissingDirectory(shown.to_owned())) } else { error }
}

/// Splits off the last component. Fails if the path can only be a directory.
pub(crate) fn split(path: &OsStr) -> Result<(PathBuf, &OsStr)> {
    let reject = |reason| Err(failed("replace", reason));
    let bytes = path.as_encoded_bytes();
    let last = bytes.rsplit(|&byte| is_separator(byte.into())).next().unwrap_or_default();
    match last {
        b"" if bytes.is_empty() => return reject("the name is empty"),
        b"" => return reject("ends in a slash, so it names a directory"),
        b"." => return reject("names a directory, the one that holds it (.)"),
        b".." => return reject("names a directory, the parent (..)"),
        _ => {}
    }
    let path = Path::new(path);
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => match platform::misleading_name(name) {
            // With a separator at its end, if it is not empty.
            None if parent.as_os_str().is_empty() => Ok((PathBuf::new(), name)),
            None => Ok((parent.join(""), name)),
            Some(reason) => Err(failed("replace", reason)),
        },
        // A drive.
        _ => reject("names no file"),
    }
}

fn read_link(directory: &Directory, link: &PathHandle, name: &OsStr) -> platform::Result<OsString> {
    platform::read_link(&*link.handle.get()?, directory, name)
}

/// Fails if the kernel would not follow this link as the last component.
fn may_follow(directory: &Directory, link: &PathHandle) -> Result<()> {
    match platform::forbidding_rule(directory, directory.filesystem(), &link.stat).context("stat")? {
        None => Ok(()),
        Some(rule @ LinkRule::Magic) => Err(failed("replace", rule).hint("name the file itself")),
        Some(rule) => Err(failed("follow link", rule)),
    }
}
