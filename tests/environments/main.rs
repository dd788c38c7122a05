//! The black-box suite where the system is another one: an old kernel, a container, no /proc, FUSE. See `README.md`.

// A test fails by a panic: that is its way to speak.
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
    println!("skipped: environments needs Linux");
}
