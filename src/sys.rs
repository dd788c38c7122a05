//! The system calls, made again where a signal interrupts them.
//!
//! Local file systems do not say EINTR for most of these; FUSE and NFS may. It means that nothing was done, or, on a
//! network, that nothing is known: links and renames are followed by a look (`engine::settle`). Calls that move bytes
//! have loops of their own, as they may also be short.

use std::ffi::CString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{
    Access, AtFlags, FallocateFlags, FlockOperation, Gid, Mode, OFlags, RenameFlags, SeekFrom, StatFs, Statx,
    StatxFlags, Timestamps, Uid, XattrFlags,
};
use rustix::io::{Errno, retry_on_intr};
use rustix::path::Arg;

type Result<T> = std::result::Result<T, Errno>;

/// No child inherits what is opened here.
pub(crate) fn openat(directory: impl AsFd, path: impl Arg + Copy, flags: OFlags, mode: Mode) -> Result<OwnedFd> {
    retry_on_intr(|| rustix::fs::openat(&directory, path, flags | OFlags::CLOEXEC, mode))
}

/// Opens what exists.
pub(crate) fn open(directory: impl AsFd, path: impl Arg + Copy, flags: OFlags) -> Result<OwnedFd> {
    openat(directory, path, flags, Mode::empty())
}

pub(crate) fn statx(directory: impl AsFd, path: impl Arg + Copy, flags: AtFlags, mask: StatxFlags) -> Result<Statx> {
    retry_on_intr(|| rustix::fs::statx(&directory, path, flags, mask))
}

pub(crate) fn statat(directory: impl AsFd, path: impl Arg + Copy, flags: AtFlags) -> Result<rustix::fs::Stat> {
    retry_on_intr(|| rustix::fs::statat(&directory, path, flags))
}

pub(crate) fn accessat(directory: impl AsFd, path: impl Arg + Copy, access: Access, flags: AtFlags) -> Result<()> {
    retry_on_intr(|| rustix::fs::accessat(&directory, path, access, flags))
}

pub(crate) fn readlinkat(directory: impl AsFd, path: impl Arg + Copy) -> Result<CString> {
    retry_on_intr(|| rustix::fs::readlinkat(&directory, path, Vec::new()))
}

pub(crate) fn linkat(
    from: impl AsFd,
    old: impl Arg + Copy,
    to: impl AsFd,
    new: impl Arg + Copy,
    flags: AtFlags,
) -> Result<()> {
    retry_on_intr(|| rustix::fs::linkat(&from, old, &to, new, flags))
}

pub(crate) fn renameat(directory: impl AsFd, old: impl Arg + Copy, new: impl Arg + Copy) -> Result<()> {
    retry_on_intr(|| rustix::fs::renameat(&directory, old, &directory, new))
}

/// Not for an exchange, which made twice is none.
pub(crate) fn rename_to_free(directory: impl AsFd, old: impl Arg + Copy, new: impl Arg + Copy) -> Result<()> {
    retry_on_intr(|| rustix::fs::renameat_with(&directory, old, &directory, new, RenameFlags::NOREPLACE))
}

pub(crate) fn unlinkat(directory: impl AsFd, path: impl Arg + Copy, flags: AtFlags) -> Result<()> {
    retry_on_intr(|| rustix::fs::unlinkat(&directory, path, flags))
}

pub(crate) fn mkdirat(directory: impl AsFd, path: impl Arg + Copy, mode: Mode) -> Result<()> {
    retry_on_intr(|| rustix::fs::mkdirat(&directory, path, mode))
}

pub(crate) fn fstatfs(file: impl AsFd) -> Result<StatFs> {
    retry_on_intr(|| rustix::fs::fstatfs(&file))
}

pub(crate) fn fchmod(file: impl AsFd, mode: u32) -> Result<()> {
    retry_on_intr(|| rustix::fs::fchmod(&file, Mode::from_raw_mode(mode)))
}

pub(crate) fn fchown(file: impl AsFd, owner: Option<Uid>, group: Option<Gid>) -> Result<()> {
    retry_on_intr(|| rustix::fs::fchown(&file, owner, group))
}

pub(crate) fn futimens(file: impl AsFd, times: &Timestamps) -> Result<()> {
    retry_on_intr(|| rustix::fs::futimens(&file, times))
}

pub(crate) fn fsetxattr(file: impl AsFd, name: impl Arg + Copy, value: &[u8]) -> Result<()> {
    retry_on_intr(|| rustix::fs::fsetxattr(&file, name, value, XattrFlags::empty()))
}

pub(crate) fn fremovexattr(file: impl AsFd, name: impl Arg + Copy) -> Result<()> {
    retry_on_intr(|| rustix::fs::fremovexattr(&file, name))
}

pub(crate) fn fgetxattr(file: impl AsFd, name: impl Arg + Copy, value: &mut [u8]) -> Result<usize> {
    retry_on_intr(|| rustix::fs::fgetxattr(&file, name, &mut *value))
}

pub(crate) fn flistxattr(file: impl AsFd, list: &mut [u8]) -> Result<usize> {
    retry_on_intr(|| rustix::fs::flistxattr(&file, &mut *list))
}

pub(crate) fn getxattr(path: &str, name: impl Arg + Copy, value: &mut [u8]) -> Result<usize> {
    retry_on_intr(|| rustix::fs::getxattr(path, name, &mut *value))
}

pub(crate) fn listxattr(path: &str, list: &mut [u8]) -> Result<usize> {
    retry_on_intr(|| rustix::fs::listxattr(path, &mut *list))
}

pub(crate) fn seek(file: impl AsFd, to: SeekFrom) -> Result<u64> {
    retry_on_intr(|| rustix::fs::seek(&file, to))
}

pub(crate) fn ftruncate(file: impl AsFd, size: u64) -> Result<()> {
    retry_on_intr(|| rustix::fs::ftruncate(&file, size))
}

pub(crate) fn fallocate(file: impl AsFd, flags: FallocateFlags, offset: u64, length: u64) -> Result<()> {
    retry_on_intr(|| rustix::fs::fallocate(&file, flags, offset, length))
}

pub(crate) fn ficlone(to: impl AsFd, from: impl AsFd) -> Result<()> {
    retry_on_intr(|| rustix::fs::ioctl_ficlone(&to, &from))
}

pub(crate) fn flock(file: impl AsFd, operation: FlockOperation) -> Result<()> {
    retry_on_intr(|| rustix::fs::flock(&file, operation))
}

pub(crate) fn fsync(file: BorrowedFd<'_>) -> Result<()> {
    retry_on_intr(|| rustix::fs::fsync(file))
}

pub(crate) fn fdatasync(file: BorrowedFd<'_>) -> Result<()> {
    retry_on_intr(|| rustix::fs::fdatasync(file))
}

pub(crate) fn syncfs(file: BorrowedFd<'_>) -> Result<()> {
    retry_on_intr(|| rustix::fs::syncfs(file))
}
