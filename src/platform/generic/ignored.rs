//! The one question that no safe call answers: whether a signal is ignored.
//!
//! POSIX tells it only by sigaction(2), which every crate wraps as `unsafe`, because the same call can set a handler.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::ptr;

use nix::libc;

/// Bit N-1: signal N is ignored.
pub(in crate::platform) fn ignored_signals() -> u32 {
    (1..=31).filter(|&signal| is_ignored(signal)).fold(0, |bits, signal| bits | 1 << (signal - 1))
}

/// Whether the signal is ignored.
fn is_ignored(signal: i32) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: without a new action, sigaction(2) changes nothing, and writes the current one to `action`.
    let done = unsafe { libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) };
    // SAFETY: all-zero bytes are a valid `sigaction`, whether or not the call has written to it.
    let action = unsafe { action.assume_init() };
    done == 0 && action.sa_sigaction == libc::SIG_IGN
}
