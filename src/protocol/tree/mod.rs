//! Whole directories: read, compared, copied, synced, removed.
//!
//! A tree may be deeper than any path is long, so each call has a name and an open directory (`cursor.rs`). No
//! symbolic link is followed and no other mount is entered. What should stay as it is and does not is an error.

mod contents;
mod copy;
mod cursor;
mod fingerprint;
mod hard_links;
mod losses;
mod metadata;
mod mounts;
mod names;
mod remove;
mod same;
mod sync;
mod walk;

pub(crate) use copy::{copy, copy_top_metadata};
pub(crate) use fingerprint::fingerprint;
pub(crate) use mounts::first_mount_point;
pub(crate) use names::is_empty;
pub(crate) use remove::remove;
pub(crate) use same::same;
pub(crate) use sync::sync;
