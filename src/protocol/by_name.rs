//! `-I`: a command writes the content by name, in a private directory.
//!
//! The path that the command is given ends in the final file's own name, for programs that judge by the extension. The
//! command may unlink it, rename over it, and write other files beside it. After it has exited with status 0, what the
//! name leads to decides: only a regular file is the content. It is not copied: the file itself becomes TARGET.

use std::rc::Rc;

use super::compare::{self, Comparison};
use super::copy::{self, FileReader, OLD_CONTENT};
use super::directory::Entry;
use super::fill::{self, Filled};
use super::old_content::OldContent;
use super::overwrite;
use super::placing::{beside_or_elsewhere, create_stage};
use super::private_directory::PrivateDirectory;
use super::request::{Plan, Replacement};
use super::run::Run;
use super::sealed::{InitialAccess, KeepOpen};
use super::staging::{CreateOptions, Stage};
use super::staging_name::StagingName;
use super::writer::StagingWriter;
use crate::digest::{Digest, Hasher};
use crate::error::{Context, Error, ErrorExt, Result, at, refused_by_guard};
use crate::input::Input;
use crate::platform::{self, AsFd, BorrowedFd, Errno, FileType, OwnedFd, Stat};
use crate::progress::Phase;

/// What the content is called in messages.
const OUTPUT: &str = "the file that the command wrote";

/// Runs the command and takes the file that it has written. `slot` keeps the command, to end it after a failure.
pub(super) fn fill<'i>(
    plan: &'i Plan<'_>,
    job: &Replacement<'_>,
    slot: &mut Option<Box<dyn Input + 'i>>,
    with: Run<'i>,
) -> Result<Filled> {
    let private = beside_or_elsewhere(
        job,
        || PrivateDirectory::create(&job.target.directory, job.signals, job.notices),
        |reason| overwrite::private_directory(job, reason),
    )?;
    check_options(job, &private)?;
    if plan.origin.edits() {
        copy_old(job, job.old.as_ref(), &private)?;
    }
    run(plan, job, &private, slot, with)?;
    take(job, private)
}

/// Runs the command, which finds the private directory's path of TARGET's name in its arguments. It has exited with status 0
/// when this returns.
pub(super) fn run<'i>(
    plan: &'i Plan<'_>,
    job: &Replacement<'_>,
    private: &PrivateDirectory,
    slot: &mut Option<Box<dyn Input + 'i>>,
    with: Run<'i>,
) -> Result<()> {
    let path = private.path_of(&job.target.name);
    let command = slot.insert(plan.origin.open_by_name(&path, with.note, with.signals)?);
    with.progress.phase(Phase::Running);
    command.begin()?;
    command.finish()?;
    private.warn_of_others(&job.target.name, "what the command left beside its output");
    Ok(())
}

/// Finds out before the command runs whether what `--mode`, `--owner` and `--no-clobber` need is to be had.
fn check_options(job: &Replacement<'_>, private: &PrivateDirectory) -> Result<()> {
    if job.options.mode.is_none() && !job.options.owners.are_requested() && !job.options.no_clobber {
        return Ok(());
    }
    let options = CreateOptions { named: true, private: true, ..job.create_options() };
    let mut stage = Stage::open(private.directory(), options, job.signals)?;
    if job.options.no_clobber { stage.check_can_create() } else { Ok(()) }
}

/// `--edit`: the command finds a copy of the old content, which shares its blocks if possible. Without old content it is
/// empty.
fn copy_old(job: &Replacement<'_>, old: Option<&OldContent>, private: &PrivateDirectory) -> Result<()> {
    const STEP: &str = "copy";
    let directory = private.directory();
    let mode = if old.is_some() { 0o600 } else { 0o666 };
    let file = platform::create_new(directory, &*job.target.name, mode).context(STEP)?;
    let Some(old) = old else { return Ok(()) };
    let mut sink = StagingWriter::new(file.as_fd(), directory, false);
    let content = old.file.get().context("read")?;
    let mut reader = FileReader { file: content.as_fd(), name: OLD_CONTENT, signals: Some(job.signals) };
    copy::copy_prefix(&mut reader, &old.stat, old.stat.size, &mut sink)?;
    old.ensure_unchanged(job.signals)?;
    match platform::set_mode(&file, old.stat.bits() & 0o777) {
        Err(errno) if !platform::is_metadata_refusal(errno) => return Err(Error::new(errno).context(STEP)),
        _ => {}
    }
    platform::close(file).map_err(|errno| directory.staging_error("close", errno))
}

/// Takes the file that the command has written as the staging file, unless a guard refuses it or TARGET has its content.
fn take(job: &Replacement<'_>, private: Rc<PrivateDirectory>) -> Result<Filled> {
    let Written { file, stat, bits } = Written::open(private.entry(&job.target.name), may_offer_tree(job))?;
    if let Some((process, name)) = platform::find_writer(&file) {
        job.notices.warn(format!("process {process} ({name}) still has the file open for writing"));
    }
    let received = stat.size;
    job.progress.added(received);
    let hasher = match &job.plan.guards.checksum {
        Some(expected) => Some(digest(job, file.as_fd(), expected)?),
        None => None,
    };
    job.plan.guards.received(received, hasher, job.edits_nothing())?;
    if let Some(old) = job.old.as_ref().filter(|_| job.options.if_changed || job.plan.origin.edits())
        && is_same_content(job, old, file.as_fd(), stat.size)?
        && fill::may_stay(job, old)?
    {
        return Ok(Filled { stage: None, received, warning: None });
    }
    // Set-ID bits belong to the content that they were set for, and the old file's may not be kept.
    let initial =
        (bits != stat.bits() || bits & 0o7000 != 0).then_some(InitialAccess { mode: bits & 0o777, acl: None });
    let other_names = stat.links > 1;
    let stage = Stage::written(file, StagingName::in_private(private, &job.target.name, stat), initial);
    let stage = if other_names { copied(job, stage, bits)? } else { stage };
    Ok(Filled { stage: Some(stage), received, warning: None })
}

/// A copy of a file that has other names, as in a build cache: TARGET must not change when they do.
fn copied(job: &Replacement<'_>, stage: Stage, bits: u32) -> Result<Stage> {
    let written = stage.seal(KeepOpen::Nothing)?;
    let copy = fill::copy_content(job, &written, create_stage(job)?)?;
    Ok(copy.with_initial_access(InitialAccess { mode: bits & 0o777, acl: None }))
}

/// Whether a hint may suggest `--tree`: TARGET is no file, and no option contradicts it.
fn may_offer_tree(job: &Replacement<'_>) -> bool {
    let is_of_file = job.options.is_of_file() || job.plan.if_match.is_some() || job.plan.guards.checksum.is_some();
    !is_of_file && job.target.existing.is_none()
}

/// The file that the command has written, open for reading.
struct Written {
    file: OwnedFd,
    stat: Stat,
    /// The mode that the command has given it.
    bits: u32,
}

impl Written {
    fn open(entry: Entry<'_>, may_offer_tree: bool) -> Result<Written> {
        const STEP: &str = "read output";
        let refuse = |reason: &str| Err(refused_by_guard("replace", reason));
        let Some(found) = entry.lstat().context(STEP)? else {
            return Err(refused_by_guard("replace", "the command wrote no file at the path that it was given")
                .hint("the new content is the file that it writes there"));
        };
        match found.kind() {
            FileType::RegularFile => {}
            FileType::Symlink => return refuse("the command left a symbolic link in place of a file"),
            FileType::Directory => {
                let error = refused_by_guard("replace", "the command left a directory in place of a file");
                return Err(if may_offer_tree { error.hint("--tree replaces a directory as a whole") } else { error });
            }
            _ => return refuse("the command left something that is no regular file"),
        }
        let file = match platform::open_written(entry.directory, entry.name) {
            // A file that even its owner may not read. One with other names is somebody else's as well.
            Err(Errno::ACCESS) if found.links == 1 => {
                platform::set_mode_of_name(entry.directory, entry.name, 0o600).context(STEP)?;
                platform::open_written(entry.directory, entry.name)
            }
            opened => opened,
        };
        let file = file.map_err(|errno| at(STEP, OUTPUT)(errno))?;
        let stat = Stat::of(&file).context(STEP)?;
        if !stat.is_same_file(&found) {
            return refuse("another process replaces the file that the command wrote");
        }
        Ok(Written { file, stat, bits: found.bits() })
    }
}

fn digest(job: &Replacement<'_>, file: BorrowedFd<'_>, expected: &Digest) -> Result<Hasher> {
    let mut hasher = expected.hasher();
    let mut reader = FileReader { file, name: OUTPUT, signals: Some(job.signals) };
    copy::hash(&mut reader, &mut hasher)?;
    Ok(hasher)
}

fn is_same_content(job: &Replacement<'_>, old: &OldContent, new: BorrowedFd<'_>, size: u64) -> Result<bool> {
    if size != old.stat.size {
        return Ok(false);
    }
    platform::seek(new, 0).context("compare")?;
    let mut input = FileReader { file: new, name: OUTPUT, signals: Some(job.signals) };
    let file = old.file.get().context("read")?;
    let reader = FileReader { file: file.as_fd(), name: OLD_CONTENT, signals: Some(job.signals) };
    Ok(matches!(compare::compare(&mut input, &reader, size, None, None)?, Comparison::Same(_)))
}
