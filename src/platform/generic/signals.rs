//! Signals.
//!
//! ```text
//! default --watch--> watched --hold--> held --(exit)
//!    |                  ^               | ^
//!    |                  '----release----' |
//!    '-----------------hold---------------'
//! ```
//!
//! - *default*: no file of ours has a name, so the default actions are correct. SIGPIPE is the exception, because the
//!   Rust runtime ignores it.
//! - *watched*: something needs cleanup first (a staging file, created directories, a command). A handler records the
//!   signal and writes to a pipe; every wait for input also waits for that pipe.
//! - *held*: the commit is in progress. Every signal that can be blocked stays pending until the exit, so that the exit
//!   status is correct. With many files, of which one is overwritten in place, they wait until that is done.
//!
//! No signal handler makes a decision; signal-hook installs them all. SIGXFSZ is always blocked, so that the write
//! fails with EFBIG.

use std::cell::OnceCell;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use rustix::fs::{CWD, OFlags};

use crate::platform::unix::content::pipe;
use crate::platform::unix::errors::{Result, from_io, from_nix};
pub(crate) use crate::platform::unix::mask::start_thread;
use crate::platform::unix::mask::{self, Hold, InheritedMask};
use crate::platform::unix::open::open;
use crate::platform::unix::termination::{Interrupted, TerminationSignal, requests_progress};

/// The mask that the program started with, and what tells of signals.
///
/// The read ends are never closed, because the handlers stay until the process ends. Without a reader a handler's write
/// would raise SIGPIPE, whose handler writes too, and so on for ever.
pub(crate) struct Signals {
    at_start: InheritedMask,
    held: Hold,
    watch: OnceCell<Watch>,
    /// Answers the signals that ask how far the run is.
    tell: Box<dyn Fn()>,
    /// Readable when a child has ended.
    children: OnceCell<ManuallyDrop<OwnedFd>>,
}

struct Watch {
    /// Readable when a signal has arrived.
    reader: ManuallyDrop<OwnedFd>,
    writer: OwnedFd,
    signals: Vec<(Signal, Arc<AtomicBool>)>,
}

impl Watch {
    /// The next signal that has arrived.
    fn take(&self) -> Option<Signal> {
        self.signals.iter().find(|(_, arrived)| arrived.swap(false, Ordering::Relaxed)).map(|(signal, _)| *signal)
    }
}

impl Signals {
    /// Records the inherited mask and blocks SIGXFSZ. `tell` answers a signal that asks how far the run is.
    pub(crate) fn at_start(tell: impl Fn() + 'static) -> Self {
        Signals {
            at_start: InheritedMask::at_start(),
            held: Hold::default(),
            watch: OnceCell::new(),
            tell: Box::new(tell),
            children: OnceCell::new(),
        }
    }

    /// The mask that a command must start with.
    pub(crate) fn inherited_mask(&self) -> &SigSet {
        self.at_start.get()
    }

    /// Calls with the mask that a command must start with.
    pub(crate) fn with_inherited_mask<T>(&self, call: impl FnOnce() -> T) -> Result<T> {
        self.at_start.during(call)
    }

    /// default -> default: restores SIGPIPE's default action while input is received.
    pub(crate) fn restore_pipe(&self) -> Result<()> {
        if self.watched() { Ok(()) } else { mask::restore_pipe() }
    }

    /// default -> watched.
    pub(crate) fn watch(&self) -> Result<()> {
        if self.watched() {
            return Ok(());
        }
        let (reader, writer) = signal_pipe()?;
        let mut signals = Vec::new();
        for signal in self.at_start.to_watch() {
            let arrived = Arc::new(AtomicBool::new(false));
            // In this order: whoever is woken by the pipe finds the flag set.
            signal_hook::flag::register(signal as i32, Arc::clone(&arrived)).map_err(|error| from_io(&error))?;
            wake(signal, &writer)?;
            signals.push((signal, arrived));
        }
        // One thread does this, so it cannot be set already.
        let _ = self.watch.set(Watch { reader, writer, signals });
        Ok(())
    }

    /// Whether somebody may ask how far the run is, and no answer is prepared.
    pub(crate) fn may_be_asked(&self) -> bool {
        !self.watched() && self.at_start.progress_requests().next().is_some()
    }

    /// From here on whoever asks how far the run is gets an answer, if the system lets us.
    pub(crate) fn watch_requests(&self) {
        if self.may_be_asked() {
            let _ = self.watch();
        }
    }

    /// Whether a wait must also wait for those who ask.
    pub(crate) fn answers_requests(&self) -> bool {
        self.watched()
    }

    /// default or watched -> held. It stays so until the process ends, or [`Signals::release`].
    pub(crate) fn hold(&self) -> Result<()> {
        self.held.block_all()
    }

    /// held -> as before. A signal that is pending is then acted on.
    pub(crate) fn release(&self) -> Result<()> {
        self.held.release()
    }

    /// From here on the end of a child is noticed. Must be called before the child starts.
    pub(crate) fn watch_children(&self) -> Result<()> {
        if self.children.get().is_some() {
            return Ok(());
        }
        let (reader, writer) = signal_pipe()?;
        wake(Signal::SIGCHLD, &writer)?;
        // The parent may have blocked it.
        let mut set = SigSet::empty();
        set.add(Signal::SIGCHLD);
        sigprocmask(SigmaskHow::SIG_UNBLOCK, Some(&set), None).map_err(from_nix)?;
        // One thread does this, so it cannot be set already.
        let _ = self.children.set(reader);
        Ok(())
    }

    /// A descriptor that is readable when a child has ended.
    pub(in crate::platform) fn children(&self) -> Option<BorrowedFd<'_>> {
        self.children.get().map(|children| children.as_fd())
    }

    /// Clears the notification that a child has ended.
    pub(crate) fn clear_children(&self) {
        if let Some(children) = self.children.get() {
            drain(children);
        }
    }

    /// Whether signals must be waited for.
    pub(crate) fn watched(&self) -> bool {
        self.watch.get().is_some()
    }

    /// The descriptor that is readable when [`Signals::caught`] returns a signal.
    pub(in crate::platform) fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.watch.get().map(|watch| watch.reader.as_fd()).into_iter()
    }

    /// The next signal that has arrived and requests termination. Others are answered.
    pub(crate) fn caught(&self) -> Option<TerminationSignal> {
        loop {
            let signal = self.next_signal()?;
            if !requests_progress(signal) {
                return Some(TerminationSignal::Named { signal, by_terminal: is_by_terminal(signal) });
            }
            (self.tell)();
        }
    }

    fn next_signal(&self) -> Option<Signal> {
        let watch = self.watch.get()?;
        // The pipe stays readable as long as there may be another signal.
        watch.take().or_else(|| {
            drain(&watch.reader);
            let signal = watch.take();
            if signal.is_some() {
                let _ = rustix::io::write(&watch.writer, b"!");
            }
            signal
        })
    }

    /// Returns the signal that has arrived as an error.
    pub(crate) fn check(&self) -> std::result::Result<(), Interrupted> {
        self.caught().map_or(Ok(()), |caught| Err(Interrupted(caught)))
    }

    /// Ends the process by the signal, so that its parent sees the real cause. Returns only if the system does not end
    /// it.
    pub(crate) fn die(&self, caught: TerminationSignal) {
        if let TerminationSignal::Named { signal, .. } = caught {
            // It also unblocks the signal.
            let _ = signal_hook::low_level::emulate_default_handler(signal as i32);
        }
    }
}

/// A pipe of which neither end blocks.
fn signal_pipe() -> Result<(ManuallyDrop<OwnedFd>, OwnedFd)> {
    let (reader, writer) = pipe()?;
    for end in [&reader, &writer] {
        rustix::fs::fcntl_setfl(end, rustix::fs::fcntl_getfl(end)? | OFlags::NONBLOCK)?;
    }
    Ok((ManuallyDrop::new(reader), writer))
}

/// From here on the signal makes the pipe readable.
fn wake(signal: Signal, writer: &OwnedFd) -> Result<()> {
    let writer = writer.try_clone().map_err(|error| from_io(&error))?;
    signal_hook::low_level::pipe::register(signal as i32, writer).map(drop).map_err(|error| from_io(&error))
}

fn drain(reader: &OwnedFd) {
    let mut discarded = [0; 64];
    while rustix::io::read(reader, &mut discarded).is_ok_and(|count| count == discarded.len()) {}
}

/// Whether the signal was sent by the terminal, to the whole foreground process group. POSIX does not tell a handler
/// who sent a signal, so this is a guess: such a signal in a process of the foreground group comes from the keyboard.
fn is_by_terminal(signal: Signal) -> bool {
    match signal {
        Signal::SIGINT | Signal::SIGQUIT => is_foreground(),
        Signal::SIGHUP => is_foreground() && rustix::process::getsid(None) != Ok(rustix::process::getpid()),
        _ => false,
    }
}

fn is_foreground() -> bool {
    let terminal = open(CWD, "/dev/tty", OFlags::RDWR | OFlags::NOCTTY);
    terminal.is_ok_and(|terminal| rustix::termios::tcgetpgrp(&terminal) == Ok(rustix::process::getpgrp()))
}
