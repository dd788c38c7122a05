//! A command that was sent SIGTERM because the replacement failed.

use std::time::{Duration, Instant};

use crate::platform::{Child, Event, Signals, Woken, wait};

/// How long to wait for a command that was sent SIGTERM.
const GRACE: Duration = Duration::from_secs(2);

/// A command that was sent SIGTERM because the replacement failed.
#[derive(Debug)]
pub(crate) struct Terminated {
    child: Child,
    name: String,
}

impl Terminated {
    /// Sends SIGTERM. `name` is for messages.
    pub(super) fn new(child: Child, name: String) -> Terminated {
        child.terminate();
        Terminated { child, name }
    }

    /// Waits for its end, for a limited time. Returns a message if it still runs.
    pub(crate) fn wait_for_exit(mut self, signals: &Signals) -> Option<String> {
        let deadline = Instant::now().checked_add(GRACE);
        loop {
            signals.clear_children();
            if self.child.try_wait().is_ok_and(|status| status.is_some()) {
                return None;
            }
            let woken = wait([Some(Event::ChildEnded)], Some(signals), deadline);
            // A signal during this wait means that the user wants to stop waiting.
            if !matches!(woken, Ok(Woken::Ready(_))) || signals.caught().is_some() {
                return Some(format!("{} (process {}) still runs", self.name, self.child.id()));
            }
        }
    }
}
