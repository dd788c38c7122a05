//! What the program was started with, seen before the Rust runtime changes it.
//!
//! The runtime opens `/dev/null` in place of a closed descriptor 0, 1 or 2 and ignores SIGPIPE, both before `main`.
//! A closed standard input must be an error and not an empty file, and a command must start with what we started
//! with, so one function runs earlier.

use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

/// Bit N: descriptor N was closed.
static CLOSED: AtomicU8 = AtomicU8::new(0);
/// Bit N-1: signal N was ignored, as in `SigIgn` of proc(5).
static IGNORED: AtomicU64 = AtomicU64::new(0);

#[ctor::ctor]
fn look() {
    let standard: [BorrowedFd<'static>; 3] = [rustix::stdio::stdin(), rustix::stdio::stdout(), rustix::stdio::stderr()];
    let closed = standard
        .iter()
        .enumerate()
        .filter(|(_, descriptor)| rustix::io::fcntl_getfd(descriptor) == Err(Errno::BADF))
        .fold(0, |bits, (number, _)| bits | 1 << number);
    CLOSED.store(closed, Ordering::Relaxed);
    IGNORED.store(ignored_signals().unwrap_or(0), Ordering::Relaxed);
}

/// Without /proc nothing is known to be ignored.
fn ignored_signals() -> Option<u64> {
    let status = rustix::fs::open("/proc/self/status", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    let mut text = [0; 4096];
    let length = rustix::io::read(&status, &mut text).ok()?;
    let text = text.get(..length)?;
    let key = b"SigIgn:\t";
    let start = text.windows(key.len()).position(|window| window == key)? + key.len();
    let digits = std::str::from_utf8(text.get(start..start + 16)?).ok()?;
    u64::from_str_radix(digits, 16).ok()
}

/// Whether descriptor `number` (0, 1 or 2) was closed when the program started.
pub(crate) fn was_closed(number: u8) -> bool {
    CLOSED.load(Ordering::Relaxed) & (1 << number) != 0
}

/// Whether `signal` was ignored when the program started, as nohup(1) arranges.
pub(crate) fn was_ignored(signal: i32) -> bool {
    (1..=64).contains(&signal) && IGNORED.load(Ordering::Relaxed) & (1 << (signal - 1)) != 0
}
