//! Signals.
//!
//! ```text
//! default --watch--> watched --hold--> held --(exit)
//!    |                  ^               | ^
//!    |                  '----release----' |
//!    '-----------------hold---------------'
//! ```
//!
//! - *default*: no file of ours has a name, so the default actions are correct: the unnamed staging file disappears
//!   with its last descriptor. SIGPIPE is the exception, because the Rust runtime ignores it.
//! - *watched*: something needs cleanup first (a named staging file, created directories, a command). The signals are
//!   blocked and read from a signalfd; every wait for input also waits for them.
//! - *held*: the commit is in progress. Every signal that can be blocked stays pending until the exit, so that the exit
//!   status is correct. With many files, of which one is overwritten in place, they wait until that is done.
//!
//! SIGUSR1 asks how far the run is. In *default* too it is watched, from the first wait for input or for the
//! lock, or where much is read: before that, an answer is not worth the calls that prepare it.
//!
//! No signal handler makes a decision. signal-hook installs two: one restores the default action of SIGPIPE, the other
//! makes the kernel keep a child's status. SIGXFSZ is always blocked, so that the write fails with EFBIG.

use std::cell::{Cell, OnceCell};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::platform::unix::errors::{Result, from_io, from_nix};
pub(crate) use crate::platform::unix::mask::start_thread;
use crate::platform::unix::mask::{self, Hold, InheritedMask};
use crate::platform::unix::retry::Retries;
use crate::platform::unix::termination::{Interrupted, TerminationSignal, requests_progress};

/// The mask that the program started with, and the signalfds.
pub(crate) struct Signals {
    at_start: InheritedMask,
    held: Hold,
    watch: OnceCell<Watch>,
    /// Of the signals that ask how far the run is, where only they are watched.
    requests: OnceCell<SignalFd>,
    /// Answers them.
    tell: Box<dyn Fn()>,
    /// Readable when a child has ended.
    children: OnceCell<SignalFd>,
}

struct Watch {
    named: SignalFd,
    /// Only polled, never read.
    real_time: SignalFd,
    /// A real-time signal stays pending, but is reported once.
    real_time_reported: Cell<bool>,
}

impl Signals {
    /// Records the inherited mask and blocks SIGXFSZ. `tell` answers a signal that asks how far the run is.
    pub(crate) fn at_start(tell: impl Fn() + 'static) -> Self {
        Signals {
            at_start: InheritedMask::at_start(),
            held: Hold::default(),
            watch: OnceCell::new(),
            requests: OnceCell::new(),
            tell: Box::new(tell),
            children: OnceCell::new(),
        }
    }

    /// The mask that a command must start with.
    pub(crate) fn inherited_mask(&self) -> &SigSet {
        self.at_start.get()
    }

    /// Calls with the mask that a command must start with. SIGCHLD is raised again, as its handler may have taken it.
    pub(crate) fn with_inherited_mask<T>(&self, call: impl FnOnce() -> T) -> Result<T> {
        let done = self.at_start.during(call)?;
        if self.children.get().is_some() {
            nix::sys::signal::raise(Signal::SIGCHLD).map_err(from_nix)?;
        }
        Ok(done)
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
        let (named, real_time) = (self.at_start.to_watch().collect::<SigSet>(), real_time());
        for set in [&named, &real_time] {
            set.thread_block().map_err(from_nix)?;
        }
        let watch = Watch { named: open(&named)?, real_time: open(&real_time)?, real_time_reported: Cell::new(false) };
        // One thread does this, so it cannot be set already.
        let _ = self.watch.set(watch);
        Ok(())
    }

    /// Whether somebody may ask how far the run is, and no answer is prepared.
    pub(crate) fn may_be_asked(&self) -> bool {
        !self.watched() && self.requests.get().is_none() && self.at_start.progress_requests().next().is_some()
    }

    /// From here on whoever asks how far the run is gets an answer, if the system lets us.
    pub(crate) fn watch_requests(&self) {
        if !self.may_be_asked() {
            return;
        }
        let set = self.at_start.progress_requests().collect::<SigSet>();
        let Ok(opened) = open(&set) else { return };
        if sigprocmask(SigmaskHow::SIG_BLOCK, Some(&set), None).is_ok() {
            // One thread does this, so it cannot be set already.
            let _ = self.requests.set(opened);
        }
    }

    /// Whether a wait must also wait for those who ask.
    pub(crate) fn answers_requests(&self) -> bool {
        self.watched() || self.requests.get().is_some()
    }

    /// default or watched -> held. It stays so until the process ends, or [`Signals::release`].
    pub(crate) fn hold(&self) -> Result<()> {
        self.held.block_all()
    }

    /// held -> as before. A signal that is pending is then acted on.
    pub(crate) fn release(&self) -> Result<()> {
        self.held.release()
    }

    /// From here on the end of a child is noticed. Must be called before the child starts. A pidfd would do the same,
    /// but needs Linux 5.3, and many seccomp filters refuse it.
    ///
    /// SIGCHLD also gets a handler, which never runs. Without it, if our parent ignores the signal, the kernel would
    /// discard the status of a child.
    pub(crate) fn watch_children(&self) -> Result<()> {
        if self.children.get().is_some() {
            return Ok(());
        }
        let mut set = SigSet::empty();
        set.add(Signal::SIGCHLD);
        // If the signal were not blocked, it would be lost and the wait would never end.
        sigprocmask(SigmaskHow::SIG_BLOCK, Some(&set), None).map_err(from_nix)?;
        signal_hook::flag::register(Signal::SIGCHLD as i32, Arc::new(AtomicBool::new(false)))
            .map_err(|error| from_io(&error))?;
        let opened = open(&set)?;
        // One thread does this, so it cannot be set already.
        let _ = self.children.set(opened);
        Ok(())
    }

    /// A descriptor that is readable when a child has ended.
    pub(in crate::platform) fn children(&self) -> Option<BorrowedFd<'_>> {
        self.children.get().map(AsFd::as_fd)
    }

    /// Clears the notification that a child has ended.
    pub(crate) fn clear_children(&self) {
        if let Some(children) = self.children.get() {
            // At most one is pending, however many children have ended.
            let _ = children.read_signal();
        }
    }

    /// Whether signals must be read from [`Signals::descriptors`].
    pub(crate) fn watched(&self) -> bool {
        self.watch.get().is_some()
    }

    /// The descriptors that are readable when [`Signals::caught`] returns a signal: named signals, real-time signals.
    pub(in crate::platform) fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let watch = self.watch.get();
        let requests = self.requests.get().filter(|_| watch.is_none());
        let real_time = watch.filter(|watch| !watch.real_time_reported.get()).map(|watch| watch.real_time.as_fd());
        watch.map(|watch| &watch.named).or(requests).map(AsFd::as_fd).into_iter().chain(real_time)
    }

    /// The next signal that has arrived and requests termination. Others are answered.
    pub(crate) fn caught(&self) -> Option<TerminationSignal> {
        let named = self.watch.get().map(|watch| &watch.named).or(self.requests.get())?;
        // One call says that there is none.
        let mut readable: Vec<_> =
            self.descriptors().map(|file| PollFd::from_borrowed_fd(file, PollFlags::IN)).collect();
        if matches!(poll(&mut readable, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })), Ok(0)) {
            return None;
        }
        while let Ok(Some(info)) = named.read_signal() {
            let signal = i32::try_from(info.ssi_signo).ok().and_then(|number| Signal::try_from(number).ok())?;
            if requests_progress(signal) {
                (self.tell)();
                continue;
            }
            // SI_USER and below come from kill(2), sigqueue(3) and tkill(2); positive codes come from the kernel.
            let by_terminal = info.ssi_code > 0 && reaches_group(signal);
            return Some(TerminationSignal::Named { signal, by_terminal });
        }
        let watch = self.watch.get()?;
        let mut pending = [PollFd::new(&watch.real_time, PollFlags::IN)];
        let is_pending = !watch.real_time_reported.get()
            && matches!(poll(&mut pending, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })), Ok(1..));
        watch.real_time_reported.set(watch.real_time_reported.get() || is_pending);
        is_pending.then_some(TerminationSignal::RealTime)
    }

    /// Returns the signal that has arrived as an error.
    pub(crate) fn check(&self) -> std::result::Result<(), Interrupted> {
        self.caught().map_or(Ok(()), |caught| Err(Interrupted(caught)))
    }

    /// Ends the process by the signal, so that its parent sees the real cause. Returns only if the system does not end
    /// it: the init process of a container has no default actions.
    pub(crate) fn die(&self, caught: TerminationSignal) {
        if let TerminationSignal::Named { signal, .. } = caught {
            if signal == Signal::SIGPIPE {
                // The Rust runtime has changed only this disposition.
                let _ = signal_hook::low_level::emulate_default_handler(signal as i32);
            }
            // A pending question would end the process first, as its number is lower.
            let _ = self.caught();
            // It is blocked, so it stays pending until the mask is restored.
            let _ = nix::sys::signal::raise(signal);
        }
        let _ = self.at_start.get().thread_set_mask();
    }
}

/// Whether the kernel sends the signal to the whole foreground process group: those typed at the terminal, and SIGHUP,
/// unless this process leads the session, as the session leader receives it alone. An inherited alarm or a CPU time
/// limit is sent to this process only.
fn reaches_group(signal: Signal) -> bool {
    match signal {
        Signal::SIGINT | Signal::SIGQUIT => true,
        Signal::SIGHUP => rustix::process::getsid(None) != Ok(rustix::process::getpid()),
        _ => false,
    }
}

fn open(set: &SigSet) -> Result<SignalFd> {
    let mut retries = Retries::default();
    loop {
        match SignalFd::with_flags(set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK) {
            Err(nix::errno::Errno::EINTR) => {
                retries.retry(rustix::io::Errno::INTR)?;
            }
            opened => return opened.map_err(from_nix),
        }
    }
}

fn real_time() -> SigSet {
    let mut set = SigSet::all();
    for signal in Signal::iterator() {
        set.remove(signal);
    }
    set
}
