//! What the caller may do that its user and group do not tell.

use std::os::fd::AsFd;

use rustix::fs::{Access, CWD, OFlags};
use rustix::thread::CapabilitySet;

use super::access::access;
use super::proc::{self, descriptor_path};
use super::stat::Stat;
use crate::platform::unix::open::open;

/// The id under which an unmapped user or group shows (`/proc/sys/kernel/overflowuid`).
const OVERFLOW: u32 = 65534;

/// Which of the two maps of a user namespace.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ids {
    /// `/proc/self/uid_map`.
    Users,
    /// `/proc/self/gid_map`.
    Groups,
}

/// Whether the effective set has the capability.
fn has(capability: CapabilitySet) -> bool {
    rustix::thread::capabilities(None).is_ok_and(|sets| sets.effective.contains(capability))
}

/// The effective user.
pub(crate) fn euid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Whether the user may act as the owner of files of `uid`.
pub(crate) fn owner_or_capable(uid: u32) -> bool {
    uid == euid() || (id_mapping(Ids::Users, uid) != IdMapping::Unmapped && has(CapabilitySet::FOWNER))
}

/// Whether an ordinary user has the capability that permission bits do not bind, over a file in this state. access(2)
/// does not count it; root's it does.
pub(crate) fn overrides_permissions(stat: &Stat) -> bool {
    euid() != 0
        && has(CapabilitySet::DAC_OVERRIDE)
        && id_mapping(Ids::Users, stat.uid) == IdMapping::Mapped
        && id_mapping(Ids::Groups, stat.gid) == IdMapping::Mapped
}

/// Whether a file that is given to `uid` can then not be linked any more: CAP_CHOWN gives it away, and to link another's
/// file needs CAP_FOWNER.
pub(crate) fn owner_locks_out(uid: u32) -> bool {
    uid != euid() && has(CapabilitySet::CHOWN) && !has(CapabilitySet::FOWNER)
}

/// Whether blocks that a file system reserves for the system are the caller's to use: root's, but not the root's of a user
/// namespace of its own.
pub(crate) fn may_use_reserved_blocks() -> bool {
    let is_initial = |map: String| map.split_whitespace().eq(["0", "0", "4294967295"]);
    (euid() == 0 || has(CapabilitySet::SYS_RESOURCE)) && proc::read("/proc/self/uid_map").is_some_and(is_initial)
}

/// Whether an id that a file shows stands for somebody in this user namespace.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum IdMapping {
    /// It is mapped.
    Mapped,
    /// It is not, and shows as the overflow id, which must not be taken for the user `nobody`.
    Unmapped,
    /// It shows as the overflow id, and the map has that one and leaves out others: it is either.
    Ambiguous,
}

/// What the map says about the id.
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

/// Whether the file's owner is surely mapped: only who is the owner, or has a capability over a mapped one, may ask for
/// access times to be left alone.
pub(crate) fn owner_is_mapped(file: impl AsFd) -> bool {
    let flags = OFlags::RDONLY | OFlags::NOATIME | OFlags::NONBLOCK;
    open(CWD, descriptor_path(file).as_str(), flags).is_ok()
}

/// Whether the file's group is surely mapped: write access that no permission bit gives comes from a capability, which
/// covers files of mapped owners and groups alone. (The bits of the group bound every entry of a list.)
pub(crate) fn group_is_mapped(file: impl AsFd, stat: &Stat) -> bool {
    let bits = if stat.uid == euid() { 0o222 } else { 0o022 };
    let by_capability = stat.mode & bits == 0;
    let path = descriptor_path(&file);
    by_capability && access(&file, CWD, path.as_str(), Access::WRITE_OK).is_ok()
}
