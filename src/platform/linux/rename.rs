//! The names in a directory.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{Dir, OFlags};

use crate::platform::unix::directory::DirectoryHandle;
use crate::platform::unix::errors::Result;
pub(crate) use crate::platform::unix::flagged_rename::{exchange_once, rename_noreplace};
use crate::platform::unix::open::open;

/// Calls `call` with each name in the directory.
pub(crate) fn for_each_name(directory: &DirectoryHandle, mut call: impl FnMut(&OsStr)) -> Result<()> {
    // A separate open file description starts at the first entry. Reading the names should not update the access time;
    // only the owner may request that.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY;
    let open = |flags| open(directory, ".", flags);
    let mut entries = Dir::new(open(flags | OFlags::NOATIME).or_else(|_| open(flags))?)?;
    while let Some(entry) = entries.read() {
        call(OsStr::from_bytes(entry?.file_name().to_bytes()));
    }
    Ok(())
}
