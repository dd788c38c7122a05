//! Users and groups. An owner here is no number, so every file belongs to user 0 of group 0, and so does the caller: what
//! an owner may do is decided by access control lists.

use std::ffi::OsStr;

use super::errors::{Errno, Result};

/// The effective user id.
pub(crate) fn euid() -> u32 {
    0
}

/// Whether an owner is a number here.
pub(crate) const HAS_IDS: bool = false;

/// The id that has this name.
pub(crate) fn id_of(_: Ids, _: &OsStr) -> Result<Option<u32>> {
    Err(Errno::NOTSUP)
}

/// The ids of users, or those of groups.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ids {
    Users,
    Groups,
}

/// Whether the id that a file shows is mapped.
#[allow(dead_code)] // The same set as elsewhere.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum IdMapping {
    Mapped,
    Unmapped,
    Ambiguous,
}

/// The name of the user or the group.
pub(crate) fn name_of(_: Ids, _: u32) -> Option<String> {
    None
}
