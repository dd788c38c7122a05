//! What Unix systems have in common.

pub(super) mod child;
pub(super) mod content;
pub(super) mod directory;
pub(super) mod errors;
#[cfg(all(any(target_os = "linux", target_os = "macos"), not(generic_unix)))]
pub(super) mod flagged_rename;
pub(super) mod ids;
pub(super) mod limits;
pub(super) mod links;
pub(super) mod lock;
pub(super) mod mask;
pub(super) mod metadata;
pub(super) mod names;
pub(super) mod open;
mod poll;
pub(super) mod retry;
#[cfg(target_os = "macos")]
mod select;
pub(super) mod startup;
pub(super) mod stat;
pub(super) mod termination;
pub(super) mod tree;
pub(super) mod wait;
pub(super) mod words;
