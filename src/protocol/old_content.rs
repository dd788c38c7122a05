//! The old content, if a step reads it, and whether it is still the same.
//!
//! The kernel's times show a change. On NFS and SMB the times may change by themselves for a while after a write; there
//! the content is compared by its digest.

use super::copy;
use super::directory::{Closable, PathHandle};
use super::resolve::ResolvedTarget;
use crate::digest::{Digest, Hasher};
use crate::error::{Context, Result, TargetState, failed, refused_by_guard};
use crate::platform::{self, AsFd, BorrowedFd, OwnedFd, Signals, Stat};

/// The old content, open for reading, and its state when it was opened.
#[derive(Debug)]
pub(crate) struct OldContent {
    pub(crate) file: Closable<OwnedFd>,
    pub(crate) stat: Stat,
    /// Its digest, where the times are not sufficient.
    digest: Option<Digest>,
}

impl OldContent {
    /// Opens the content of `old`, which is TARGET.
    pub(crate) fn open(old: &PathHandle, target: &ResolvedTarget, signals: &Signals) -> Result<OldContent> {
        let file = target.open(old).context("read")?;
        let stat = Stat::of(&file).context("read")?;
        let mut content = OldContent { file: Closable::new(file), stat, digest: None };
        if target.directory.filesystem().updates_times_late() {
            content.digest = Some(content.digest(Hasher::default(), signals)?);
        }
        Ok(content)
    }

    /// `--if-match`: refuses if the content has a different digest.
    pub(crate) fn must_match(&self, expected: &Digest, signals: &Signals) -> Result<()> {
        let got = self.digest_with_algorithm_of(expected, signals)?;
        if got == *expected {
            return Ok(());
        }
        Err(refused_by_guard("if-match", format_args!("expected {expected}, TARGET has {got}")))
    }

    /// The digest of the whole content, with the algorithm of `expected`. Reuses a known digest.
    fn digest_with_algorithm_of(&self, expected: &Digest, signals: &Signals) -> Result<Digest> {
        match &self.digest {
            Some(digest) if digest.has_same_algorithm(expected) => Ok(digest.clone()),
            _ => self.digest(expected.hasher(), signals),
        }
    }

    fn digest(&self, hasher: Hasher, signals: &Signals) -> Result<Digest> {
        let file = self.file.get().context("read")?;
        digest(file.as_fd(), hasher, Some(signals))
    }

    /// Fails if the open file has been written since.
    pub(crate) fn ensure_unchanged(&self, signals: &Signals) -> Result<()> {
        let now = self.file.get().and_then(|file| Stat::of(&*file)).context("read")?;
        if self.stat.is_same_content(&now) || self.has_same_digest(&now, || self.digest(Hasher::default(), signals))? {
            return Ok(());
        }
        let reason = "the old content was changed in place while it was read";
        Err(failed("read", reason).context(TargetState::Changed))
    }

    /// Whether `now`, the current TARGET, is the file that was read, in the same state.
    pub(crate) fn is_current(&self, now: &Stat, target: &ResolvedTarget) -> Result<bool> {
        let current_digest = || {
            let file = platform::open_for_reading(&target.directory, &target.name).context("read")?;
            // Signals are held by now.
            digest(file.as_fd(), Hasher::default(), None)
        };
        Ok(self.stat.is_same_state(now) || self.has_same_digest(now, current_digest)?)
    }

    fn has_same_digest(&self, now: &Stat, current_digest: impl FnOnce() -> Result<Digest>) -> Result<bool> {
        match &self.digest {
            Some(digest) if self.stat.is_same_file(now) && self.stat.size == now.size => {
                Ok(current_digest()? == *digest)
            }
            _ => Ok(false),
        }
    }
}

/// Reads the whole file, then seeks back to its start for the next reader of this descriptor.
fn digest(file: BorrowedFd<'_>, mut hasher: Hasher, signals: Option<&Signals>) -> Result<Digest> {
    copy::hash(&mut copy::FileReader { file, name: copy::OLD_CONTENT, signals }, &mut hasher)?;
    platform::seek(file, 0).context("read")?;
    Ok(hasher.finish())
}
