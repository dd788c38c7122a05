//! Limits of the process.

/// How many files may be open at once: as many as there is memory for.
pub(crate) fn max_open_files() -> usize {
    usize::MAX
}
