//! A command that was asked to end because of a failure of ours.

use std::time::{Duration, Instant};

use crate::platform::{Child, Signals, Woken, wait};

/// How long a process that was sent SIGTERM because of a failure of ours is waited for.
const GRACE: Duration = Duration::from_secs(2);

/// A command that was asked to end because of a failure of ours.
#[derive(Debug)]
pub(crate) struct Abandoned {
    child: Child,
    name: String,
}

impl Abandoned {
    /// Asks it to end. `name` is for messages.
    pub(super) fn new(child: Child, name: String) -> Abandoned {
        child.terminate();
        Abandoned { child, name }
    }

    /// Waits for its end, but not for long. Returns what is to be reported where it still runs.
    pub(crate) fn see_off(mut self, signals: &Signals) -> Option<String> {
        let deadline = Instant::now().checked_add(GRACE);
        loop {
            signals.clear_children();
            if self.child.try_wait().is_ok_and(|status| status.is_some()) {
                return None;
            }
            let ended = signals.children().ok()?;
            let woken = wait([Some(ended)], Some(signals), deadline);
            // Whoever sends a signal now has waited long enough.
            if !matches!(woken, Ok(Woken::Ready(_))) || signals.caught().is_some() {
                return Some(format!("{} (process {}) still runs", self.name, self.child.id()));
            }
        }
    }
}
