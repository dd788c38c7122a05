//! Words of a command line, as bytes.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// The word of these bytes. `None` if there is no such word on this system.
#[allow(clippy::unnecessary_wraps)] // Elsewhere there is none for some.
pub(crate) fn from_bytes(bytes: &[u8]) -> Option<&OsStr> {
    Some(OsStr::from_bytes(bytes))
}

pub(in crate::platform) fn units(word: &OsStr) -> Vec<u8> {
    word.as_bytes().to_vec()
}

pub(in crate::platform) fn from_units(units: &[u8]) -> OsString {
    OsStr::from_bytes(units).to_owned()
}
