//! The signal that ends us.

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
