//! What the program was started with, seen before the Rust runtime changes it.
//!
//! The runtime opens `/dev/null` in place of a closed descriptor 0, 1 or 2 and ignores SIGPIPE, both before `main`.
//! A closed standard input must be an error and not an empty file, and a command must start with what we started
//! with. Nothing tells later: daemon(3) and Python's `subprocess.DEVNULL` give the same `/dev/null`, open for reading
//! and writing, and SIGPIPE is then ignored in either case. So one function runs earlier.
//!
//! To have it called then is `unsafe`: it is listed in a section of the program, and what stands there no compiler
//! checks. ctor lists it in our place, where the lint does not look. The function itself is safe code and uses nothing
//! that the runtime would first have to set up.

use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

/// Bit N: descriptor N was closed.
static CLOSED: AtomicU8 = AtomicU8::new(0);
/// Bit N-1: signal N was ignored, as in `sigignore` of proc_pid_stat(5). There are no real-time signals in it.
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
    IGNORED.store(ignored_signals().unwrap_or(0), Ordering::Relaxed);
}

/// Without /proc nothing is known to be ignored. Of the two files that tell, the one that the kernel makes sooner: it
/// tells of all signals but the real-time ones.
fn ignored_signals() -> Option<u32> {
    let stat = rustix::fs::open("/proc/self/stat", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    let mut text = [0; 1024];
    let length = rustix::io::read(&stat, &mut text).ok()?;
    let text = text.get(..length)?;
    // Anything may stand in the parentheses around the program's name, which is the second field; this is the 33rd.
    let after_name = text.iter().rposition(|&byte| byte == b')')? + 1;
    let ignored = text.get(after_name..)?.split(|&byte| byte == b' ').nth(31)?;
    std::str::from_utf8(ignored).ok()?.parse().ok()
}

/// Whether descriptor `number` (0, 1 or 2) was closed when the program started.
pub(crate) fn was_closed(number: u8) -> bool {
    CLOSED.load(Ordering::Relaxed) & (1 << number) != 0
}

/// Whether `signal`, which has a name, was ignored when the program started, as nohup(1) arranges.
pub(crate) fn was_ignored(signal: i32) -> bool {
    (1..=31).contains(&signal) && IGNORED.load(Ordering::Relaxed) & (1 << (signal - 1)) != 0
}
