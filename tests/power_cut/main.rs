//! Simulated power cuts, by the thousand: what is on the disk after each of them is old or new, and after exit 0 new.
//!
//! README.md beside this file says how it works, what it covers, and how to run more or less of it.

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[path = "linux.rs"]
mod linux;
// Of its parts each finds the others below `crate::`.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[allow(clippy::wildcard_imports)]
pub(crate) use linux::*;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn main() -> std::process::ExitCode {
    linux::main()
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn main() {
    println!("skipped: power_cut needs Linux on x86-64, as its tracer knows the calls by their numbers");
}
