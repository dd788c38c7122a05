//! Simulated power cuts, by the thousand: what is on the disk after each of them is old or new, and after exit 0 new.
//!
//! README.md beside this file says how it works, what it covers, and how to run more or less of it.

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
    println!("skipped: power_cut needs Linux");
}
