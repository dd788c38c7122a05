//! User and group ids, and what a user namespace does to them.

/// The effective user id.
pub(crate) fn euid() -> u32 {
    rustix::process::geteuid().as_raw()
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
    let path = match kind {
        Ids::Users => "/etc/passwd",
        Ids::Groups => "/etc/group",
    };
    let text = String::from_utf8_lossy(&std::fs::read(path).ok()?).into_owned();
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(id)).then(|| name.to_owned())
    })
}
