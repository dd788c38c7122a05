//! What can be found out before anything is made.

use std::ffi::OsStr;

use super::OldTree;
use crate::error::{Context, ErrorExt, Result, failed};
use crate::notices::Notices;
use crate::platform::{self, Errno, working_directory};
use crate::protocol::directory::{Directory, Entry};
use crate::protocol::private_directory::PrivateDirectory;
use crate::protocol::random_name::with_free_name;
use crate::protocol::rename::{self, Fallback};
use crate::protocol::request::Replacement;
use crate::protocol::tree;
use crate::quote::Shown;

const STEP: &str = "replace";

/// Fails if TARGET is a directory that must not be moved away.
pub(super) fn check(job: &Replacement<'_>, old: Option<&OldTree>) -> Result<()> {
    let Some(old) = old else { return Ok(()) };
    let beside = job.target.directory.stat().context(STEP)?;
    if !old.stat.is_on_same_device(&beside) {
        return Err(failed(
            STEP,
            "is a file system or a subvolume of its own, which exchanges its name with no directory",
        ));
    }
    let here = Directory::open(&working_directory(), OsStr::new("."), ".".into(), job.notices);
    // It may have been removed.
    if here.is_ok_and(|here| holds(&old.directory, here).unwrap_or(false)) {
        return Err(failed(STEP, "holds the working directory, which would be removed with the old tree")
            .hint("run the command in another directory"));
    }
    if let Some(path) = tree::first_mount_point(&old.directory, job.signals)? {
        return Err(failed(STEP, format_args!("{} is a mount point in it", Shown(path.as_os_str()))));
    }
    Ok(())
}

/// Fails if SOURCE would be copied into itself, or be removed with the old tree.
pub(super) fn check_source(job: &Replacement<'_>, source: &Directory, old: Option<&OldTree>) -> Result<()> {
    let beside = job.target.directory.reopen(job.target.directory.path().to_owned()).context(STEP)?;
    if holds(source, beside).context(STEP)? {
        return Err(failed(STEP, "is in SOURCE, which would be copied into itself"));
    }
    if let Some(old) = old
        && !source.stat().context(STEP)?.is_same_file(&old.stat)
        && holds(&old.directory, source.reopen(source.path().to_owned()).context(STEP)?).context(STEP)?
    {
        return Err(failed(STEP, "SOURCE is in TARGET, and would be removed with the old tree"));
    }
    Ok(())
}

/// Whether `directory` is `inner` or a directory above it.
fn holds(directory: &Directory, inner: Directory) -> platform::Result<bool> {
    let wanted = directory.stat()?;
    let mut here = inner;
    let mut stat = here.stat()?;
    loop {
        if stat.is_same_file(&wanted) {
            return Ok(true);
        }
        let above = match here.enter(OsStr::new(".."), true) {
            Ok(above) => above,
            // A directory above may not be searched, so it is not one that could be replaced. Or this one has been removed.
            Err(Errno::ACCESS | Errno::NOENT) => return Ok(false),
            Err(errno) => return Err(errno),
        };
        let next = above.stat()?;
        if next.is_same_file(&stat) {
            return Ok(false);
        }
        (here, stat) = (above, next);
    }
}

/// Tries the kind of rename that the commit needs between two names in the private directory.
pub(super) fn check_renames(job: &Replacement<'_>, private: &PrivateDirectory) -> Result<()> {
    let (one, other) = (Trial::make(private)?, Trial::make(private)?);
    if job.target.existing.is_some() {
        let exchanged = platform::exchange_once(private.directory(), &*one.name, private.directory(), &*other.name);
        return exchanged.map_err(|errno| {
            failed(STEP, format_args!("its file system cannot exchange two names: {}", platform::os_message(errno)))
        });
    }
    if job.options.no_clobber {
        // Only a free name tells: a link to one that is taken fails as a rename does, and no directory can have a link.
        platform::remove_directory(private.directory(), &*other.name).context(STEP)?;
        if rename::to_free_name(one.entry(), other.entry(), Fallback::Link, Err).is_err() {
            return Err(failed("no-clobber", "this file system cannot rename a directory without replacing another"));
        }
    }
    Ok(())
}

/// A directory that is removed again.
struct Trial<'a> {
    private: &'a PrivateDirectory,
    name: std::ffi::OsString,
}

impl<'a> Trial<'a> {
    fn make(private: &'a PrivateDirectory) -> Result<Self> {
        let made = with_free_name(|name| platform::make_directory(private.directory(), name, 0o700));
        let (name, ()) = made.context(STEP)?;
        Ok(Trial { private, name })
    }

    fn entry(&self) -> Entry<'_> {
        self.private.entry(&self.name)
    }
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        // What stays is removed with the private directory.
        let _ = platform::remove_directory(self.private.directory(), &*self.name);
    }
}

/// SOURCE, which must be a directory.
pub(super) fn open_source(path: &std::path::Path, notices: &Notices) -> Result<Directory> {
    let cannot = |errno| crate::error::at("open", Shown(path.as_os_str()))(errno);
    Directory::open(&working_directory(), path.as_os_str(), path.to_owned(), notices).map_err(cannot)
}
