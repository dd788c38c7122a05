//! Load, scarcity and attack. README.md beside this file says what is tried, and how to run more of it.

// What it is done with, only Linux has.
#![cfg(target_os = "linux")]
// A test fails by a panic: that is its way to speak.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// Nobody outside reads these.
#![allow(missing_docs, unreachable_pub)]

mod by_name;
#[path = "../common/mod.rs"]
mod common;
mod crowd;
mod limits;
mod many;
mod races;
mod size;
mod stalled;

/// How much is tried: a little by default, more for CI, everything on demand.
pub(crate) fn share<T>(little: T, short: T, long: T) -> T {
    match std::env::var("ATOMIC_WRITE_LOAD").unwrap_or_default().as_str() {
        "" => little,
        "short" => short,
        "long" => long,
        other => panic!("ATOMIC_WRITE_LOAD={other} is neither short nor long"),
    }
}

/// The names that begin as staging names do.
pub(crate) fn staging_names(directory: &std::path::Path) -> Vec<String> {
    common::names_in(directory).into_iter().filter(|name| name.starts_with(".aw-")).collect()
}

/// Tells what was done, captured or not.
pub(crate) fn tell(words: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "load: {words}");
}
