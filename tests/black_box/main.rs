//! Black-box tests of the built program. `tests/README.md` says what each module proves.

// A test fails by a panic: that is its way to speak.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// Nobody outside reads these.
#![allow(missing_docs, unreachable_pub)]

#[path = "../common/mod.rs"]
mod common;

mod docs;
#[cfg(target_os = "linux")]
mod linux;
mod portable;
