//! What the caller may do to a file, by its effective ids and capabilities.

use std::os::fd::AsFd;

use rustix::fs::{Access, AtFlags};
use rustix::path::Arg;

use super::handle::FileHandle;
use super::proc::descriptor_path;
use crate::platform::unix::directory::DirectoryHandle;
use crate::platform::unix::errors::{Errno, Result};
use crate::platform::unix::retry::retry_on_intr;

/// Whether the caller may write `name` in `directory`, which is open as `handle`. EACCES means no, ENOSYS unknown.
pub(crate) fn may_write(handle: &FileHandle, directory: &DirectoryHandle, name: impl Arg + Copy) -> Result<()> {
    access(handle, directory, name, Access::WRITE_OK)
}

/// Whether the caller may create names in the directory. EACCES means no, ENOSYS unknown.
pub(crate) fn may_write_directory(directory: &DirectoryHandle) -> Result<()> {
    access(directory, directory, ".", Access::WRITE_OK | Access::EXEC_OK)
}

/// Uses faccessat2(2), the only call that considers effective ids and capabilities. libc falls back to faccessat(2) if
/// the kernel lacks it. A seccomp filter may return EPERM instead of ENOSYS; then access(2) answers, for the real ids.
pub(super) fn access(handle: impl AsFd, directory: impl AsFd, name: impl Arg + Copy, access: Access) -> Result<()> {
    match retry_on_intr(|| rustix::fs::accessat(&directory, name, access, AtFlags::EACCESS)) {
        Err(Errno::PERM | Errno::NOSYS) => {
            let path = descriptor_path(handle);
            match retry_on_intr(|| rustix::fs::access(path.as_str(), access)) {
                // Without /proc.
                Err(Errno::NOENT) => Err(Errno::NOSYS),
                answer => answer,
            }
        }
        answer => answer,
    }
}
