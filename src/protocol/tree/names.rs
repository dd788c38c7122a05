//! The names in one directory.

use std::ffi::{OsStr, OsString};

use crate::error::{Result, at};
use crate::platform::{self, DirectoryHandle};
use crate::protocol::directory::Directory;

/// The names in the directory, sorted, without `.` and `..`.
pub(crate) fn names(directory: &DirectoryHandle) -> platform::Result<Vec<OsString>> {
    let mut names = Vec::new();
    platform::for_each_name(directory, |name| {
        if !is_dot(name) {
            names.push(name.to_owned());
        }
    })?;
    names.sort_unstable();
    Ok(names)
}

/// Whether the directory has no entries.
pub(crate) fn is_empty(directory: &Directory) -> Result<bool> {
    let mut is_empty = true;
    let listed = platform::for_each_name(directory, |name| is_empty &= is_dot(name));
    listed.map_err(at("read directory", directory.shown()))?;
    Ok(is_empty)
}

fn is_dot(name: &OsStr) -> bool {
    name == "." || name == ".."
}
