//! The thread that shows the progress.

use std::io::IsTerminal;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use super::state::{State, lock};
use crate::platform;

/// How long work is shown nothing of, and how often the line is drawn again: on a terminal and elsewhere.
const ON_TERMINAL: [Duration; 2] = [Duration::from_millis(500), Duration::from_millis(100)];
const ELSEWHERE: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(10)];

/// The thread. Signals are for the other one.
pub(super) struct Ticker {
    stop: Arc<Stop>,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct Stop {
    requested: Mutex<bool>,
    changed: Condvar,
}

impl Ticker {
    pub(super) fn start(state: &Arc<State>) -> platform::Result<Ticker> {
        let stop = Arc::new(Stop::default());
        let (state, theirs) = (Arc::clone(state), Arc::clone(&stop));
        let thread = platform::start_thread(move || tick(&state, &theirs))?;
        Ok(Ticker { stop, thread })
    }

    /// Returns once it shows nothing more.
    pub(super) fn stop(self) {
        *lock(&self.stop.requested) = true;
        self.stop.changed.notify_all();
        let _ = self.thread.join();
    }
}

impl Stop {
    /// Waits for the time. Returns whether the thread is to go on.
    fn is_not_requested_for(&self, time: Duration) -> bool {
        let waited = self.changed.wait_timeout_while(lock(&self.requested), time, |requested| !*requested);
        waited.is_ok_and(|(requested, _)| !*requested)
    }
}

fn tick(state: &State, stop: &Stop) {
    let is_terminal = std::io::stderr().is_terminal();
    let [mut time, then] = if is_terminal { ON_TERMINAL } else { ELSEWHERE };
    while stop.is_not_requested_for(time) {
        if is_terminal {
            state.draw();
        } else {
            state.tell();
        }
        time = then;
    }
}
