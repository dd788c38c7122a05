//! The thread that shows the progress.

use std::io::IsTerminal;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::line::{Phase, Snapshot};
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
    let mut shown = None;
    while stop.is_not_requested_for(time) {
        if is_terminal {
            draw(state, &mut shown);
        } else {
            state.tell();
        }
        time = then;
    }
}

/// What the line is made of; it changes with the phase.
type Look = (Phase, Option<u64>);

fn draw(state: &State, shown: &mut Option<Look>) {
    let now = state.snapshot();
    let mut bar = lock(&state.bar);
    let bar = bar.get_or_insert_with(|| {
        ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_elapsed(state.start.elapsed())
    });
    let look = (now.phase, now.total);
    if *shown != Some(look) {
        // The time of each phase is its own, and so is the estimate of what is left.
        if shown.is_some_and(|(phase, _)| phase != now.phase) {
            bar.reset_elapsed();
        }
        bar.set_style(style(&now));
        match now.total {
            Some(total) => bar.set_length(total),
            None => bar.unset_length(),
        }
        *shown = Some(look);
    }
    bar.set_position(now.bytes);
    bar.tick();
}

fn style(now: &Snapshot) -> ProgressStyle {
    let template = match (now.phase, now.total) {
        (Phase::Receiving, Some(_)) => {
            "{bar:20} {percent:>3}% {binary_bytes} of {binary_total_bytes}, {binary_bytes_per_sec}, {eta} left"
        }
        (Phase::Receiving, None) => "{spinner} {binary_bytes}, {binary_bytes_per_sec}, {elapsed}",
        (Phase::Running, _) => "{spinner} the command runs, {elapsed}",
        (Phase::Syncing, _) => "{spinner} syncing {binary_bytes}, {elapsed}",
        (Phase::Swapping, _) => "{spinner} swapping, {elapsed}",
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    // Every terminal has these.
    style.progress_chars("=> ").tick_chars("-\\|/ ")
}
