//! Words of a command line, as UTF-16 units.

use std::ffi::{OsStr, OsString};
use std::os::windows::ffi::{OsStrExt, OsStringExt};

/// The word of these bytes, in UTF-8. `None` if they are something else.
pub(crate) fn from_bytes(bytes: &[u8]) -> Option<&OsStr> {
    std::str::from_utf8(bytes).ok().map(OsStr::new)
}

pub(in crate::platform) fn units(word: &OsStr) -> Vec<u16> {
    word.encode_wide().collect()
}

pub(in crate::platform) fn from_units(units: &[u16]) -> OsString {
    OsString::from_wide(units)
}
