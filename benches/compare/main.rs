//! Side by side: this program, what people use for the same job, and the bare system calls (benches/floor).
//!
//! `cargo bench` takes a quarter of an hour or more, and some free gigabytes. `ATOMIC_WRITE_BENCH=quick` shows in a
//! minute whether it works; its figures mean nothing. Words choose subjects: `cargo bench -- stream small`.
//! `--write` (or `ATOMIC_WRITE_BENCH_WRITE=1`) also writes benches/results.md and benches/results.svg.
//! `ATOMIC_WRITE_STATIC` names a static build to use rather than to make, `ATOMIC_WRITE_MUSL` one with musl, and
//! `ATOMIC_WRITE_TEST_DIR` a directory on the file system to measure on. Root also measures on file systems that it mounts.

// A benchmark fails by a panic.
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
fn main() {
    linux::main();
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("skipped: compare needs Linux");
}
