//! Where the staging file is created: beside TARGET, or elsewhere for an overwrite in place.

use super::overwrite;
use super::preflight::{self, Strategy};
use super::request::Replacement;
use super::staging::Stage;
use crate::error::{ErrorExt, Result};

/// Creates the staging file beside TARGET, or elsewhere if TARGET is to be overwritten.
pub(super) fn create_stage(job: &Replacement<'_>) -> Result<Stage> {
    beside_or_elsewhere(job, || stage_beside(job), |reason| overwrite::stage(job, reason))
}

/// What `beside` creates beside TARGET. If an overwrite is requested, or no rename is possible, for the reason that
/// `elsewhere` gets, and an overwrite is allowed, what that creates.
pub(super) fn beside_or_elsewhere<T>(
    job: &Replacement<'_>,
    beside: impl FnOnce() -> Result<T>,
    elsewhere: impl FnOnce(Option<String>) -> Result<T>,
) -> Result<T> {
    if let Strategy::Overwrite(reason) = job.strategy {
        return elsewhere(reason.clone());
    }
    match beside() {
        Err(error) if error.is_refused_by_system() => {
            if preflight::may_overwrite(job.target, job.target.existing.as_ref(), job.options)? {
                elsewhere(Some(error.step_and_reason().1))
            } else {
                Err(preflight::offer_overwrite(error, job.target, job.target.existing.as_ref(), job.options))
            }
        }
        created => created,
    }
}

fn stage_beside(job: &Replacement<'_>) -> Result<Stage> {
    let mut stage = Stage::open(&job.target.directory, job.create_options(), job.signals)?;
    if job.options.no_clobber {
        stage.check_can_create()?;
    }
    Ok(stage)
}
