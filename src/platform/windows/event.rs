//! The one thing that [`wait`](super::wait) waits for: "something has happened". Threads report it, because Windows has
//! no call that waits for pipes, processes and the console at once.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Instant;

static HAPPENED: Mutex<u64> = Mutex::new(0);
static WAITERS: Condvar = Condvar::new();

/// A number that changes whenever something happens. Read it, then look; then no event is missed.
pub(super) fn count() -> u64 {
    *HAPPENED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Wakes whoever waits.
pub(super) fn notify() {
    *HAPPENED.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    WAITERS.notify_all();
}

/// Waits until something has happened since `seen`. Returns false at the deadline.
pub(super) fn wait_since(seen: u64, deadline: Option<Instant>) -> bool {
    let mut happened = HAPPENED.lock().unwrap_or_else(PoisonError::into_inner);
    while *happened == seen {
        let Some(deadline) = deadline else {
            happened = WAITERS.wait(happened).unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        happened = WAITERS.wait_timeout(happened, left).unwrap_or_else(PoisonError::into_inner).0;
    }
    true
}
