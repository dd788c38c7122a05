//! What all steps use.

use std::cell::RefCell;
use std::path::PathBuf;

use crate::notices::Notices;
use crate::platform::Signals;
use crate::progress::Progress;

/// What all steps use to report and to be interrupted.
#[derive(Clone, Copy)]
pub(crate) struct Run<'a> {
    pub(crate) signals: &'a Signals,
    /// Warnings and leftovers, reported at the end with the result.
    pub(crate) notices: &'a Notices,
    /// The path that a note is about.
    pub(crate) subject: &'a RefCell<PathBuf>,
    /// How far the run is.
    pub(crate) progress: &'a Progress,
    /// Prints a note at once.
    pub(crate) note: &'a dyn Fn(&str),
}
