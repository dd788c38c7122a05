//! User and group ids, and what a user namespace does to them.

use std::ffi::OsStr;

use nix::unistd::{Group, User};

use super::errors::{Errno, Result, from_nix};

/// The effective user id.
pub(crate) fn euid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Whether an owner is a number here.
pub(crate) const HAS_IDS: bool = true;

/// A glibc that is linked statically cannot load what nsswitch.conf names beside the files: it would crash.
const HAS_FILES_ONLY: bool = cfg!(all(target_env = "gnu", target_feature = "crt-static"));

/// The id that has this name, from wherever the system takes such names. `None` if there is none.
pub(crate) fn id_of(kind: Ids, name: &OsStr) -> Result<Option<u32>> {
    let Some(name) = name.to_str() else { return Ok(None) };
    if HAS_FILES_ONLY {
        return Ok(find_in_file(kind, |other, id| (other == name).then_some(id)));
    }
    let id = match kind {
        Ids::Users => User::from_name(name).map(|user| user.map(|user| user.uid.as_raw())),
        Ids::Groups => Group::from_name(name).map(|group| group.map(|group| group.gid.as_raw())),
    };
    match id.map_err(from_nix) {
        // Some systems return these for a name that does not exist.
        Err(Errno::NOENT | Errno::SRCH | Errno::BADF | Errno::PERM) => Ok(None),
        found => found,
    }
}

/// The ids of users, or those of groups.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ids {
    Users,
    Groups,
}

/// Whether the id that a file shows is mapped in this user namespace.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum IdMapping {
    Mapped,
    /// It is unmapped and shown as the overflow id, which must not be taken for the user `nobody`.
    Unmapped,
    /// It is shown as the overflow id, which the map contains although it lacks other ids: either is possible.
    Ambiguous,
}

/// The name of the user or the group, as the local files give it. Another source of names, such as a directory server,
/// could fail or wait.
pub(crate) fn name_of(kind: Ids, id: u32) -> Option<String> {
    find_in_file(kind, |name, other| (other == id).then(|| name.to_owned()))
}

/// The first answer for a name and its id.
fn find_in_file<T>(kind: Ids, answer: impl Fn(&str, u32) -> Option<T>) -> Option<T> {
    let path = match kind {
        Ids::Users => "/etc/passwd",
        Ids::Groups => "/etc/group",
    };
    let text = String::from_utf8_lossy(&std::fs::read(path).ok()?).into_owned();
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        answer(name, fields.nth(1)?.parse().ok()?)
    })
}
