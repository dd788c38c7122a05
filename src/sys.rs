//! The system calls, made again where a signal interrupts them.
//!
//! Local file systems do not say EINTR for most of these; FUSE and NFS may. It means that nothing was done, or, on a
//! network, that nothing is known: links and renames are followed by a look (`engine::settle`). Calls that move bytes
//! have loops of their own, as they may also be short. Every such loop ends: [`Retries`] counts.
//!
//! All calls go by way of libc, so that a preloaded library (fakeroot, eatmydata) sees them.

use std::ffi::CString;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::fs::{
    Access, AtFlags, FallocateFlags, FlockOperation, Mode, OFlags, RenameFlags, SeekFrom, StatFs, Statx, StatxFlags,
    Timestamps, XattrFlags,
};
use rustix::io::Errno;
use rustix::path::Arg;

type Result<T> = std::result::Result<T, Errno>;

/// Counts the attempts of a loop that makes a call again. A file system or a filter that gives the same answer for ever
/// must not keep the program for ever.
#[derive(Debug, Default)]
pub(crate) struct Retries(u32);

impl Retries {
    /// More in a row than signals or other readers of one pipe bring about, and soon over.
    const MOST: u32 = 1000;

    /// Once more, or, after too many attempts, the error of the last one.
    pub(crate) fn again(&mut self, errno: Errno) -> Result<()> {
        self.0 += 1;
        if self.0 < Self::MOST { Ok(()) } else { Err(errno) }
    }
}

fn retry_on_intr<T>(mut call: impl FnMut() -> Result<T>) -> Result<T> {
    let mut retries = Retries::default();
    loop {
        match call() {
            Err(Errno::INTR) => retries.again(Errno::INTR)?,
            done => return done,
        }
    }
}

/// One read or write at an offset. Somebody may have set `O_NONBLOCK` on the description, or a signal may interrupt it.
pub(crate) fn transfer(mut call: impl FnMut() -> Result<usize>) -> Result<usize> {
    let mut retries = Retries::default();
    loop {
        match call() {
            Err(errno @ (Errno::INTR | Errno::AGAIN)) => retries.again(errno)?,
            done => return done,
        }
    }
}

/// No child inherits what is opened here.
pub(crate) fn openat(directory: impl AsFd, path: impl Arg + Copy, flags: OFlags, mode: Mode) -> Result<OwnedFd> {
    retry_on_intr(|| rustix::fs::openat(&directory, path, flags | OFlags::CLOEXEC, mode))
}

/// Opens what exists.
pub(crate) fn open(directory: impl AsFd, path: impl Arg + Copy, flags: OFlags) -> Result<OwnedFd> {
    openat(directory, path, flags, Mode::empty())
}

/// Writes all of `bytes`, as messages are: the standard library would try again for ever.
pub(crate) fn write_all(file: impl AsFd, mut bytes: &[u8]) -> Result<()> {
    while !bytes.is_empty() {
        match transfer(|| rustix::io::write(&file, bytes))? {
            0 => return Err(Errno::IO),
            count => bytes = bytes.get(count..).unwrap_or_default(),
        }
    }
    Ok(())
}

/// A pipe that no child inherits: its reading end and its writing end.
pub(crate) fn pipe() -> Result<(OwnedFd, OwnedFd)> {
    retry_on_intr(|| rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC))
}

pub(crate) fn statx(directory: impl AsFd, path: impl Arg + Copy, flags: AtFlags, mask: StatxFlags) -> Result<Statx> {
    retry_on_intr(|| rustix::fs::statx(&directory, path, flags, mask))
}

pub(crate) fn statat(directory: impl AsFd, path: impl Arg + Copy, flags: AtFlags) -> Result<rustix::fs::Stat> {
    retry_on_intr(|| rustix::fs::statat(&directory, path, flags))
}

/// Whether the caller, by its effective ids, has this access to `name` in `directory`, which is open as `handle`.
///
/// By faccessat2(2), which alone counts effective ids and capabilities. libc falls back to faccessat(2) where the kernel
/// does not know it. A filter may say EPERM where it means that, and access(2) then answers, for the real ids.
/// `ENOSYS` means that nobody can say.
pub(crate) fn access(handle: impl AsFd, directory: impl AsFd, name: impl Arg + Copy, access: Access) -> Result<()> {
    match retry_on_intr(|| rustix::fs::accessat(&directory, name, access, AtFlags::EACCESS)) {
        Err(Errno::PERM | Errno::NOSYS) => {
            let path = proc_path(handle);
            match retry_on_intr(|| rustix::fs::access(path.as_str(), access)) {
                // Without /proc.
                Err(Errno::NOENT) => Err(Errno::NOSYS),
                answer => answer,
            }
        }
        answer => answer,
    }
}

/// The path that leads to an open file, whatever its name has become.
pub(crate) fn proc_path(file: impl AsFd) -> String {
    format!("/proc/self/fd/{}", file.as_fd().as_raw_fd())
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

/// rustix makes this call itself, past a preloaded library.
pub(crate) fn fchmod(file: impl AsFd, mode: u32) -> Result<()> {
    let mode = nix::sys::stat::Mode::from_bits_truncate(mode);
    retry_on_intr(|| nix::sys::stat::fchmod(&file, mode).map_err(from_nix))
}

/// rustix makes this call itself, past a preloaded library.
pub(crate) fn fchown(file: impl AsFd, owner: Option<u32>, group: Option<u32>) -> Result<()> {
    retry_on_intr(|| {
        std::os::unix::fs::fchown(&file, owner, group)
            .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
    })
}

/// "You may not", "not here" and "not such an id", as against a disk that fails or is full. Of metadata that is a difference
/// to be told; nothing has been changed.
pub(crate) fn is_refusal(errno: Errno) -> bool {
    matches!(errno, Errno::PERM | Errno::ACCESS | Errno::NOTSUP | Errno::INVAL | Errno::NOSYS | Errno::OVERFLOW)
}

/// The same error in rustix's words.
pub(crate) fn from_nix(errno: nix::errno::Errno) -> Errno {
    Errno::from_raw_os_error(errno as i32)
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

/// A small file of /proc, whole; `None` where it cannot be had.
pub(crate) fn read_small(path: &str) -> Option<String> {
    let file = open(rustix::fs::CWD, path, OFlags::RDONLY).ok()?;
    let mut text = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        match transfer(|| rustix::io::read(&file, &mut chunk)).ok()? {
            0 => return String::from_utf8(text).ok(),
            length => text.extend_from_slice(chunk.get(..length)?),
        }
    }
}
