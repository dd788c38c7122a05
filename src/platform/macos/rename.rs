//! Renames with flags, which APFS has, and the names in a directory.

pub(crate) use crate::platform::generic::rename::for_each_name;
pub(crate) use crate::platform::unix::flagged_rename::{exchange_once, rename_noreplace};
