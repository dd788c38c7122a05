//! What ids permit: nothing here, see `ids.rs`.

use super::handle::FileHandle;
use super::ids::{IdMapping, Ids};
use super::stat::Stat;

/// Whether the caller may act as the owner of files of `uid`.
pub(crate) fn owner_or_capable(_: u32) -> bool {
    true
}

/// Whether the caller may give the file to this owner and this group.
pub(crate) fn may_give(_: &Stat, _owner: u32, _group: u32) -> bool {
    false
}

/// Whether the caller may ignore the permissions of a file in this state. No one may ignore the read-only attribute.
pub(crate) fn overrides_permissions(_: &Stat) -> bool {
    false
}

/// Whether a file that is given to `uid` can no longer be linked.
pub(crate) fn owner_change_prevents_link(_: u32) -> bool {
    false
}

/// Every id is what it is shown as.
pub(crate) fn id_mapping(_: Ids, _: u32) -> IdMapping {
    IdMapping::Mapped
}

/// Whether the file's owner is certainly mapped.
pub(crate) fn owner_is_mapped(_: &FileHandle) -> bool {
    true
}

/// Whether the file's group is certainly mapped.
pub(crate) fn group_is_mapped(_: &FileHandle, _: &Stat) -> bool {
    true
}
