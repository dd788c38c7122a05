//! COMMAND: its output is the input, and its end decides.
//!
//! One loop waits for everything: the pipe, the command's end, and the signals.

use std::ffi::{OsStr, OsString};
use std::time::{Duration, Instant};

use super::abandoned::Abandoned;
use super::reader::Input;
use crate::error::{Context, Result, command_failed, failed};
use crate::platform::{
    self, AsFd, BorrowedFd, Child, Errno, Interrupted, OwnedFd, Signals, Stat, Status, Stdio, Woken, os_message, spawn,
    wait,
};
use crate::quote::Shown;

/// The statuses that mean "replaced" and "damaged" and so cannot be a command's.
const RESERVED_STATUSES: [u8; 2] = [121, 122];
/// How long a child of the command may keep the output open before that is told.
const OPEN_PIPE_NOTICE: Duration = Duration::from_secs(2);

/// A command whose output is the input.
pub(crate) struct Command<'s> {
    words: &'s [OsString],
    /// Its standard input, where that is not ours.
    stdin: Option<OwnedFd>,
    /// Called with a sentence when something is worth telling while the command runs.
    note: &'s dyn Fn(&str),
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
    pub(crate) fn new(
        words: &'s [OsString],
        stdin: Option<OwnedFd>,
        note: &'s dyn Fn(&str),
        signals: &'s Signals,
    ) -> Self {
        Command { words, stdin, note, signals, running: None }
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
                Err(command_failed(ours, format_args!("{command} exited with status {code}")))
            }
            Status::Killed(signal) => {
                let name = platform::signal_name(signal);
                Err(command_failed(128 + signal, format_args!("{command} was killed by signal {signal} ({name})")))
            }
        }
    }

    fn running(&mut self) -> Result<&mut Running> {
        self.running.as_mut().ok_or_else(|| failed("read", "the command has not been started"))
    }

    /// Waits for the first of: output (where `for_output`), the command's end, a signal, the end of our patience.
    fn wait(&mut self, for_output: bool) -> Result<()> {
        let (signals, note, shown) = (self.signals, self.note, self.shown());
        loop {
            let running = self.running()?;
            let deadline =
                running.succeeded.filter(|_| !running.notified).and_then(|since| since.checked_add(OPEN_PIPE_NOTICE));
            let output = for_output.then(|| running.output.as_fd());
            let ended =
                if running.child.status.is_none() { Some(signals.children().context("signals")?) } else { None };
            let woken = wait([output, ended], Some(signals), deadline).context("wait")?;
            let Woken::Ready([has_output, has_ended]) = woken else {
                running.notified = true;
                note(&format!("waiting: {shown} has exited, but its output is still open"));
                continue;
            };
            if let Some(caught) = signals.caught() {
                running.child.stop(Some(&running.output), caught, signals).context("wait")?;
                return Err(Interrupted(caught).into());
            }
            if has_ended {
                // Before the look: what is told after it is of another end.
                signals.clear_children();
            }
            if running.child.status.is_none()
                && let Some(status) = running.child.try_wait().context("wait")?
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
            None => platform::stdin(),
        }
    }

    fn regular(&self) -> Option<(&Stat, u64)> {
        None
    }

    fn begin(&mut self) -> Result<()> {
        self.signals.watch().context("signals")?;
        self.signals.children().context("signals")?;
        let (output, write_end) = platform::pipe().context("pipe")?;
        let stdio = Stdio { stdin: self.stdin.as_ref().map(AsFd::as_fd), stdout: write_end.as_fd() };
        let child = spawn(self.words, &stdio, self.signals).map_err(|errno| {
            let (status, reason) = match errno {
                Errno::NOENT => (127, "was not found".to_owned()),
                errno => (126, format!("could not be run: {}", os_message(errno))),
            };
            command_failed(status, format_args!("{} {reason}", self.shown()))
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
        Some(Abandoned::new(child, name))
    }
}
