//! System errors, and what the protocol may conclude from them.

pub(crate) use rustix::io::Errno;

/// The result of a system call.
pub(crate) type Result<T> = std::result::Result<T, Errno>;

/// The message for an error, without its number. It does not come from the C library, so that it is the same with each of
/// them. Only for an error that nix does not know it is the C library's.
pub(crate) fn os_message(error: impl Into<std::io::Error>) -> String {
    use nix::errno::Errno as Known;
    let error = error.into();
    match error.raw_os_error().map(Known::from_raw) {
        Some(known) if known != Known::UnknownErrno => known.desc().to_owned(),
        _ => {
            let text = error.to_string();
            text.split_once(" (os error").map_or(text.as_str(), |(words, _)| words).to_owned()
        }
    }
}

/// Converts to rustix's type.
pub(crate) fn from_nix(errno: nix::errno::Errno) -> Errno {
    Errno::from_raw_os_error(errno as i32)
}

/// Converts to rustix's type. An error without a number becomes `EIO`.
pub(crate) fn from_io(error: &std::io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}

/// Whether the error means that this system or sandbox does not let this call create or replace a name here.
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

/// Whether the error means that this file cannot have another hard link. Reasons are another user's file under
/// `protected_hardlinks`, another project id, too many links, or a file system without hard links.
pub(crate) fn refuses_links(errno: Errno) -> bool {
    matches!(errno, Errno::PERM | Errno::XDEV | Errno::MLINK | Errno::NOTSUP | Errno::NOSYS)
}
