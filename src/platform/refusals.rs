//! What the protocol may conclude from an error on every system.

use crate::platform::system::errors::Errno;

/// Whether the error means "not permitted", "not supported" or "no such id", as opposed to a failing or full disk. For
/// metadata, such a refusal is a difference to report; nothing was changed.
pub(crate) fn is_metadata_refusal(errno: Errno) -> bool {
    matches!(errno, Errno::PERM | Errno::ACCESS | Errno::NOTSUP | Errno::INVAL | Errno::NOSYS | Errno::OVERFLOW)
}

/// Whether the error means that the file system, the kernel or a seccomp filter lacks the rename flag or hard links.
pub(crate) fn is_unsupported_rename(errno: Errno) -> bool {
    matches!(errno, Errno::INVAL | Errno::NOSYS | Errno::NOTSUP | Errno::PERM)
}

/// Whether the error means that the file system cannot sync this kind of file.
pub(crate) fn is_unsupported_sync(errno: Errno) -> bool {
    matches!(errno, Errno::INVAL | Errno::NOTSUP | Errno::NOSYS)
}

/// Whether the disk is full, or a quota or the file size limit is exhausted.
pub(crate) fn is_full(errno: Errno) -> bool {
    matches!(errno, Errno::NOSPC | Errno::DQUOT | Errno::FBIG)
}

/// Whether the process or the system has too many files open.
pub(crate) fn is_out_of_descriptors(errno: Errno) -> bool {
    matches!(errno, Errno::MFILE | Errno::NFILE)
}
