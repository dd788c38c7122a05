//! Filling the staging file: the old content if it is kept, then the whole input. Then the guards check it.

use super::compare::{self, Comparison};
use super::copy::{self, FileReader, OLD_CONTENT};
use super::directory::PathHandle;
use super::metadata::Metadata;
use super::old_content::OldContent;
use super::request::Replacement;
use super::requested_mode;
use super::sealed::{KeepOpen, Sealed};
use super::staging::Stage;
use super::writer::StagingWriter;
use crate::digest::{Digest, Hasher};
use crate::error::{Context, Result, failed};
use crate::input::Input;
use crate::options::Sync;
use crate::platform::{self, AsFd, Stat};
use crate::progress::LONG;

/// The result of [`fill`].
pub(super) struct Filled {
    /// `None` if TARGET already has this content.
    pub(super) stage: Option<Stage>,
    /// The size of the input, in bytes.
    pub(super) received: u64,
    /// A warning about a TARGET that is left alone.
    pub(super) warning: Option<String>,
}

/// Reads the whole input into the staging file and checks the guards. `create_staging` creates a staging file that has
/// to wait for the first difference.
pub(super) fn fill(
    job: &Replacement<'_>,
    stage: Option<Stage>,
    input: &mut dyn Input,
    create_staging: impl FnOnce() -> Result<Stage>,
) -> Result<Filled> {
    job.signals.restore_pipe().context("signals")?;
    input.begin()?;
    if let Some((stat, start)) = input.regular() {
        job.progress.expect(stat.size.saturating_sub(start));
    }
    let mut hasher = job.plan.guards.checksum.as_ref().map(Digest::hasher);
    let filled = match (stage, &job.old) {
        (Some(stage), old) => {
            let mut sink = sink(job, &stage);
            if let (true, Some(old)) = (job.options.append, old) {
                copy_old(job, old, old.stat.size, &mut sink)?;
            }
            sink.count_for(job.progress);
            let received = copy_input(input, 0, &mut sink, hasher.as_mut())?;
            Filled { stage: Some(stage), received, warning: None }
        }
        (None, Some(old)) => fill_from_difference(job, old, input, hasher.as_mut(), create_staging)?,
        (None, None) => return Err(failed("compare", "there is nothing to compare with")),
    };
    input.finish()?;
    job.plan.guards.received(filled.received, hasher, job.edits_nothing())?;
    Ok(filled)
}

/// `--if-changed`: compares, and creates the staging file at the first difference.
fn fill_from_difference(
    job: &Replacement<'_>,
    old: &OldContent,
    input: &mut dyn Input,
    mut hasher: Option<&mut Hasher>,
    create_staging: impl FnOnce() -> Result<Stage>,
) -> Result<Filled> {
    let (common, next) = match compare_with_old(job, old, input, hasher.as_deref_mut())? {
        Comparison::Same(received) => return fill_unchanged(job, old, received, create_staging),
        Comparison::Differs { common, next } => (common, next),
    };
    let stage = create_staging()?;
    let mut sink = sink(job, &stage);
    if common > 0 {
        copy_old(job, old, common, &mut sink)?;
    }
    sink.count_for(job.progress);
    sink.write_all(&next)?;
    if let Some(hasher) = hasher.as_deref_mut() {
        hasher.update(&next);
    }
    let before = if job.options.append { 0 } else { common } + next.len() as u64;
    let received = before + copy_input(input, before, &mut sink, hasher)?;
    Ok(Filled { stage: Some(stage), received, warning: None })
}

fn compare_with_old(
    job: &Replacement<'_>,
    old: &OldContent,
    input: &mut dyn Input,
    hasher: Option<&mut Hasher>,
) -> Result<Comparison> {
    if job.options.append {
        // Appending an empty input changes nothing; any other input does.
        let mut next = Vec::with_capacity(copy::BUFFER);
        copy::read(input, &mut next)?;
        let common = old.stat.size;
        return Ok(if next.is_empty() { Comparison::Same(0) } else { Comparison::Differs { common, next } });
    }
    let file = old.file.get().context("read")?;
    let reader = FileReader { file: file.as_fd(), name: OLD_CONTENT, signals: Some(job.signals) };
    compare::compare(input, &reader, old.stat.size, hasher, Some(job.progress))
}

/// Whether TARGET, which has the new content already, can be left alone: nothing was requested that it has not, and no other
/// writer has replaced the file that was compared.
pub(super) fn may_stay(job: &Replacement<'_>, old: &OldContent) -> Result<bool> {
    let (change, same_file) = after_comparison(job, old)?;
    Ok(change.is_none() && same_file)
}

/// What is requested and TARGET does not have, and whether it is still the file that was compared.
fn after_comparison<'a>(job: &Replacement<'a>, old: &OldContent) -> Result<(Option<RequestedChange<'a>>, bool)> {
    old.ensure_unchanged(job.signals)?;
    let change = job.old_file().map_or(Ok(None), |old| requested_change(job, old))?;
    Ok((change, still_linked(job, old)?))
}

/// What is requested and TARGET does not have.
pub(super) struct RequestedChange<'a> {
    mode: Option<u32>,
    owners: bool,
    old: &'a PathHandle,
}

/// Whether something is requested that TARGET, which is `old`, does not have.
pub(super) fn requested_change<'a>(job: &Replacement<'_>, old: &'a PathHandle) -> Result<Option<RequestedChange<'a>>> {
    if job.options.mode.is_none() && !job.options.owners.are_requested() {
        return Ok(None);
    }
    let metadata = Metadata::of(old, job.target)?;
    let mode = requested_mode::of_metadata(job.options, &metadata).filter(|mode| metadata.differs_from(*mode));
    let owners = !metadata.belongs_to(job.options.owners);
    Ok((mode.is_some() || owners).then_some(RequestedChange { mode, owners, old }))
}

/// The new content equals the old content; `received` bytes were input. A file is staged only if TARGET cannot be left
/// alone.
fn fill_unchanged(
    job: &Replacement<'_>,
    old: &OldContent,
    received: u64,
    create_staging: impl FnOnce() -> Result<Stage>,
) -> Result<Filled> {
    let (change, same_file) = after_comparison(job, old)?;
    if change.is_none() && same_file {
        return Ok(Filled { stage: None, received, warning: None });
    }
    let stage = create_staging()?;
    if let (Some(RequestedChange { mode: Some(mode), owners: false, old }), true) = (change, same_file)
        && !platform::is_mode_met(mode, old.stat.bits())
        && stage.mode_after(mode)? == old.stat.bits()
    {
        // The file system determines the mode, so staging would not change it.
        let warning = Some(format!("cannot set mode {mode:04o} (it is {:04o})", old.stat.bits()));
        return Ok(Filled { stage: None, received, warning });
    }
    copy_old(job, old, old.stat.size, &mut sink(job, &stage))?;
    Ok(Filled { stage: Some(stage), received, warning: None })
}

fn sink<'a>(job: &Replacement<'_>, stage: &'a Stage) -> StagingWriter<'a> {
    StagingWriter::new(stage.writer(), stage.directory(), job.options.sync != Sync::None)
}

/// Copies the rest of the input, of which `done` bytes have been read.
fn copy_input(
    input: &mut dyn Input,
    done: u64,
    sink: &mut StagingWriter<'_>,
    hasher: Option<&mut Hasher>,
) -> Result<u64> {
    match input.regular().map(|(stat, start)| (*stat, start)) {
        Some((stat, start)) => copy::file(input, &stat, start + done, sink, hasher),
        None => copy::stream(input, sink, hasher),
    }
}

/// Copies the first `length` bytes of the old content, which must not have changed since it was opened.
fn copy_old(job: &Replacement<'_>, old: &OldContent, length: u64, sink: &mut StagingWriter<'_>) -> Result<()> {
    if length >= LONG {
        job.signals.watch_requests();
    }
    let file = old.file.get().context("read")?;
    let mut reader = FileReader { file: file.as_fd(), name: OLD_CONTENT, signals: Some(job.signals) };
    copy::copy_prefix(&mut reader, &old.stat, length, sink)?;
    old.ensure_unchanged(job.signals)
}

/// Whether TARGET is still the file that was compared. If another writer has replaced or removed it, this writer is the
/// last one, and TARGET must get its content.
fn still_linked(job: &Replacement<'_>, old: &OldContent) -> Result<bool> {
    let now = job.target.directory.lstat(&job.target.name).context("stat")?;
    Ok(now.is_some_and(|now| now.is_same_file(&old.stat)))
}

/// Fills `stage` with the content that is already staged.
pub(super) fn copy_staged(job: &Replacement<'_>, sealed: &Sealed, stage: Stage, keep_open: KeepOpen) -> Result<Sealed> {
    copy_content(job, sealed, stage)?.seal(keep_open)
}

/// The same, and it can still be written.
pub(super) fn copy_content(job: &Replacement<'_>, sealed: &Sealed, stage: Stage) -> Result<Stage> {
    let from = sealed.file()?;
    let stat = Stat::of(from).context("copy")?;
    let mut reader = FileReader { file: from, name: OLD_CONTENT, signals: Some(job.signals) };
    copy::copy_prefix(&mut reader, &stat, stat.size, &mut sink(job, &stage))?;
    Ok(stage)
}
