//! What the environment of a child has beside ours.
//!
//! Like the environment itself it belongs to the process. Ours cannot be changed: that is not safe with threads.

use std::ffi::OsString;
use std::sync::{Mutex, PoisonError};

static ADDED: Mutex<Vec<(&str, OsString)>> = Mutex::new(Vec::new());

/// Sets a variable for every child that is started from now on.
pub(crate) fn set_for_children(name: &'static str, value: OsString) {
    let mut added = ADDED.lock().unwrap_or_else(PoisonError::into_inner);
    added.retain(|(other, _)| *other != name);
    added.push((name, value));
}

/// What was set so.
pub(in crate::platform) fn for_children() -> Vec<(&'static str, OsString)> {
    ADDED.lock().unwrap_or_else(PoisonError::into_inner).clone()
}
