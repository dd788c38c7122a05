//! What the caller may do that its user and group do not tell.

use rustix::fs::{Mode, OFlags};
use rustix::thread::CapabilitySet;

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
pub(crate) fn has(capability: CapabilitySet) -> bool {
    rustix::thread::capabilities(None).is_ok_and(|sets| sets.effective.contains(capability))
}

/// The effective user.
pub(crate) fn me() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Whether the user may act as the owner of files of `uid`.
pub(crate) fn acts_as(uid: u32) -> bool {
    uid == me() || (is_mapped(Ids::Users, uid) && has(CapabilitySet::FOWNER))
}

/// Whether the id stands for somebody here. One that this user namespace does not map shows as the overflow id, which
/// must not be taken for the user `nobody`.
pub(crate) fn is_mapped(ids: Ids, id: u32) -> bool {
    if id != OVERFLOW {
        return true;
    }
    let path = match ids {
        Ids::Users => "/proc/self/uid_map",
        Ids::Groups => "/proc/self/gid_map",
    };
    // Each line: first id inside, first id outside, count.
    read_small(path).is_none_or(|map| {
        map.lines().any(|line| {
            let mut numbers = line.split_whitespace().map(str::parse::<u64>);
            match (numbers.next(), numbers.next(), numbers.next()) {
                (Some(Ok(first)), Some(Ok(_)), Some(Ok(count))) => (first..first + count).contains(&u64::from(id)),
                _ => false,
            }
        })
    })
}

/// A small file of /proc, whole; `None` where it cannot be had.
pub(crate) fn read_small(path: &str) -> Option<String> {
    let file = rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    let mut text = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        match rustix::io::read(&file, &mut chunk) {
            Ok(0) => return String::from_utf8(text).ok(),
            Ok(length) => text.extend_from_slice(chunk.get(..length)?),
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return None,
        }
    }
}
