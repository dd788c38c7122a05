//! Signals.
//!
//! ```text
//! default --watch--> watched --hold--> held --(exit)
//!    \------------------hold----------/
//! ```
//!
//! - *default*: nothing of ours has a name, so the system's default actions are already right: the unnamed staging
//!   file goes with its last descriptor. SIGPIPE is the exception, as the Rust runtime ignores it.
//! - *watched*: something must be cleaned up first (a named staging file, created directories, a command). The signals
//!   are blocked and a signalfd tells of them; whoever waits for input waits for it too.
//! - *held*: the commit is under way. Everything that can be blocked waits until the exit, so that the verdict is true.
//!
//! No handler decides anything: those that signal-hook sets bring back SIGPIPE's default action, and see to it that a
//! child's status is kept. SIGXFSZ is blocked throughout, which makes the write fail with EFBIG.

use std::cell::{Cell, OnceCell};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::startup;
use crate::platform::unix::errors::{Result, from_io, from_nix};
use crate::platform::unix::retry::Retries;
use crate::platform::unix::termination::{Interrupted, TerminationSignal};

/// The mask that we were started with, and what is watched.
pub(crate) struct Signals {
    at_start: SigSet,
    watch: OnceCell<Watch>,
    /// Tells of children that have ended.
    children: OnceCell<SignalFd>,
}

struct Watch {
    named: SignalFd,
    /// Only ever polled, never read.
    real_time: SignalFd,
    /// A real-time signal stays pending; it is told once.
    real_time_told: Cell<bool>,
}

impl Signals {
    /// Notes the inherited mask and blocks SIGXFSZ.
    pub(crate) fn at_start() -> Result<Self> {
        let mut file_size = SigSet::empty();
        file_size.add(Signal::SIGXFSZ);
        let at_start = file_size.thread_swap_mask(SigmaskHow::SIG_BLOCK).map_err(from_nix)?;
        Ok(Signals { at_start, watch: OnceCell::new(), children: OnceCell::new() })
    }

    /// The mask that a command must start with.
    pub(crate) fn inherited_mask(&self) -> &SigSet {
        &self.at_start
    }

    /// default -> default: gives SIGPIPE its default action back while input is received.
    pub(crate) fn restore_pipe(&self) -> Result<()> {
        if self.watch.get().is_none() && !startup::was_ignored(Signal::SIGPIPE as i32) {
            let always = Arc::new(AtomicBool::new(true));
            signal_hook::flag::register_conditional_default(Signal::SIGPIPE as i32, always)
                .map_err(|error| from_io(&error))?;
        }
        Ok(())
    }

    /// default -> watched.
    pub(crate) fn watch(&self) -> Result<()> {
        if self.watched() {
            return Ok(());
        }
        let (named, real_time) = (self.named(), real_time());
        for set in [&named, &real_time] {
            set.thread_block().map_err(from_nix)?;
        }
        let watch = Watch { named: open(&named)?, real_time: open(&real_time)?, real_time_told: Cell::new(false) };
        // Nobody else can have set it: there is one thread.
        let _ = self.watch.set(watch);
        Ok(())
    }

    /// default or watched -> held. For good: the mask goes with the process.
    pub(crate) fn hold() -> Result<()> {
        SigSet::all().thread_block().map_err(from_nix)
    }

    /// Readable when a child has ended, from the first call on, which must precede its start. A pidfd would tell the same, but
    /// not before Linux 5.3, nor under many a filter.
    ///
    /// SIGCHLD also gets a handler, which never runs: where our parent ignores the signal, the status of a child would be
    /// thrown away.
    pub(crate) fn children(&self) -> Result<BorrowedFd<'_>> {
        if let Some(children) = self.children.get() {
            return Ok(children.as_fd());
        }
        let mut set = SigSet::empty();
        set.add(Signal::SIGCHLD);
        set.thread_block().map_err(from_nix)?;
        // nix takes a refusal for success; a signal that is not blocked would be lost, and waited for without end.
        if !SigSet::thread_get_mask().map_err(from_nix)?.contains(Signal::SIGCHLD) {
            return Err(rustix::io::Errno::NOSYS);
        }
        signal_hook::flag::register(Signal::SIGCHLD as i32, Arc::new(AtomicBool::new(false)))
            .map_err(|error| from_io(&error))?;
        let opened = open(&set)?;
        Ok(self.children.get_or_init(|| opened).as_fd())
    }

    /// Forgets what [`Signals::children`] has told.
    pub(crate) fn clear_children(&self) {
        if let Some(children) = self.children.get() {
            // One is pending at most, however many children have ended.
            let _ = children.read_signal();
        }
    }

    /// Whether somebody must look at [`Signals::descriptors`].
    pub(crate) fn watched(&self) -> bool {
        self.watch.get().is_some()
    }

    /// Readable when [`Signals::caught`] has something to say: of named signals, of real-time signals.
    pub(crate) fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let watch = self.watch.get();
        let real_time = watch.filter(|watch| !watch.real_time_told.get()).map(|watch| watch.real_time.as_fd());
        watch.map(|watch| watch.named.as_fd()).into_iter().chain(real_time)
    }

    /// The next signal that has arrived.
    pub(crate) fn caught(&self) -> Option<TerminationSignal> {
        let watch = self.watch.get()?;
        if let Ok(Some(info)) = watch.named.read_signal() {
            let signal = i32::try_from(info.ssi_signo).ok().and_then(|number| Signal::try_from(number).ok())?;
            // SI_USER and below: kill(2), sigqueue(3), tkill(2). The kernel's are above.
            let by_terminal = info.ssi_code > 0 && reaches_group(signal);
            return Some(TerminationSignal::Named { signal, by_terminal });
        }
        let mut pending = [PollFd::new(&watch.real_time, PollFlags::IN)];
        let is_pending = !watch.real_time_told.get()
            && matches!(poll(&mut pending, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })), Ok(1..));
        watch.real_time_told.set(watch.real_time_told.get() || is_pending);
        is_pending.then_some(TerminationSignal::RealTime)
    }

    /// The signal that has arrived, as the reason to stop.
    pub(crate) fn check(&self) -> std::result::Result<(), Interrupted> {
        self.caught().map_or(Ok(()), |caught| Err(Interrupted(caught)))
    }

    /// Dies of the signal, so that whoever waits sees the truth. Returns only where the system will not have it: the
    /// first process of a container has no default actions.
    pub(crate) fn die(&self, caught: TerminationSignal) {
        if let TerminationSignal::Named { signal, .. } = caught {
            if signal == Signal::SIGPIPE {
                // The one disposition that the Rust runtime has changed.
                let _ = signal_hook::low_level::emulate_default_handler(signal as i32);
            }
            // It is blocked, and so waits for the mask.
            let _ = nix::sys::signal::raise(signal);
        }
        let _ = self.at_start.thread_set_mask();
    }

    /// What would end us, less what is inherited as ignored (nohup) or blocked. Job control, and faults of our own, stay
    /// as they are.
    fn named(&self) -> SigSet {
        let mut set = SigSet::empty();
        for signal in Signal::iterator() {
            let other = matches!(
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
            );
            if !other && !startup::was_ignored(signal as i32) && !self.at_start.contains(signal) {
                set.add(signal);
            }
        }
        set
    }
}

/// Whether the kernel sends it to the whole foreground group: what is typed, and a hang-up, of which the first process of
/// the session alone is told. An alarm that was inherited, or a limit of CPU time, is ours alone.
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
                retries.again(rustix::io::Errno::INTR)?;
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
