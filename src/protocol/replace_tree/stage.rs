//! Filling the staged tree: by a command, or with a copy of SOURCE.

use std::rc::Rc;

use super::{OldTree, STEP, Staged, changed, checks, metadata};
use crate::error::{Context, Result, failed, refused_by_guard};
use crate::input::{Input, Origin};
use crate::options::Sync;
use crate::platform::{self, AsFd, FileType, Stat};
use crate::protocol::directory::Directory;
use crate::protocol::private_directory::{self, PrivateDirectory};
use crate::protocol::request::{Plan, Replacement};
use crate::protocol::run::Run;
use crate::protocol::{by_name, requested_owner, tree};

/// Makes the staged tree.
pub(super) fn fill<'i>(
    plan: &'i Plan<'_>,
    job: &Replacement<'_>,
    old: Option<&OldTree>,
    private: Rc<PrivateDirectory>,
    slot: &mut Option<Box<dyn Input + 'i>>,
    run: Run<'i>,
) -> Result<Staged> {
    let name = &job.target.name;
    let source = match plan.origin {
        Origin::File(path) => {
            let source = checks::open_source(path, job.notices)?;
            checks::check_source(job, &source, old)?;
            Some(source)
        }
        _ => None,
    };
    // Not wider than the old one, whose mode it gets at the end: the system may refuse to set it.
    let mode = old.map_or(0o777, |old| old.stat.bits() & 0o777 | 0o700);
    platform::make_directory(private.directory(), &**name, mode).context(STEP)?;
    let empty = private_directory::open(private.directory(), name).context(STEP)?;
    // Before anything is copied or run.
    requested_owner::probe(empty.as_fd(), job.options.owners)?;
    if let Some(source) = source {
        let times = job.options.preserve_timestamps.then(|| source.stat()).transpose().context(STEP)?;
        let write_behind = job.options.sync != Sync::None;
        tree::copy(&source, &empty, write_behind, job.notices, job.signals, job.progress)?;
        if old.is_none() {
            tree::copy_top_metadata(&source, &empty, job.notices)?;
        }
        return Ok(Staged { times, ..opened(job, private)? });
    }
    if let Some(existing) = job.target.existing.as_ref().filter(|_| old.is_some()) {
        metadata::pass_on(job, &empty, existing)?;
    }
    if let Some(old) = old.filter(|_| plan.origin.edits()) {
        copy_old(job, old, &empty)?;
    }
    // On some systems a command could not rename or remove it while it is open.
    drop(empty);
    by_name::run(plan, job, &private, slot, run)?;
    opened(job, private)
}

fn copy_old(job: &Replacement<'_>, old: &OldTree, empty: &Directory) -> Result<()> {
    match tree::copy(&old.directory, empty, false, job.notices, job.signals, job.progress) {
        Err(error) if old.is_lost(job, &error)? => return Err(changed(job)),
        copied => copied?,
    }
    let group = Stat::of(&**empty).context(STEP)?.bits() & 0o2000;
    match platform::set_mode(&**empty, group | old.stat.bits() & 0o777) {
        Err(errno) if !platform::is_metadata_refusal(errno) => Err(errno).context(STEP),
        _ => Ok(()),
    }
}

/// Opens what the name leads to by now.
fn opened(job: &Replacement<'_>, private: Rc<PrivateDirectory>) -> Result<Staged> {
    let name = &job.target.name;
    match private.entry(name).lstat().context(STEP)?.map(|found| found.kind()) {
        Some(FileType::Directory) => {}
        None => return Err(refused_by_guard("replace", "the command removed the directory that it was given")),
        Some(_) => return Err(refused_by_guard("replace", "the command left something that is no directory")),
    }
    let staged = Staged::open(Rc::clone(&private), name)?;
    if staged.directory(name)?.readable() {
        return Ok(staged);
    }
    // A directory that even its owner may not read.
    let mode = staged.directory(name)?.stat().context(STEP)?.bits();
    drop(staged);
    platform::set_mode_of_name(private.directory(), name, 0o700).context(STEP)?;
    let staged = Staged::open(private, name)?;
    if !staged.directory(name)?.readable() {
        return Err(failed(STEP, "the directory that the command made cannot be read"));
    }
    Ok(Staged { mode: Some(mode), ..staged })
}
