//! Effective user, capabilities and user namespaces.

use rustix::fs::{Access, CWD, OFlags};
use rustix::thread::CapabilitySet;

use super::access::access;
use super::handle::FileHandle;
use super::proc::{self, descriptor_path};
use crate::platform::unix::ids::{IdMapping, Ids, euid};
use crate::platform::unix::open::open;
use crate::platform::unix::stat::Stat;

/// The id that an unmapped user or group is shown as (`/proc/sys/kernel/overflowuid`).
const OVERFLOW: u32 = 65534;

/// Whether the effective set has the capability.
fn has(capability: CapabilitySet) -> bool {
    rustix::thread::capabilities(None).is_ok_and(|sets| sets.effective.contains(capability))
}

/// Whether the caller may act as the owner of files of `uid`.
pub(crate) fn owner_or_capable(uid: u32) -> bool {
    uid == euid() || (id_mapping(Ids::Users, uid) != IdMapping::Unmapped && has(CapabilitySet::FOWNER))
}

/// Whether the caller may give the file to this owner and this group. Of root it is not known: a preloaded library may
/// imitate it.
pub(crate) fn may_give(stat: &Stat, owner: u32, group: u32) -> bool {
    let is_own_group = || {
        rustix::process::getegid().as_raw() == group
            || rustix::process::getgroups().is_ok_and(|groups| groups.iter().any(|own| own.as_raw() == group))
    };
    euid() == 0
        || has(CapabilitySet::CHOWN)
        || stat.uid == euid() && owner == stat.uid && (group == stat.gid || is_own_group())
}

/// Whether a user other than root has the capability to ignore the permission bits of a file in this state. access(2)
/// considers the capability only for root.
pub(crate) fn overrides_permissions(stat: &Stat) -> bool {
    euid() != 0
        && has(CapabilitySet::DAC_OVERRIDE)
        && id_mapping(Ids::Users, stat.uid) == IdMapping::Mapped
        && id_mapping(Ids::Groups, stat.gid) == IdMapping::Mapped
}

/// Whether a file that is given to `uid` can no longer be linked: CAP_CHOWN permits the change of owner, but linking
/// another user's file needs CAP_FOWNER.
pub(crate) fn owner_change_prevents_link(uid: u32) -> bool {
    uid != euid() && has(CapabilitySet::CHOWN) && !has(CapabilitySet::FOWNER)
}

/// Whether the caller may use the blocks that a file system reserves: root may, except the root of a user namespace.
pub(crate) fn may_use_reserved_blocks() -> bool {
    let is_initial = |map: String| map.split_whitespace().eq(["0", "0", "4294967295"]);
    (euid() == 0 || has(CapabilitySet::SYS_RESOURCE)) && proc::read("/proc/self/uid_map").is_some_and(is_initial)
}

/// The mapping of the id according to the map.
pub(crate) fn id_mapping(ids: Ids, id: u32) -> IdMapping {
    if id != OVERFLOW {
        return IdMapping::Mapped;
    }
    let path = match ids {
        Ids::Users => "/proc/self/uid_map",
        Ids::Groups => "/proc/self/gid_map",
    };
    let Some(map) = proc::read(path) else { return IdMapping::Mapped };
    // Each line: first id inside, first id outside, count.
    let ranges = map.lines().filter_map(|line| {
        let mut numbers = line.split_whitespace().map(str::parse::<u64>);
        match (numbers.next(), numbers.next(), numbers.next()) {
            (Some(Ok(first)), Some(Ok(_)), Some(Ok(count))) => Some((first, count)),
            _ => None,
        }
    });
    let (mut mapped, mut contains) = (0, false);
    for (first, count) in ranges {
        mapped += count;
        contains |= (first..first + count).contains(&u64::from(id));
    }
    match (contains, mapped == u64::from(u32::MAX)) {
        (_, true) => IdMapping::Mapped,
        (true, false) => IdMapping::Ambiguous,
        (false, false) => IdMapping::Unmapped,
    }
}

/// Whether the file's owner is certainly mapped: O_NOATIME is permitted only to the owner, or with a capability over a
/// mapped owner.
pub(crate) fn owner_is_mapped(file: &FileHandle) -> bool {
    let flags = OFlags::RDONLY | OFlags::NOATIME | OFlags::NONBLOCK;
    open(CWD, descriptor_path(file).as_str(), flags).is_ok()
}

/// Whether the file's group is certainly mapped: if no permission bit grants write access, a capability does, and it
/// applies only to files whose owner and group are mapped. (The group bits are an upper limit for every ACL entry.)
pub(crate) fn group_is_mapped(file: &FileHandle, stat: &Stat) -> bool {
    let bits = if stat.uid == euid() { 0o222 } else { 0o022 };
    let by_capability = stat.mode & bits == 0;
    let path = descriptor_path(file);
    by_capability && access(file, CWD, path.as_str(), Access::WRITE_OK).is_ok()
}
