//! What the caller may do to a file, by its effective ids.

use rustix::fs::{Access, AtFlags};
use rustix::path::Arg;

use super::handle::FileHandle;
use crate::platform::unix::directory::DirectoryHandle;
use crate::platform::unix::errors::Result;
use crate::platform::unix::retry::retry_on_intr;

/// Whether the caller may write `name` in `directory`. EACCES means no.
pub(crate) fn may_write(_: &FileHandle, directory: &DirectoryHandle, name: impl Arg + Copy) -> Result<()> {
    access(directory, name, Access::WRITE_OK)
}

/// Whether the caller may create names in the directory. EACCES means no.
pub(crate) fn may_write_directory(directory: &DirectoryHandle) -> Result<()> {
    access(directory, ".", Access::WRITE_OK | Access::EXEC_OK)
}

fn access(directory: &DirectoryHandle, name: impl Arg + Copy, access: Access) -> Result<()> {
    retry_on_intr(|| rustix::fs::accessat(directory, name, access, AtFlags::EACCESS))
}
