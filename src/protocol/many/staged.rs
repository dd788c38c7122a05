//! A file of a group, from the plan to its name.

use std::cell::Ref;

use crate::error::Result;
use crate::options::Sync;
use crate::platform::{self, OwnedFd};
use crate::protocol::commit::{Finished, Prepared};
use crate::protocol::request::{Outcome, Plan, Replacement, Target};
use crate::protocol::sealed::Sealed;
use crate::protocol::sync;

/// A file of a group that has been planned.
pub(super) struct Planned<'p> {
    pub(super) plan: Plan<'p>,
    pub(super) target: Target,
}

/// A file of a group whose content is complete.
pub(super) struct Staged<'p> {
    /// Its place in the group.
    pub(super) at: usize,
    pub(super) job: Replacement<'p>,
    pub(super) outcome: Outcome,
    /// Warnings so far.
    pub(super) warnings: Vec<String>,
    pub(super) state: State,
}

pub(super) enum State {
    /// `--if-changed`, and the content is the same; perhaps with a warning.
    Same(Option<String>),
    /// To be synced with the group.
    Prepared(Prepared),
    /// Synced.
    Finished(Finished),
    /// TARGET is to be overwritten with it.
    Overwrite(Sealed),
    /// `--dry-run`.
    Rehearsed,
}

impl Staged<'_> {
    /// The old content, which stays.
    pub(super) fn same_content(&self) -> Option<Ref<'_, OwnedFd>> {
        match self.state {
            State::Same(_) => self.job.old.as_ref().and_then(|old| old.file.get().ok()),
            _ => None,
        }
    }

    /// What has become of it in the sync of the group.
    pub(super) fn synced(mut self, result: platform::Result<()>) -> Result<Self> {
        let failed = |errno| sync::with_hint(self.job.target.directory.staging_error("sync", errno));
        result.map_err(failed)?;
        self.state = match self.state {
            State::Prepared(prepared) => State::Finished(prepared.synced()?),
            other => other,
        };
        Ok(self)
    }

    pub(super) fn without_sync(mut self, how: Sync) -> Result<Self> {
        self.state = match self.state {
            State::Prepared(prepared) => State::Finished(prepared.sync(how)?),
            other => other,
        };
        Ok(self)
    }
}
