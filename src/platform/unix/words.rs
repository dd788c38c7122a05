//! Words of a command line, as bytes.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

pub(in crate::platform) fn units(word: &OsStr) -> Vec<u8> {
    word.as_bytes().to_vec()
}

pub(in crate::platform) fn from_units(units: &[u8]) -> OsString {
    OsStr::from_bytes(units).to_owned()
}
