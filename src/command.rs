//! COMMAND: its output is the input, and its end decides.
//!
//! One loop waits for everything: the pipe, the command's end, and the signals.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use rustix::io::Errno;

use crate::child::{Abandoned, Child, Status, Stdio, spawn};
use crate::engine::stat::Stat;
use crate::failure::{Failure, Result, words as os_message};
use crate::input::Input;
use crate::quote::Shown;
use crate::report;
use crate::signals::Signals;
use crate::sys;
use crate::wait::{Woken, wait};

/// The statuses that mean "replaced" and "damaged" and so cannot be a command's.
const RESERVED_STATUSES: [u8; 2] = [121, 122];
/// How long a child of the command may keep the output open before that is told.
const OPEN_PIPE_NOTICE: Duration = Duration::from_secs(2);

/// A command whose output is the input.
pub(crate) struct Command<'s> {
    words: &'s [OsString],
    /// Its standard input, where that is not ours.
    stdin: Option<OwnedFd>,
    target: &'s Path,
    signals: &'s Signals,
    running: Option<Running>,
}

struct Running {
    output: OwnedFd,
    child: Child,
    /// When it exited with 0.
    succeeded: Option<Instant>,
    notified: bool,
}

impl<'s> Command<'s> {
    /// Nothing is started before [`Input::begin`].
    pub(crate) fn new(words: &'s [OsString], stdin: Option<OwnedFd>, target: &'s Path, signals: &'s Signals) -> Self {
        Command { words, stdin, target, signals, running: None }
    }

    fn shown(&self) -> String {
        format!("command '{}'", Shown(self.words.first().map_or(OsStr::new(""), OsString::as_os_str)))
    }

    /// What its end means for us.
    fn check_status(&self, status: Status) -> Result<()> {
        let command = self.shown();
        match status {
            Status::Exited(0) => Ok(()),
            Status::Exited(code) => {
                let ours = if RESERVED_STATUSES.contains(&code) { 125 } else { code };
                Err(Failure::command(ours, format_args!("{command} exited with status {code}")))
            }
            Status::Killed(signal) => {
                let name = Signal::try_from(i32::from(signal)).map_or("a real-time signal", Signal::as_str);
                let words = format_args!("{command} was killed by signal {signal} ({name})").to_string();
                Err(Failure::command(128 + signal, words))
            }
        }
    }

    fn running(&mut self) -> Result<&mut Running> {
        self.running.as_mut().ok_or_else(|| Failure::failed("read", "the command has not been started"))
    }

    /// Waits for the first of: output (where `for_output`), the command's end, a signal, the end of our patience.
    fn wait(&mut self, for_output: bool) -> Result<()> {
        let (signals, target, shown) = (self.signals, self.target, self.shown());
        loop {
            let running = self.running()?;
            let deadline =
                running.succeeded.filter(|_| !running.notified).and_then(|since| since.checked_add(OPEN_PIPE_NOTICE));
            let output = for_output.then(|| running.output.as_fd());
            let ended = if running.child.status.is_none() { Some(signals.children()?) } else { None };
            let woken = wait([output, ended], Some(signals), deadline).map_err(Failure::call("wait"))?;
            let Woken::Ready([has_output, has_ended]) = woken else {
                running.notified = true;
                report::note(target, &format!("waiting: {shown} has exited, but its output is still open"));
                continue;
            };
            if let Some(caught) = signals.caught() {
                running.child.stop(Some(&running.output), caught, signals)?;
                return Err(Failure::signal(caught));
            }
            if has_ended {
                // Before the look: what is told after it is of another end.
                signals.clear_children();
            }
            if running.child.status.is_none()
                && let Some(status) = running.child.try_wait()?
            {
                running.succeeded = Some(Instant::now());
                // A failure is known at once, whoever still holds the pipe.
                self.check_status(status)?;
                if !for_output {
                    return Ok(());
                }
            }
            if has_output {
                return Ok(());
            }
        }
    }
}

impl Input for Command<'_> {
    fn descriptor(&self) -> BorrowedFd<'_> {
        match &self.running {
            Some(running) => running.output.as_fd(),
            // Not reached: `begin` comes first.
            None => rustix::stdio::stdin(),
        }
    }

    fn regular(&self) -> Option<(&Stat, u64)> {
        None
    }

    fn begin(&mut self) -> Result<()> {
        self.signals.watch()?;
        self.signals.children()?;
        let (output, write_end) = sys::pipe().map_err(Failure::call("pipe"))?;
        let stdio = Stdio { stdin: self.stdin.as_ref().map(AsFd::as_fd), stdout: write_end.as_fd() };
        let child = spawn(self.words, &stdio, self.signals).map_err(|errno| {
            let (status, reason) = match errno {
                Errno::NOENT => (127, "was not found".to_owned()),
                errno => (126, format!("could not be run: {}", os_message(errno))),
            };
            Failure::command(status, format_args!("{} {reason}", self.shown()))
        })?;
        // Its own copy is what counts; a command that closes it must be seen to.
        drop(write_end);
        self.stdin = None;
        self.running = Some(Running { output, child, succeeded: None, notified: false });
        Ok(())
    }

    fn ready(&mut self) -> Result<()> {
        self.wait(true)
    }

    fn finish(&mut self) -> Result<()> {
        if self.running()?.child.status.is_none() {
            self.wait(false)?;
        }
        Ok(())
    }

    fn name(&self) -> String {
        format!("output of {}", self.shown())
    }

    /// Nobody reads its output any more, which ends most commands; the others are asked to end.
    fn abandon(&mut self) -> Option<Abandoned> {
        let name = self.shown();
        let Running { output, child, .. } = self.running.take()?;
        drop(output);
        if child.status.is_some() {
            return None;
        }
        child.terminate();
        Some(Abandoned { child, name })
    }
}
