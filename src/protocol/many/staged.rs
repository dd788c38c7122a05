//! A file of a group, from the plan to its name.

use std::cell::{Cell, Ref};
use std::ffi::OsStr;

use crate::error::Result;
use crate::options::Sync;
use crate::platform::{self, BorrowedFd, OwnedFd};
use crate::protocol::commit::{Finished, Prepared};
use crate::protocol::old_content::OldContent;
use crate::protocol::request::{Outcome, Plan, Replacement, Target};
use crate::protocol::sealed::Sealed;
use crate::protocol::sync;

/// A file of a group that has been planned.
pub(super) struct Planned<'p> {
    pub(super) source: &'p OsStr,
    pub(super) plan: Plan<'p>,
    pub(super) target: Target,
    /// The old content, if a step reads it, until the file is staged.
    pub(super) old: Cell<Option<OldContent>>,
}

/// A file of a group whose content is complete, with what is to be done next.
pub(super) struct Staged<'p, Next> {
    pub(super) file: &'p Planned<'p>,
    /// Its place in the list.
    pub(super) index: usize,
    pub(super) job: Replacement<'p>,
    pub(super) outcome: Outcome,
    /// Warnings so far.
    pub(super) warnings: Vec<String>,
    pub(super) next: Next,
}

/// What is to be done before any file of the group gets its name.
pub(super) enum BeforeSync {
    /// The sync, with the group.
    Sync(Prepared),
    /// Nothing, or at most the sync of an old content.
    NoSync(AfterSync),
}

/// What is to be done after the sync of the group.
pub(super) enum AfterSync {
    /// Nothing: with `--if-changed`, the content is the same; perhaps with a warning.
    Unchanged(Option<String>),
    /// It gets its name.
    Name(Finished),
    /// TARGET is overwritten with it.
    Overwrite(Sealed),
    /// Nothing: `--dry-run`.
    DryRun,
}

impl<'p> Staged<'p, BeforeSync> {
    /// The content that is synced with the group.
    pub(super) fn new_content(&self) -> Option<BorrowedFd<'_>> {
        match &self.next {
            BeforeSync::Sync(prepared) => prepared.file().ok(),
            BeforeSync::NoSync(_) => None,
        }
    }

    /// How much of it there is, in bytes.
    pub(super) fn bytes_to_sync(&self) -> u64 {
        match &self.next {
            BeforeSync::Sync(_) => self.outcome.received + self.outcome.appended_to.unwrap_or(0),
            BeforeSync::NoSync(_) => 0,
        }
    }

    /// The old content, which stays.
    pub(super) fn unchanged_content(&self) -> Option<Ref<'_, OwnedFd>> {
        match self.next {
            BeforeSync::NoSync(AfterSync::Unchanged(_)) => self.job.old.as_ref().and_then(|old| old.file.get().ok()),
            _ => None,
        }
    }

    /// It was synced with the group, with this result.
    pub(super) fn synced(self, result: platform::Result<()>) -> Result<Staged<'p, AfterSync>> {
        let failed = |errno| match &self.next {
            BeforeSync::Sync(_) => sync::with_hint(self.job.target.directory.staging_error("sync", errno)),
            BeforeSync::NoSync(_) => sync::of_file(errno),
        };
        result.map_err(failed)?;
        self.then(Prepared::synced)
    }

    /// It is synced by itself, or not at all.
    pub(super) fn sync_alone(self, how: Sync) -> Result<Staged<'p, AfterSync>> {
        self.then(|prepared| prepared.sync(how))
    }

    fn then(self, sync: impl FnOnce(Prepared) -> Result<Finished>) -> Result<Staged<'p, AfterSync>> {
        let Staged { file, index, job, outcome, warnings, next } = self;
        let next = match next {
            BeforeSync::Sync(prepared) => AfterSync::Name(sync(prepared)?),
            BeforeSync::NoSync(next) => next,
        };
        Ok(Staged { file, index, job, outcome, warnings, next })
    }
}
