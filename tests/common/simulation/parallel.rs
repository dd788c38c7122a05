//! Work that several threads take from one queue.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Hands each item to one of the threads, each of which has a state of its own.
pub fn for_each<T: Send, S>(
    items: Vec<T>,
    threads: usize,
    state: impl Fn() -> S + Sync,
    run: impl Fn(&mut S, T) + Sync,
) {
    let queue = Mutex::new(VecDeque::from(items));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut state = state();
                loop {
                    // The lock is not held while the item is worked on.
                    let Some(item) = lock(&queue).pop_front() else { break };
                    run(&mut state, item);
                }
            });
        }
    });
}

/// A thread that panicked while it held the lock has reported the panic; the others continue.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
