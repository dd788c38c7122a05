//! The system calls that matter to a power cut.

use nix::libc;

use crate::scenario::Refused;
use crate::tracer::Call;

/// How often the simulator acts after such a call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Moves data, up to a thousand times in a run: some of these calls are enough.
    Data,
    /// A step of the protocol: each is followed by a mark and by background I/O.
    Step,
}

/// The name of a call that changes what is or will be on the disk.
pub(crate) fn modifies(call: &Call) -> Option<(&'static str, Kind)> {
    let found = match call.number {
        libc::SYS_write => ("write", Kind::Data),
        libc::SYS_writev => ("writev", Kind::Data),
        libc::SYS_pwrite64 => ("pwrite64", Kind::Data),
        libc::SYS_splice => ("splice", Kind::Data),
        libc::SYS_sendfile => ("sendfile", Kind::Data),
        libc::SYS_copy_file_range => ("copy_file_range", Kind::Data),
        libc::SYS_fadvise64 => ("fadvise64", Kind::Data),
        libc::SYS_sync_file_range => ("sync_file_range", Kind::Data),
        libc::SYS_ioctl => ("ioctl", Kind::Data),
        libc::SYS_fallocate => ("fallocate", Kind::Step),
        libc::SYS_ftruncate => ("ftruncate", Kind::Step),
        libc::SYS_openat if may_create(call) => ("openat", Kind::Step),
        libc::SYS_link | libc::SYS_linkat => ("linkat", Kind::Step),
        libc::SYS_rename | libc::SYS_renameat | libc::SYS_renameat2 => ("rename", Kind::Step),
        libc::SYS_unlink | libc::SYS_unlinkat => ("unlink", Kind::Step),
        libc::SYS_symlink | libc::SYS_symlinkat => ("symlink", Kind::Step),
        libc::SYS_mkdir | libc::SYS_mkdirat => ("mkdir", Kind::Step),
        libc::SYS_rmdir => ("rmdir", Kind::Step),
        libc::SYS_chmod | libc::SYS_fchmod | libc::SYS_fchmodat | FCHMODAT2 => ("chmod", Kind::Step),
        libc::SYS_chown | libc::SYS_fchown | libc::SYS_fchownat => ("chown", Kind::Step),
        libc::SYS_setxattr | libc::SYS_lsetxattr | libc::SYS_fsetxattr => ("setxattr", Kind::Step),
        libc::SYS_removexattr | libc::SYS_lremovexattr | libc::SYS_fremovexattr => ("removexattr", Kind::Step),
        libc::SYS_close => ("close", Kind::Data),
        _ if is_sync(call) => ("sync", Kind::Step),
        _ => return None,
    };
    Some(found)
}

/// Not yet in every libc's headers.
const FCHMODAT2: i64 = 452;

pub(crate) fn is_sync(call: &Call) -> bool {
    matches!(call.number, libc::SYS_fsync | libc::SYS_fdatasync | libc::SYS_syncfs | libc::SYS_sync)
}

/// Whether a call of this name gives a name to a file.
pub(crate) fn names(name: &str) -> bool {
    matches!(name, "linkat" | "rename")
}

/// The error of a system that does not support what is called for.
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
