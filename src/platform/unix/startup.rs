//! The state that the program started with, recorded before the Rust runtime changes it.
//!
//! Before `main`, the runtime opens `/dev/null` in place of a closed descriptor 0, 1 or 2, and ignores SIGPIPE. A
//! closed standard input must be an error rather than an empty file, and a command must start with what this program
//! started with. This cannot be found out later: daemon(3) and Python's `subprocess.DEVNULL` pass the same `/dev/null`,
//! open for reading and writing, and SIGPIPE is ignored in both cases. Therefore one function runs before the runtime.
//!
//! Registering such a function is `unsafe`: it is listed in a section of the executable, which no compiler checks. The
//! ctor crate contains that code, where our lint against `unsafe` does not apply. The function itself is safe code, and
//! uses nothing that the runtime would have to initialize.

use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use rustix::io::Errno;

use crate::platform::system::ignored::ignored_signals;

/// Bit N: descriptor N was closed.
static CLOSED: AtomicU8 = AtomicU8::new(0);
/// Bit N-1: signal N was ignored. There are no bits for real-time signals.
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
    IGNORED.store(ignored_signals(), Ordering::Relaxed);
}

/// Whether descriptor `number` (0, 1 or 2) was closed when the program started.
pub(crate) fn was_closed(number: u8) -> bool {
    CLOSED.load(Ordering::Relaxed) & (1 << number) != 0
}

/// Whether `signal`, which is not a real-time signal, was ignored when the program started, as after nohup(1).
pub(crate) fn was_ignored(signal: i32) -> bool {
    (1..=31).contains(&signal) && IGNORED.load(Ordering::Relaxed) & (1 << (signal - 1)) != 0
}
