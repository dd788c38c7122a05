//! The call matrix: every system call of every scenario, with everything that can happen there.
//!
//! README.md beside this file says how it works, and how to run more or less of it.

// A case that cannot be set up ends its thread by a panic, which fails the whole.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// Nobody outside reads these.
#![allow(missing_docs, unreachable_pub)]

#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod linux;
// Of its parts each finds the others below `crate::`.
#[cfg(target_os = "linux")]
#[allow(clippy::wildcard_imports)]
pub(crate) use linux::*;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    linux::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("skipped: matrix needs Linux");
}
