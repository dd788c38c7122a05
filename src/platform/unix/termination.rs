//! The signal that ends us.

use std::fmt;

use nix::sys::signal::Signal;

/// A signal that asks us to end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TerminationSignal {
    /// A signal with a name in signal(7).
    Named {
        /// Which.
        signal: Signal,
        /// Sent by the terminal, to the whole foreground group.
        by_terminal: bool,
    },
    /// A real-time signal. It is left pending: the default action takes it when the mask is restored.
    RealTime,
}

impl TerminationSignal {
    /// As the shell tells it: 128 and the signal's number.
    pub(crate) fn status(self) -> u8 {
        match self {
            TerminationSignal::Named { signal, .. } => {
                u8::try_from(signal as i32).map_or(u8::MAX, |number| 128 + number)
            }
            TerminationSignal::RealTime => u8::MAX,
        }
    }
}

/// A signal has asked us to end, as the error of what was being done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interrupted(pub(crate) TerminationSignal);

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ended by a signal")
    }
}

impl std::error::Error for Interrupted {}
