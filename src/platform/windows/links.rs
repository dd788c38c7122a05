//! Rules for following a symbolic link. Windows lets only administrators and developers create one, and has no others.

use std::fmt;

use super::directory::DirectoryHandle;
use super::errors::Result;
use super::filesystem::FileSystem;
use super::stat::Stat;

/// Why a link is not followed.
#[allow(dead_code)] // The same set as elsewhere.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LinkRule {
    /// It does not lead where its text says.
    Magic,
    /// Another user may have planted it.
    Planted,
}

impl fmt::Display for LinkRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LinkRule::Magic => "does not lead where its text says",
            LinkRule::Planted => "is another user's symbolic link",
        })
    }
}

/// The rule that forbids following `link`.
pub(crate) fn forbidding_rule(_: &DirectoryHandle, _: FileSystem, _: &Stat) -> Result<Option<LinkRule>> {
    Ok(None)
}
