//! The kernel's rules for following a symbolic link. They apply here because the program follows links itself.

use std::fmt;

use super::directory::DirectoryHandle;
use super::errors::Result;
use super::ids::euid;
use super::stat::Stat;
use crate::platform::system::filesystem::{FileSystem, forbids_links};

/// Why a link is not followed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LinkRule {
    /// It does not lead where its text says.
    Magic,
    /// No link on its mount is followed.
    Mount,
    /// Another user may have planted it.
    Planted,
}

impl fmt::Display for LinkRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LinkRule::Magic => "is a link to an open descriptor or another link of /proc, not a replaceable file",
            LinkRule::Mount => "is a symbolic link on a file system mounted with nosymfollow",
            LinkRule::Planted => "is another user's symbolic link in a sticky world-writable directory",
        })
    }
}

/// The rule that forbids following `link`, which is in `directory` on `filesystem`.
///
/// The directory determines the mount: for the link, a FUSE file system may report on the file that the link leads to.
/// A planted link is refused whatever `fs.protected_symlinks` says: a user who can plant a link in /tmp must not choose
/// what root overwrites.
pub(crate) fn forbidding_rule(
    directory: &DirectoryHandle,
    filesystem: FileSystem,
    link: &Stat,
) -> Result<Option<LinkRule>> {
    let mount_forbids = forbids_links(directory)?;
    if filesystem.is_proc() {
        return Ok(Some(LinkRule::Magic));
    }
    if mount_forbids {
        return Ok(Some(LinkRule::Mount));
    }
    let parent = Stat::of(directory)?;
    let (sticky, others_write) = (parent.mode & 0o1000 != 0, parent.mode & 0o002 != 0);
    let is_planted = sticky && others_write && link.uid != euid() && link.uid != parent.uid;
    Ok(is_planted.then_some(LinkRule::Planted))
}
