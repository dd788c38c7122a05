//! The state that the program started with, recorded before the Rust runtime changes it: it opens `/dev/null` in place of
//! a closed standard descriptor, and ignores SIGPIPE. Therefore one function runs before the runtime.

use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use rustix::io::Errno;

use super::ignored::is_ignored;

/// Bit N: descriptor N was closed.
static CLOSED: AtomicU8 = AtomicU8::new(0);
/// Bit N-1: signal N was ignored.
static IGNORED: AtomicU32 = AtomicU32::new(0);

#[ctor::ctor]
fn inspect() {
    let standard: [BorrowedFd<'static>; 3] = [rustix::stdio::stdin(), rustix::stdio::stdout(), rustix::stdio::stderr()];
    let closed = standard
        .iter()
        .enumerate()
        .filter(|(_, descriptor)| rustix::io::fcntl_getfd(descriptor) == Err(Errno::BADF))
        .fold(0, |bits, (number, _)| bits | 1 << number);
    CLOSED.store(closed, Ordering::Relaxed);
    let ignored = (1..=31).filter(|&signal| is_ignored(signal)).fold(0, |bits, signal| bits | 1 << (signal - 1));
    IGNORED.store(ignored, Ordering::Relaxed);
}

/// Whether descriptor `number` (0, 1 or 2) was closed when the program started.
pub(crate) fn was_closed(number: u8) -> bool {
    CLOSED.load(Ordering::Relaxed) & (1 << number) != 0
}

/// Whether `signal` was ignored when the program started, as after nohup(1).
pub(crate) fn was_ignored(signal: i32) -> bool {
    (1..=31).contains(&signal) && IGNORED.load(Ordering::Relaxed) & (1 << (signal - 1)) != 0
}
