//! Short random names, for what is beside TARGET until the commit.
//!
//! A name cannot be guessed. It begins with a dot, contains no part of TARGET's name and has no extension, so it is
//! short even if TARGET's name is long, and a glob such as `*.conf` does not match it.

use std::ffi::{OsStr, OsString};

use crate::platform::{self, Errno, Result};

/// Every staging name begins with this prefix; 12 letters and digits follow.
const PREFIX: &str = ".aw-";
/// The number of letters and digits after the prefix.
const RANDOM_LENGTH: usize = 12;
/// How many random names are tried. A collision is extremely unlikely; a file system that reports one for every name
/// must not cause an endless loop.
const MAX_NAMES: usize = 64;

/// Calls `call` with new random names until one is free. Returns the name and the result of the call.
pub(crate) fn with_free_name<T>(call: impl Fn(&OsStr) -> Result<T>) -> Result<(OsString, T)> {
    for _ in 0..MAX_NAMES {
        let name = random_name()?;
        match call(&name) {
            Err(Errno::EXIST) => {}
            done => return done.map(|made| (name, made)),
        }
    }
    Err(Errno::EXIST)
}

/// A new random name.
pub(crate) fn random_name() -> Result<OsString> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnopqrstuvwxyz2345678";
    let mut bytes = [0; RANDOM_LENGTH];
    platform::random_bytes(&mut bytes)?;
    let random = bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)]));
    Ok(PREFIX.chars().chain(random).collect::<String>().into())
}
