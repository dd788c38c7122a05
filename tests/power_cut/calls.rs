//! The system calls that matter to a power cut.

use nix::libc;

use crate::scenario::Refused;
use crate::tracer::Call;

/// What the laboratory does about a call that has returned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// Moves data, perhaps a thousand times in a run: some of the calls are enough.
    Data,
    /// A step of the protocol: each is followed by a mark and by noise.
    Step,
}

/// The name of a call that changes what is or will be on the disk.
pub(crate) fn changes(call: &Call) -> Option<(&'static str, Weight)> {
    let found = match call.number {
        libc::SYS_write => ("write", Weight::Data),
        libc::SYS_writev => ("writev", Weight::Data),
        libc::SYS_pwrite64 => ("pwrite64", Weight::Data),
        libc::SYS_splice => ("splice", Weight::Data),
        libc::SYS_sendfile => ("sendfile", Weight::Data),
        libc::SYS_copy_file_range => ("copy_file_range", Weight::Data),
        libc::SYS_fadvise64 => ("fadvise64", Weight::Data),
        libc::SYS_sync_file_range => ("sync_file_range", Weight::Data),
        libc::SYS_ioctl => ("ioctl", Weight::Data),
        libc::SYS_fallocate => ("fallocate", Weight::Step),
        libc::SYS_ftruncate => ("ftruncate", Weight::Step),
        libc::SYS_openat if may_create(call) => ("openat", Weight::Step),
        libc::SYS_link | libc::SYS_linkat => ("linkat", Weight::Step),
        libc::SYS_rename | libc::SYS_renameat | libc::SYS_renameat2 => ("rename", Weight::Step),
        libc::SYS_unlink | libc::SYS_unlinkat => ("unlink", Weight::Step),
        libc::SYS_symlink | libc::SYS_symlinkat => ("symlink", Weight::Step),
        libc::SYS_mkdir | libc::SYS_mkdirat => ("mkdir", Weight::Step),
        libc::SYS_rmdir => ("rmdir", Weight::Step),
        libc::SYS_chmod | libc::SYS_fchmod | libc::SYS_fchmodat | FCHMODAT2 => ("chmod", Weight::Step),
        libc::SYS_chown | libc::SYS_fchown | libc::SYS_fchownat => ("chown", Weight::Step),
        libc::SYS_setxattr | libc::SYS_lsetxattr | libc::SYS_fsetxattr => ("setxattr", Weight::Step),
        libc::SYS_removexattr | libc::SYS_lremovexattr | libc::SYS_fremovexattr => ("removexattr", Weight::Step),
        libc::SYS_close => ("close", Weight::Data),
        _ if is_sync(call) => ("sync", Weight::Step),
        _ => return None,
    };
    Some(found)
}

/// Not yet in every libc's headers.
const FCHMODAT2: i64 = 452;

pub(crate) fn is_sync(call: &Call) -> bool {
    matches!(call.number, libc::SYS_fsync | libc::SYS_fdatasync | libc::SYS_syncfs | libc::SYS_sync)
}

/// The error with which a system answers that does not offer what is called for.
pub(crate) fn refusal(call: &Call, refused: &[Refused]) -> Option<i32> {
    let (what, errno) = match call.number {
        libc::SYS_openat if has(call, libc::O_TMPFILE) => (Refused::UnnamedFiles, libc::EOPNOTSUPP),
        libc::SYS_renameat2 if call.arguments[4] != 0 => (Refused::RenameFlags, libc::EINVAL),
        libc::SYS_link | libc::SYS_linkat => (Refused::HardLinks, libc::EPERM),
        _ => return None,
    };
    refused.contains(&what).then_some(errno)
}

fn may_create(call: &Call) -> bool {
    has(call, libc::O_CREAT) || has(call, libc::O_TMPFILE) || has(call, libc::O_TRUNC)
}

fn has(call: &Call, flag: i32) -> bool {
    let flag = u64::from(flag.cast_unsigned());
    call.arguments[2] & flag == flag
}
