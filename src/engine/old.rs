//! The old content, where something reads it, and whether it is still the same.
//!
//! The kernel's times tell. Those of NFS and SMB may change by themselves for a while after a write: there the content
//! itself is compared, by its digest.

use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{OFlags, SeekFrom};

use super::copy;
use super::directory::{Handle, PathHandle};
use super::resolve::ResolvedTarget;
use super::stat::Stat;
use crate::digest::{Digest, Hasher};
use crate::failure::{Failure, Result, Seen};
use crate::signals::Signals;
use crate::sys;

/// The old content, open for reading, and its state when it was opened.
#[derive(Debug)]
pub(crate) struct OldContent {
    pub(crate) file: Handle,
    pub(crate) stat: Stat,
    /// Where the times say too little.
    digest: Option<Digest>,
}

impl OldContent {
    pub(crate) fn open(old: &PathHandle, target: &ResolvedTarget, signals: &Signals) -> Result<OldContent> {
        let file = old.open(target).map_err(Failure::call("read"))?;
        let stat = Stat::of(&file).map_err(Failure::call("read"))?;
        let mut content = OldContent { file: Handle::new(file), stat, digest: None };
        if target.directory.filesystem().dates_late() {
            content.digest = Some(content.digest(Hasher::default(), signals)?);
        }
        Ok(content)
    }

    /// The digest of the whole, by the algorithm of `expected`: the one that is known already, where it is that.
    pub(crate) fn digest_like(&self, expected: &Digest, signals: &Signals) -> Result<Digest> {
        match &self.digest {
            Some(digest) if digest.has_algorithm_of(expected) => Ok(digest.clone()),
            _ => self.digest(expected.hasher(), signals),
        }
    }

    /// The digest of the whole.
    fn digest(&self, hasher: Hasher, signals: &Signals) -> Result<Digest> {
        let file = self.file.get().map_err(Failure::call("read"))?;
        digest(file.as_fd(), hasher, Some(signals))
    }

    /// Fails where the open file has been written since.
    pub(crate) fn ensure_unchanged(&self, signals: &Signals) -> Result<()> {
        let now = self.file.get().and_then(|file| Stat::of(&*file)).map_err(Failure::call("read"))?;
        if self.stat.is_same_content(&now) || self.has_same_digest(&now, || self.digest(Hasher::default(), signals))? {
            return Ok(());
        }
        let reason = "the old content was changed in place while it was read";
        Err(Failure { seen: Seen::Changed, ..Failure::failed("read", reason) })
    }

    /// Whether `now`, which TARGET is, is the file that was read, in the same state.
    pub(crate) fn is_still(&self, now: &Stat, target: &ResolvedTarget) -> Result<bool> {
        let again = || {
            let file = sys::open(&target.directory, &target.name, OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK);
            // Signals are held by now.
            digest(file.map_err(Failure::call("read"))?.as_fd(), Hasher::default(), None)
        };
        Ok(self.stat.is_same_state(now) || self.has_same_digest(now, again)?)
    }

    fn has_same_digest(&self, now: &Stat, again: impl FnOnce() -> Result<Digest>) -> Result<bool> {
        match &self.digest {
            Some(digest) if self.stat.is_same_file(now) && self.stat.size == now.size => Ok(again()? == *digest),
            _ => Ok(false),
        }
    }
}

/// Reads the whole file, and goes back to its beginning, where others who read it begin.
fn digest(file: BorrowedFd<'_>, mut hasher: Hasher, signals: Option<&Signals>) -> Result<Digest> {
    let to_start = || sys::seek(file, SeekFrom::Start(0)).map_err(Failure::call("read"));
    to_start()?;
    let mut reader = copy::OldContentReader { file, signals };
    let mut buffer = Vec::with_capacity(copy::BUFFER);
    loop {
        copy::read(&mut reader, &mut buffer)?;
        if buffer.is_empty() {
            break;
        }
        hasher.update(&buffer);
    }
    to_start()?;
    Ok(hasher.finish())
}
