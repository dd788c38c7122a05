//! `--target-directory`: many files, each of which replaces the file of its name in one directory.
//!
//! Each is replaced by the protocol of one, but they are staged, synced and named in groups:
//!
//! ```text
//! plan -> stage -> metadata      each file of the group; nothing has a name yet
//! sync                           the group at once
//! link or rename                 each file of the group
//! sync of the directory          once, after the last group; where freed blocks may be used again at once, after each
//! ```
//!
//! A group is bounded in number and bytes, so open files, memory and the space for what is staged are constant. A file that
//! fails does not stop the others. A power cut or a kill leaves the old or the new content under each name.

pub(crate) mod file_list;
pub(crate) mod group_sync;
mod groups;
mod placed;
mod request;
mod staged;

use std::cell::RefCell;

use groups::{Groups, sync_names};
use request::Unsynced;
pub(crate) use request::{Many, Tally, Tell};

use super::parents::Parents;
use super::{Run, preflight, resolve, sync};
use crate::error::{Context, Result};
use crate::options::Sync;
use crate::progress::Phase;

/// Replaces the files. An error is one of the directory, or a signal; `tally` tells how far it came.
pub(crate) fn replace(many: &Many<'_>, run: Run<'_>, tell: Tell<'_>, tally: &mut Tally) -> Result<()> {
    let names = many.files.check()?;
    // While files get their names, signals wait.
    run.signals.watch().context("signals")?;
    let parents = RefCell::new(many.parents.then(|| Parents::new(many.options.sync, run.notices)));
    let directory = resolve::open_directory(many.directory, parents.borrow_mut().as_mut(), run.notices)
        .map_err(|error| if many.parents { error } else { resolve::offer_parents(error, run.notices) })?;
    preflight::check_directory(&directory, many.options)?;
    run.progress.expect_files(many.files.len());
    let done = Groups::new(many, names, &directory, &parents, run, tell).replace_all(tally);
    let is_all_done = done.is_ok() && tally.failed == 0;
    if !many.options.dry_run
        && (is_all_done || tally.changes.iter().any(Option::is_some))
        && let Some(parents) = parents.borrow_mut().as_mut()
    {
        parents.keep();
    }
    if many.options.sync == Sync::Full && tally.unsynced != Unsynced::None {
        run.progress.phase(Phase::Syncing);
        match tally.unsynced {
            Unsynced::New => sync_names(&directory, tally.file_inside.as_ref())?,
            Unsynced::Unchanged | Unsynced::None => sync::unchanged_directory(&directory)?,
        }
    }
    done
}
