//! What a copy could not keep: one warning for the whole tree.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::notices::Notices;
use crate::quote::Shown;

/// How many kinds of metadata, and how many paths, a warning names.
const NAMED: usize = 10;

/// What has been lost so far.
#[derive(Default)]
pub(super) struct Losses {
    metadata: BTreeSet<String>,
    /// Whether there were more kinds than are named.
    more_metadata: bool,
    /// How many files have lost metadata.
    files: u64,
    first: PathBuf,
    /// Special files that could not be created, with the reason.
    refused: Vec<String>,
    more_refused: u64,
}

impl Losses {
    /// The file at `path` has lost this metadata, if any.
    pub(super) fn add(&mut self, lost: Vec<String>, path: impl FnOnce() -> PathBuf) {
        if lost.is_empty() {
            return;
        }
        if self.files == 0 {
            self.first = path();
        }
        self.files += 1;
        for metadata in lost {
            if self.metadata.len() < NAMED {
                self.metadata.insert(metadata);
            } else if !self.metadata.contains(&metadata) {
                self.more_metadata = true;
            }
        }
    }

    /// The special file or link at `path` could not be created.
    pub(super) fn add_refused(&mut self, path: &Path, reason: &str) {
        if self.refused.len() < NAMED {
            self.refused.push(format!("cannot copy {}: {reason}", Shown(path.as_os_str())));
        } else {
            self.more_refused += 1;
        }
    }

    /// Adds the warnings.
    pub(super) fn report(self, notices: &Notices) {
        for warning in self.refused {
            notices.warn(warning);
        }
        if self.more_refused > 0 {
            notices.warn(format!("cannot copy {} more special files", self.more_refused));
        }
        if self.files > 0 {
            let mut metadata: Vec<String> = self.metadata.into_iter().collect();
            if self.more_metadata {
                metadata.push("more".to_owned());
            }
            let (metadata, first) = (metadata.join(", "), Shown(self.first.as_os_str()));
            notices.warn(match self.files {
                1 => format!("cannot keep {metadata} of {first}"),
                files => format!("cannot keep {metadata} of {files} files, of which the first is {first}"),
            });
        }
    }
}
