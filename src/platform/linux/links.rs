//! The kernel's rules for following a symbolic link, kept where we follow it ourselves.

use std::fmt;
use std::os::fd::AsFd;

use super::filesystem::{FileSystem, forbids_links};
use super::privilege::euid;
use super::stat::Stat;
use crate::platform::unix::errors::Result;

/// Why a link is not followed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LinkRule {
    /// It does not lead where its text says.
    Magic,
    /// No link on its mount is followed.
    Mount,
    /// Another user can have planted it.
    Planted,
}

impl fmt::Display for LinkRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LinkRule::Magic => "leads to an open descriptor or another link of /proc, which is no name of a file",
            LinkRule::Mount => "is a symbolic link on a file system mounted with nosymfollow",
            LinkRule::Planted => "is another user's symbolic link in a sticky world-writable directory",
        })
    }
}

/// The rule that forbids to follow `link`, which is in `directory` on `filesystem`.
///
/// The mount is that of the directory: FUSE file systems may answer for what the link leads to. Planted links are refused
/// whatever `fs.protected_symlinks` says: whoever can plant a link in /tmp must not choose what root overwrites.
pub(crate) fn forbidding_rule(directory: impl AsFd, filesystem: FileSystem, link: &Stat) -> Result<Option<LinkRule>> {
    let mount_forbids = forbids_links(&directory)?;
    if filesystem.is_proc() {
        return Ok(Some(LinkRule::Magic));
    }
    if mount_forbids {
        return Ok(Some(LinkRule::Mount));
    }
    let parent = Stat::of(&directory)?;
    let (sticky, others_write) = (parent.mode & 0o1000 != 0, parent.mode & 0o002 != 0);
    let is_planted = sticky && others_write && link.uid != euid() && link.uid != parent.uid;
    Ok(is_planted.then_some(LinkRule::Planted))
}
