//! Black-box tests of the built program. `tests/README.md` says what each module proves.

// A test fails by a panic: that is its way to speak.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// Nobody outside reads these.
#![allow(missing_docs, unreachable_pub)]

#[path = "../common/mod.rs"]
mod common;

// Of what is written, one system is judge enough.
#[cfg(all(target_os = "linux", not(generic_unix)))]
mod docs;
// A program that was built for any Unix does nothing as only Linux can.
#[cfg(all(target_os = "linux", not(generic_unix)))]
mod linux;
mod portable;
