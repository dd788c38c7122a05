//! Limits of the process.

use nix::sys::resource::{Resource, getrlimit};

/// The least that any system allows, where it does not tell.
const LEAST: usize = 256;

/// How many files may be open at once.
pub(crate) fn max_open_files() -> usize {
    match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok((current, _)) => usize::try_from(current).unwrap_or(usize::MAX),
        // A filter may refuse the call.
        Err(_) => LEAST,
    }
}
