//! The system's errors, and what the protocol may conclude from them.

pub(crate) use rustix::io::Errno;

/// The result of a call to the system.
pub(crate) type Result<T> = std::result::Result<T, Errno>;

/// The system's message for an error, without its number.
pub(crate) fn os_message(error: impl Into<std::io::Error>) -> String {
    let text = error.into().to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

/// The same error in rustix's type.
pub(crate) fn from_nix(errno: nix::errno::Errno) -> Errno {
    Errno::from_raw_os_error(errno as i32)
}

/// The same error in rustix's type; `EIO` for one that has no number.
pub(crate) fn from_io(error: &std::io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}

/// "You may not", "not here" and "no such id", as opposed to a disk that fails or is full. Of metadata that is a
/// difference to be reported; nothing has been changed.
pub(crate) fn is_refusal(errno: Errno) -> bool {
    matches!(errno, Errno::PERM | Errno::ACCESS | Errno::NOTSUP | Errno::INVAL | Errno::NOSYS | Errno::OVERFLOW)
}

/// Whether the error says that this system, or this sandbox, does not let a name be made or replaced here, by this way.
pub(crate) fn refuses_names(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::PERM
            | Errno::ACCESS
            | Errno::XDEV
            | Errno::BUSY
            | Errno::TXTBSY
            | Errno::NOSYS
            | Errno::NOTSUP
            | Errno::INVAL
            | Errno::MLINK
            | Errno::EXIST
    )
}

/// What file systems, kernels and filters answer that do not know the flags of a rename, or hard links.
pub(crate) fn is_unsupported_rename(errno: Errno) -> bool {
    matches!(errno, Errno::INVAL | Errno::NOSYS | Errno::NOTSUP | Errno::PERM)
}

/// What is answered where there can be no other link of this file: another's file under `protected_hardlinks`, another
/// project, too many links, or a file system without hard links.
pub(crate) fn refuses_links(errno: Errno) -> bool {
    matches!(errno, Errno::PERM | Errno::XDEV | Errno::MLINK | Errno::NOTSUP | Errno::NOSYS)
}

/// What a file system answers that cannot sync this kind of file.
pub(crate) fn is_unsupported_sync(errno: Errno) -> bool {
    matches!(errno, Errno::INVAL | Errno::NOTSUP | Errno::NOSYS)
}

/// Whether there is no room: on the disk, in a quota, or below the file size limit.
pub(crate) fn is_full(errno: Errno) -> bool {
    matches!(errno, Errno::NOSPC | Errno::DQUOT | Errno::FBIG)
}
