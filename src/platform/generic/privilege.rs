//! Effective user. POSIX has no capabilities and no user namespaces.

use super::handle::FileHandle;
use crate::platform::unix::ids::{IdMapping, Ids, euid};
use crate::platform::unix::stat::Stat;

/// Whether the caller may act as the owner of files of `uid`.
pub(crate) fn owner_or_capable(uid: u32) -> bool {
    uid == euid() || euid() == 0
}

/// Whether the caller may give the file to this owner and this group. Some systems do not list all groups that he is in.
pub(crate) fn may_give(stat: &Stat, owner: u32, _group: u32) -> bool {
    euid() == 0 || stat.uid == euid() && owner == stat.uid
}

/// Whether a user other than root may ignore the permission bits of a file in this state.
pub(crate) fn overrides_permissions(_: &Stat) -> bool {
    false
}

/// Whether a file that is given to `uid` can no longer be linked. A staging file always has a name here.
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
