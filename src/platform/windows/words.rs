//! Words of a command line, as UTF-16 units.

use std::ffi::{OsStr, OsString};
use std::os::windows::ffi::{OsStrExt, OsStringExt};

pub(in crate::platform) fn units(word: &OsStr) -> Vec<u16> {
    word.encode_wide().collect()
}

pub(in crate::platform) fn from_units(units: &[u16]) -> OsString {
    OsString::from_wide(units)
}
