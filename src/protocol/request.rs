//! The plan, the state that its steps share, and the outcome.

use std::cell::OnceCell;
use std::path::Path;

use super::backup_name::BackupName;
use super::directory::PathHandle;
use super::lock::{self, TargetLock};
use super::old_content::OldContent;
use super::preflight::{self, Strategy};
use super::requested_mode;
use super::resolve::ResolvedTarget;
use super::run::Run;
use super::sealed::KeepOpen;
use super::spill::SpillDirectories;
use super::staging::{CreateOptions, RequestedMode};
use crate::digest::Digest;
use crate::error::{Context, Result, failed};
use crate::guard::Guards;
use crate::input::{Input, Origin};
use crate::mode::Mode;
use crate::notices::Notices;
use crate::options::Options;
use crate::platform::{FileType, Signals, Stat, owner_change_prevents_link};
use crate::progress::Progress;

/// The plan: TARGET is resolved, and every predictable failure has been reported. Nothing is written, and no command
/// runs.
pub(crate) struct Plan<'a> {
    /// TARGET as given on the command line.
    pub(crate) path: &'a Path,
    pub(crate) options: &'a Options,
    pub(crate) guards: Guards,
    pub(crate) origin: Origin<'a>,
    /// The digest that TARGET's content must have.
    pub(crate) if_match: Option<&'a Digest>,
    pub(crate) lock: Option<LockOptions>,
    /// Whether to create missing directories.
    pub(crate) parents: bool,
    /// Where TARGET leads, and how it can be replaced. `None` if its directory is to be created first.
    pub(crate) target: Option<Target>,
}

impl Plan<'_> {
    /// Whether the new content depends on the old one. TARGET must then be in the state that was read when it is
    /// replaced.
    pub(super) fn depends_on_old(&self) -> bool {
        self.origin.edits() || self.if_match.is_some()
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct LockOptions {
    /// How long to wait for another writer, in seconds; `None` is no limit.
    pub(crate) timeout: Option<f64>,
    /// Whether it is an error if the file system has no lock.
    pub(crate) is_required: bool,
}

/// TARGET, resolved, and the result of the preflight checks.
#[derive(Debug)]
pub(crate) struct Target {
    pub(super) resolved: ResolvedTarget,
    strategy: Strategy,
    /// Set even if TARGET does not exist: it may appear before the commit.
    backup: Option<BackupName>,
    /// With `--lock`, once it is held.
    pub(super) lock: Option<TargetLock>,
}

impl Target {
    /// Fails if the replacement is known to be impossible.
    pub(crate) fn check(resolved: ResolvedTarget, options: &Options) -> Result<Target> {
        let mut target = Target { resolved, strategy: Strategy::Rename, backup: None, lock: None };
        target.check_again(options)?;
        Ok(target)
    }

    /// The same for what TARGET has become.
    pub(super) fn check_again(&mut self, options: &Options) -> Result<()> {
        self.strategy = preflight::check(&self.resolved, self.resolved.existing.as_ref(), options)?;
        let plan = |backup| BackupName::plan(&self.resolved, backup, options.tree);
        self.backup = options.backup.as_ref().map(plan).transpose()?;
        Ok(())
    }
}

/// A replacement in progress: the state that its steps share.
pub(crate) struct Replacement<'a> {
    pub(super) plan: &'a Plan<'a>,
    pub(super) options: &'a Options,
    pub(super) signals: &'a Signals,
    pub(super) notices: &'a Notices,
    pub(super) progress: &'a Progress,
    pub(super) target: &'a ResolvedTarget,
    pub(super) strategy: &'a Strategy,
    pub(super) backup: Option<&'a BackupName>,
    pub(super) is_locked: bool,
    /// The old content, if a step reads it.
    pub(super) old: Option<OldContent>,
    /// The permission bits of a SOURCE that is a regular file.
    pub(super) source_mode: Option<u32>,
    /// With `--preserve-timestamps`, the state of SOURCE, whose times TARGET gets.
    pub(super) times: Option<Stat>,
    /// Directories for the staging file, if TARGET is overwritten and not renamed over.
    pub(super) spill: OnceCell<SpillDirectories>,
}

impl<'a> Replacement<'a> {
    pub(super) fn new(plan: &'a Plan<'a>, target: &'a Target, old: Option<OldContent>, run: Run<'a>) -> Self {
        Replacement {
            plan,
            options: plan.options,
            signals: run.signals,
            notices: run.notices,
            progress: run.progress,
            target: &target.resolved,
            strategy: &target.strategy,
            backup: target.backup.as_ref(),
            is_locked: target.lock.is_some(),
            old,
            source_mode: None,
            times: None,
            spill: OnceCell::new(),
        }
    }

    /// The regular file that is replaced, and whose metadata is kept.
    pub(super) fn old_file(&self) -> Option<&'a PathHandle> {
        self.target.existing.as_ref().filter(|old| old.kind() == FileType::RegularFile)
    }

    /// How the staging file is created: never with more access than the finished file.
    pub(super) fn create_options(&self) -> CreateOptions<'a> {
        let old = self.old_file();
        // The mode that a command gave its file is known, but a copy of it gets that at the end.
        let is_symbolic = self.options.mode.as_ref().is_some_and(Mode::is_symbolic);
        let sets_mode = self.options.mode.is_some() && !is_symbolic;
        let owners = self.options.owners;
        let final_owner = owners.user.or(old.map(|old| old.stat.uid));
        let narrow = old.is_some() || sets_mode || self.plan.origin.is_by_name();
        CreateOptions {
            mode: if narrow { 0o600 } else { self.source_mode.unwrap_or(0o666) },
            // A symbolic mode is applied to what the file would have, and that is granted to whom it will belong.
            private: !self.plan.guards.validate.is_empty() || (is_symbolic || owners.are_requested()) && old.is_none(),
            named: final_owner.is_some_and(owner_change_prevents_link),
            owners,
            requested_mode: match (&self.options.mode, old) {
                (_, Some(old)) => requested_mode::of_old(self.options, &old.stat).map(RequestedMode::Bits),
                (Some(Mode::Octal(mode)), None) => Some(RequestedMode::Bits(*mode)),
                // The command will give it another one.
                (Some(_), None) if self.plan.origin.is_by_name() => None,
                (Some(mode), None) => Some(RequestedMode::OfCreated(mode)),
                (None, None) => None,
            },
        }
    }

    /// Takes from the input, which is open, what TARGET gets from it beside the content.
    pub(super) fn take_metadata(&mut self, input: &dyn Input) -> Result<()> {
        self.source_mode = input.mode();
        if self.options.preserve_timestamps {
            let not_regular = || failed("preserve timestamps", "SOURCE is not a regular file");
            self.times = Some(*input.source().ok_or_else(not_regular)?);
        }
        Ok(())
    }

    /// Whether a command edits an empty TARGET.
    pub(super) fn edits_nothing(&self) -> bool {
        self.plan.origin.edits() && self.old.as_ref().is_none_or(|old| old.stat.size == 0)
    }

    /// From here until the exit, or until they are released, signals stay pending. A signal that arrived earlier prevents the
    /// last step.
    pub(super) fn hold_signals(&self) -> Result<()> {
        self.signals.hold().context("signals")?;
        Ok(self.signals.check()?)
    }

    /// What the commit would be, as far as is known.
    pub(super) fn expected_change(&self) -> Change {
        match &self.target.existing {
            Some(_) if self.must_overwrite() => Change::Overwritten,
            Some(_) => Change::Replaced,
            None => Change::Created,
        }
    }

    /// The size of the old content that `--append` keeps.
    pub(super) fn appended_to(&self) -> Option<u64> {
        self.old.as_ref().filter(|_| self.options.append).map(|old| old.stat.size)
    }

    /// Whether the staged file is a copy that TARGET is overwritten with, because no rename is possible or wanted.
    pub(super) fn must_overwrite(&self) -> bool {
        self.spill.get().is_some()
    }

    /// Which descriptor must stay open on the staged file.
    pub(super) fn keep_open(&self) -> KeepOpen {
        if self.must_overwrite() {
            KeepOpen::Reader
        } else if self.is_locked && lock::locks_files(&self.target.directory) {
            KeepOpen::LockedReader
        } else if self.target.directory.readable() {
            KeepOpen::Nothing
        } else {
            KeepOpen::Reader
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    pub(crate) change: Change,
    /// The size of the input, in bytes.
    pub(crate) received: u64,
    /// The size of the old content, if the input was appended to it.
    pub(crate) appended_to: Option<u64>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Change {
    Created,
    Replaced,
    Overwritten,
    Unchanged,
}
