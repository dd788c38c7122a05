//! Signals that request termination.

use std::fmt;

use nix::sys::signal::Signal;

/// A signal that requests termination.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TerminationSignal {
    /// A signal with a name in signal(7).
    Named {
        /// The signal.
        signal: Signal,
        /// Sent by the terminal, to the whole foreground process group.
        by_terminal: bool,
    },
    /// A real-time signal. It stays pending; its default action follows when the mask is restored.
    #[allow(dead_code)] // Not every system has them.
    RealTime,
}

impl TerminationSignal {
    /// The exit status that a shell reports: 128 plus the signal's number.
    pub(crate) fn status(self) -> u8 {
        match self {
            TerminationSignal::Named { signal, .. } => {
                u8::try_from(signal as i32).map_or(u8::MAX, |number| 128 + number)
            }
            TerminationSignal::RealTime => u8::MAX,
        }
    }

    /// Whether it was typed at the terminal, for whichever program the user is working with.
    pub(crate) fn is_typed(self) -> bool {
        matches!(self, TerminationSignal::Named { signal: Signal::SIGINT | Signal::SIGQUIT, by_terminal: true })
    }
}

/// The error of an operation that a termination signal interrupted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interrupted(pub(crate) TerminationSignal);

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ended by a signal")
    }
}

impl std::error::Error for Interrupted {}

/// Whether the default action of the signal ends the process because somebody wants that. The signals of job control and
/// of faults keep their actions.
pub(in crate::platform) fn requests_termination(signal: Signal) -> bool {
    !matches!(
        signal,
        Signal::SIGKILL
            | Signal::SIGSTOP
            | Signal::SIGTSTP
            | Signal::SIGTTIN
            | Signal::SIGTTOU
            | Signal::SIGCONT
            | Signal::SIGCHLD
            | Signal::SIGURG
            | Signal::SIGWINCH
            | Signal::SIGXFSZ
            | Signal::SIGSEGV
            | Signal::SIGBUS
            | Signal::SIGILL
            | Signal::SIGFPE
    ) && !requests_progress(signal)
}

/// The signals that ask how far the run is. BSD has one that is typed, too.
pub(in crate::platform) const PROGRESS_REQUESTS: &[Signal] = &[
    Signal::SIGUSR1,
    #[cfg(any(target_os = "macos", target_os = "freebsd", target_os = "netbsd", target_os = "openbsd"))]
    Signal::SIGINFO,
];

/// Whether the signal asks how far the run is, as with dd(1).
pub(in crate::platform) fn requests_progress(signal: Signal) -> bool {
    PROGRESS_REQUESTS.contains(&signal)
}
