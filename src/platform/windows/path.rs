//! Paths as the system takes them.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf, Prefix};

use super::errors::{Result, done};

/// The absolute path, in the form that has no limit of 260 characters and in which no name has another meaning.
pub(super) fn verbatim(path: &Path) -> Result<PathBuf> {
    let path = done(std::path::absolute(path))?;
    let Some(Component::Prefix(prefix)) = path.components().next() else { return Ok(path) };
    let rest = path.components().skip(1);
    let mut text = OsString::from(r"\\?\");
    match prefix.kind() {
        Prefix::Disk(_) => text.push(prefix.as_os_str()),
        Prefix::UNC(server, share) => {
            text.push(r"UNC\");
            text.push(server);
            text.push(r"\");
            text.push(share);
        }
        // It is verbatim already, or a device.
        _ => return Ok(path),
    }
    let mut long = PathBuf::from(text);
    long.extend(rest);
    Ok(long)
}

/// Whether the path leads to another machine.
pub(super) fn is_remote(path: &Path) -> bool {
    let Some(Component::Prefix(prefix)) = path.components().next() else { return false };
    matches!(prefix.kind(), Prefix::UNC(..) | Prefix::VerbatimUNC(..))
}
