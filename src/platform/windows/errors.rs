//! System errors, by their Win32 codes, and what the protocol may conclude from them.

use std::fmt;
use std::io::ErrorKind;

/// A system error. Codes that mean the same to this program are one value; the names are POSIX's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Errno(u32);

/// The result of a system call.
pub(crate) type Result<T> = std::result::Result<T, Errno>;

/// Bit 29 marks a code as the application's own.
const OURS: u32 = 1 << 29;

#[allow(dead_code)] // The same set as elsewhere.
impl Errno {
    pub(crate) const NOSYS: Errno = Errno(1);
    pub(crate) const NOENT: Errno = Errno(2);
    pub(crate) const MFILE: Errno = Errno(4);
    pub(crate) const ACCESS: Errno = Errno(5);
    pub(crate) const BADF: Errno = Errno(6);
    pub(crate) const XDEV: Errno = Errno(17);
    pub(crate) const ROFS: Errno = Errno(19);
    /// Another program has the file open in a way that excludes the call.
    pub(crate) const BUSY: Errno = Errno(32);
    pub(crate) const WOULDBLOCK: Errno = Errno(33);
    pub(crate) const AGAIN: Errno = Errno::WOULDBLOCK;
    pub(crate) const NOTSUP: Errno = Errno(50);
    pub(crate) const INVAL: Errno = Errno(87);
    pub(crate) const PIPE: Errno = Errno(109);
    pub(crate) const NOSPC: Errno = Errno(112);
    pub(crate) const NOTEMPTY: Errno = Errno(145);
    pub(crate) const EXIST: Errno = Errno(183);
    pub(crate) const NOEXEC: Errno = Errno(193);
    pub(crate) const NAMETOOLONG: Errno = Errno(206);
    pub(crate) const FBIG: Errno = Errno(223);
    pub(crate) const NOTDIR: Errno = Errno(267);
    pub(crate) const OVERFLOW: Errno = Errno(534);
    pub(crate) const IO: Errno = Errno(1117);
    pub(crate) const MLINK: Errno = Errno(1142);
    pub(crate) const DQUOT: Errno = Errno(1295);
    /// A privilege is missing.
    pub(crate) const PERM: Errno = Errno(1314);
    pub(crate) const LOOP: Errno = Errno(1921);
    pub(crate) const INTR: Errno = Errno(OURS | 1);
    pub(crate) const STALE: Errno = Errno(OURS | 2);
    pub(crate) const ISDIR: Errno = Errno(OURS | 3);
    pub(crate) const NOLCK: Errno = Errno(OURS | 4);
    pub(crate) const NFILE: Errno = Errno(OURS | 5);

    /// The error of a Win32 code.
    pub(in crate::platform) fn from_code(code: u32) -> Errno {
        match code {
            // Path, drive, network path, network name.
            2 | 3 | 15 | 53 | 67 => Errno::NOENT,
            // The same as on a full disk.
            39 => Errno::NOSPC,
            // The name exists.
            80 => Errno::EXIST,
            // "Not implemented".
            120 => Errno::NOSYS,
            // The pipe is being closed.
            232 | 233 => Errno::PIPE,
            // "The directory name is invalid".
            336 => Errno::NOTDIR,
            // The disk reports an error: data, sector, device.
            23 | 27 | 31 => Errno::IO,
            // The caller may not assign this owner.
            1307 | 1308 => Errno::PERM,
            code => Errno(code),
        }
    }
}

impl From<Errno> for std::io::Error {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::INTR => std::io::Error::other("the call was interrupted"),
            Errno::STALE => std::io::Error::other("another file has the name by now"),
            Errno::ISDIR => std::io::Error::other("is a directory"),
            Errno(code) => i32::try_from(code).map_or_else(std::io::Error::other, std::io::Error::from_raw_os_error),
        }
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&os_message(*self))
    }
}

impl std::error::Error for Errno {}

/// The system's message for an error, without its number and its full stop.
pub(crate) fn os_message(error: impl Into<std::io::Error>) -> String {
    let text = error.into().to_string();
    let text = text.find(" (os error").map_or(text.as_str(), |end| text.get(..end).unwrap_or(&text));
    text.trim_end_matches(['.', ' ', '\r', '\n']).to_owned()
}

/// An error of the standard library's own has no code, as when it finds no program of a name.
pub(crate) fn from_io(error: &std::io::Error) -> Errno {
    match (error.raw_os_error().and_then(|code| u32::try_from(code).ok()), error.kind()) {
        (Some(code), _) => Errno::from_code(code),
        (None, ErrorKind::NotFound) => Errno::NOENT,
        (None, ErrorKind::InvalidInput) => Errno::INVAL,
        (None, _) => Errno::IO,
    }
}

/// For calls of the standard library.
pub(in crate::platform) fn done<T>(result: std::io::Result<T>) -> Result<T> {
    result.map_err(|error| from_io(&error))
}

/// Whether the error means that this system or sandbox does not let this call create or replace a name here.
pub(crate) fn refuses_names(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::PERM
            | Errno::ACCESS
            | Errno::XDEV
            | Errno::BUSY
            | Errno::NOSYS
            | Errno::NOTSUP
            | Errno::INVAL
            | Errno::MLINK
            | Errno::EXIST
    )
}

/// Whether the error means that this file cannot have another hard link.
pub(crate) fn refuses_links(errno: Errno) -> bool {
    matches!(errno, Errno::PERM | Errno::ACCESS | Errno::XDEV | Errno::MLINK | Errno::NOTSUP | Errno::NOSYS)
}
