//! What is to be replaced, how, and what came of it.

use std::cell::OnceCell;
use std::path::Path;

use rustix::fs::FileType;

use super::backup::Backups;
use super::directory::PathHandle;
use super::elsewhere::SpillDirectory;
use super::lock::TargetLock;
use super::metadata;
use super::old::OldContent;
use super::preflight::Strategy;
use super::resolve::ResolvedTarget;
use super::sealed::KeepOpen;
use super::stage::CreateOptions;
use crate::guard::Guards;
use crate::policy::Policy;
use crate::signals::Signals;

/// A replacement, decided and not begun.
pub(crate) struct Replacement<'a> {
    pub(crate) path: &'a Path,
    pub(crate) policy: &'a Policy,
    pub(crate) guards: &'a Guards,
    pub(crate) signals: &'a Signals,
    pub(crate) target: &'a ResolvedTarget,
    pub(crate) strategy: Strategy,
    pub(crate) lock: Option<TargetLock>,
    pub(crate) backups: Option<Backups>,
    /// The old content, where it is read.
    pub(crate) old: Option<OldContent>,
    /// Whether TARGET must still be what was read when it is replaced.
    pub(crate) unchanged: bool,
    /// The permission bits of a SOURCE that is a regular file.
    pub(crate) source_mode: Option<u32>,
    /// Where the staging file is, once it had to be in another directory.
    pub(crate) elsewhere: OnceCell<SpillDirectory>,
}

impl<'a> Replacement<'a> {
    /// The regular file that is replaced, whose metadata the new one takes.
    pub(super) fn replaced(&self) -> Option<&'a PathHandle> {
        self.target.existing.as_ref().filter(|old| old.kind() == FileType::RegularFile)
    }

    /// How the staging file is created: never wider than the finished file.
    pub(super) fn create_options(&self) -> CreateOptions {
        let old = self.replaced();
        let narrow = old.is_some() || self.policy.mode.is_some();
        CreateOptions {
            mode: if narrow { 0o600 } else { self.source_mode.unwrap_or(0o666) },
            private: self.guards.validate.is_some(),
            named: old.is_some_and(metadata::owner_locks_out),
            wanted: self.policy.mode,
        }
    }

    /// What must stay open on the staged file.
    pub(super) fn keep_open(&self) -> KeepOpen {
        if self.elsewhere.get().is_some() {
            KeepOpen::Yes
        } else if self.lock.is_some() {
            KeepOpen::Locked
        } else if self.target.directory.readable() {
            KeepOpen::No
        } else {
            KeepOpen::Yes
        }
    }
}

/// What was done.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) change: Change,
    /// The size of the input, in bytes.
    pub(crate) received: u64,
    /// What could not be kept, and the like.
    pub(crate) warnings: Vec<String>,
    /// What could not be removed.
    pub(crate) leftovers: Vec<String>,
}

/// What became of TARGET.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Change {
    Created,
    Replaced,
    Overwritten,
    Unchanged,
}
