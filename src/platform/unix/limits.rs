//! Limits of the process.

use rustix::process::{Resource, getrlimit};

/// How many files may be open at once.
pub(crate) fn max_open_files() -> usize {
    getrlimit(Resource::Nofile).current.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX)
}
