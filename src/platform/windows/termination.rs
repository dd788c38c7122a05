//! The console's requests to end.

use std::fmt;

/// A request of the console to end. The names and numbers are those of the C library's signals.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TerminationSignal {
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-Break.
    Break,
    /// The console's window is closed, the user logs off, or the system shuts down.
    Close,
}

impl TerminationSignal {
    /// The exit status that a Unix shell reports: 128 plus the signal's number.
    pub(crate) fn status(self) -> u8 {
        128 + match self {
            TerminationSignal::Interrupt => 2,
            TerminationSignal::Break => 21,
            TerminationSignal::Close => 1,
        }
    }

    /// Whether it was typed at the console, for whichever program the user is working with.
    pub(crate) fn is_typed(self) -> bool {
        self != TerminationSignal::Close
    }
}

/// The error of an operation that such a request interrupted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interrupted(pub(crate) TerminationSignal);

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ended by the console")
    }
}

impl std::error::Error for Interrupted {}
