//! `--validate`: a command reads the content; it must accept it and must not change it.

use super::request::Replacement;
use super::sealed::Sealed;
use super::sync;
use crate::error::{Context, Result, refused_by_guard};
use crate::input;
use crate::options::Sync;
use crate::platform::{self, AsFd, BorrowedFd, Stat, Time, is_metadata_refusal};

const STEP: &str = "validate";

/// Runs the command. The staged file has mode 0600. It is synced first, because writeback errors are reported on the
/// descriptor that wrote. That descriptor is then closed, because the command may execute the file.
pub(super) fn validate(job: &Replacement<'_>, sealed: &mut Sealed) -> Result<()> {
    let Some(script) = &job.plan.guards.validate else { return Ok(()) };
    if job.options.sync != Sync::None {
        sync::file(sealed.file()?)?;
    }
    let file = sealed.reader()?;
    // Set a marker time first. Timestamps are coarse, so a change could keep a recent time, but it cannot keep the
    // marker.
    set_times(file, Time::Mark)?;
    let before = Stat::of(file).context(STEP)?;
    let (content, path) = sealed.shown_to_others()?;
    input::validate(script, content.as_fd(), &path, job.plan.path, job.signals)?;
    let file = sealed.file()?;
    let after = Stat::of(file).context(STEP)?;
    if (before.size, before.mtime) != (after.size, after.mtime) {
        return Err(refused_by_guard(STEP, "the command changed the content that it was to look at"));
    }
    set_times(file, Time::Now)
}

/// Some file systems do not let times be set.
fn set_times(file: BorrowedFd<'_>, time: Time) -> Result<()> {
    match platform::set_times(file, time) {
        Err(errno) if is_metadata_refusal(errno) => Ok(()),
        set => set.context(STEP),
    }
}
