//! `--validate`: a command reads the content; it must accept it and must not change it.
//!
//! Many validators judge by the extension, resolve the path, or run as a child of another program. For them the staged file
//! gets a real path: TARGET's own name in a private directory. It keeps that name until the commit, because an unnamed file
//! that has lost its first name cannot be linked again.

use std::rc::Rc;

use super::private_directory::PrivateDirectory;
use super::request::Replacement;
use super::sealed::Sealed;
use super::staging::Stage;
use super::{fill, sync};
use crate::error::{Context, Result, refused_by_guard};
use crate::input;
use crate::options::Sync;
use crate::platform::{self, AsFd, BorrowedFd, Stat, Time, is_metadata_refusal};

const STEP: &str = "validate";

/// Finds out before the input is read whether there can be a private directory.
pub(super) fn check(job: &Replacement<'_>) -> Result<()> {
    if job.plan.guards.validate.is_empty() || job.must_overwrite() {
        return Ok(());
    }
    PrivateDirectory::create(&job.target.directory, job.signals, job.notices).map(drop)
}

/// Runs the command. The staged file has mode 0600. It is synced first, because writeback errors are reported on the
/// descriptor that wrote. That descriptor is then closed, because the command may execute the file.
pub(super) fn validate(job: &Replacement<'_>, mut sealed: Sealed) -> Result<Sealed> {
    if job.plan.guards.validate.is_empty() {
        return Ok(sealed);
    }
    if job.options.sync != Sync::None {
        sync::file(sealed.file()?)?;
    }
    let private;
    (sealed, private) = in_private_directory(job, sealed)?;
    let file = sealed.reader()?;
    // Set a marker time first. Timestamps are coarse, so a change could keep a recent time, but it cannot keep the
    // marker.
    set_times(file, Time::Mark)?;
    let before = Stat::of(file).context(STEP)?;
    let path = private.path_of(&job.target.name);
    for script in &job.plan.guards.validate {
        let content = sealed.open_by_name().context(STEP)?;
        input::validate(script, content.as_fd(), &path, job.plan.path, job.signals)?;
        private.warn_of_others(&job.target.name, "what the validator left beside the file");
        let after = Stat::of(sealed.file()?).context(STEP)?;
        let now = private.entry(&job.target.name).lstat().context(STEP)?;
        let is_same = now.is_some_and(|now| now.is_same_file(&before));
        if (before.size, before.mtime) != (after.size, after.mtime) || !is_same {
            return Err(refused_by_guard(STEP, "the command changed the content that it was to look at"));
        }
    }
    set_times(sealed.file()?, Time::Now)?;
    Ok(sealed)
}

/// Gives the staged file TARGET's name in a private directory, unless it has that already.
fn in_private_directory(job: &Replacement<'_>, sealed: Sealed) -> Result<(Sealed, Rc<PrivateDirectory>)> {
    if let Some(private) = sealed.private().cloned() {
        return Ok((sealed, private));
    }
    let private = PrivateDirectory::create(sealed.directory(), job.signals, job.notices)?;
    let sealed = match sealed.move_to(&private, &job.target.name)? {
        Ok(moved) => moved,
        // Some sandboxes let no file be linked from one directory to another.
        Err(sealed) => {
            let stage = Stage::open_as(&private, &job.target.name, job.create_options().mode)?;
            fill::copy_staged(job, &sealed, stage, job.keep_open())?
        }
    };
    Ok((sealed, private))
}

/// Some file systems do not let times be set.
fn set_times(file: BorrowedFd<'_>, time: Time) -> Result<()> {
    match platform::set_times(file, time) {
        Err(errno) if is_metadata_refusal(errno) => Ok(()),
        set => set.context(STEP),
    }
}
