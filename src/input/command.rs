//! COMMAND: what it prints is the input, or what it writes by name is the content. Its exit status decides whether TARGET
//! is replaced.
//!
//! One loop waits for the pipe, for the command's end and for signals.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::time::{Duration, Instant};

use super::reader::Input;
use super::terminated::Terminated;
use crate::error::{Context, ErrorExt, Result, command_failed, failed};
use crate::platform::{
    self, AsFd, BorrowedFd, Child, Errno, Event, Interrupted, OwnedFd, Signals, Stat, Status, Stdio, TerminationSignal,
    Woken, os_message, spawn, wait,
};
use crate::quote::Shown;

/// The statuses that mean "replaced" and "damaged", which a command's status must not be taken for.
/// `report.rs` has all of ours.
const RESERVED_STATUSES: [u8; 2] = [121, 122];
/// How long a child of the command may keep the output open before a note reports it.
const OPEN_PIPE_NOTICE: Duration = Duration::from_secs(2);

/// A command whose output is the input, or that writes the content by name.
pub(crate) struct Command<'s> {
    argv: Cow<'s, [OsString]>,
    /// Its name, for messages.
    name: &'s OsStr,
    /// The exit statuses beside 0 that count as success.
    success: &'s [u8],
    /// Its standard input; `None` inherits ours.
    stdin: Option<OwnedFd>,
    /// Whether its standard output is the input. Otherwise it is ours.
    prints: bool,
    /// Prints a note while the command runs.
    note: &'s dyn Fn(&str),
    signals: &'s Signals,
    running: Option<Running>,
}

struct Running {
    output: Option<OwnedFd>,
    child: Child,
    /// A signal that was typed at the terminal, and that the command may have handled.
    typed: Option<TerminationSignal>,
    /// When it ended.
    succeeded: Option<Instant>,
    notified: bool,
}

/// The words that run a script by a shell in which a pipeline fails if any part of it does.
pub(super) fn of_script(script: OsString, signals: &Signals) -> Result<Vec<OsString>> {
    let Some(shell) = platform::shell_with_pipefail(signals).context("signals")? else {
        return Err(command_failed(127, "--shell: there is no bash, and sh has no pipefail"));
    };
    let options = ["-o", "pipefail", "-c", "--"].map(OsString::from);
    Ok(std::iter::once(shell).chain(options).chain([script]).collect())
}

impl<'s> Command<'s> {
    /// Does not start the command; [`Input::begin`] does.
    pub(crate) fn new(
        argv: &'s [OsString],
        success: &'s [u8],
        stdin: Option<OwnedFd>,
        note: &'s dyn Fn(&str),
        signals: &'s Signals,
    ) -> Self {
        let name = argv.first().map_or(OsStr::new(""), OsString::as_os_str);
        Command { argv: Cow::Borrowed(argv), name, success, stdin, prints: true, note, signals, running: None }
    }

    /// A script, run by a shell in which a pipeline fails if any part of it does.
    pub(crate) fn by_shell(
        script: &'s OsString,
        success: &'s [u8],
        stdin: Option<OwnedFd>,
        note: &'s dyn Fn(&str),
        signals: &'s Signals,
    ) -> Result<Self> {
        let argv = of_script(script.clone(), signals)?;
        Ok(Command { argv: Cow::Owned(argv), name: script, ..Command::new(&[], success, stdin, note, signals) })
    }

    /// A command that writes the content by name. It has our standard input and output.
    pub(crate) fn by_name(
        argv: Vec<OsString>,
        name: &'s OsStr,
        success: &'s [u8],
        note: &'s dyn Fn(&str),
        signals: &'s Signals,
    ) -> Self {
        Command { argv: Cow::Owned(argv), name, prints: false, ..Command::new(&[], success, None, note, signals) }
    }

    fn shown(&self) -> String {
        format!("command '{}'", Shown(self.name))
    }

    fn is_success(&self, status: Status) -> bool {
        matches!(status, Status::Exited(code) if code == 0 || self.success.contains(&code))
    }

    /// Converts a failure of the command into an error.
    fn check_status(&self, status: Status) -> Result<()> {
        let command = self.shown();
        match status {
            status if self.is_success(status) => Ok(()),
            Status::Exited(code) => {
                let ours = if RESERVED_STATUSES.contains(&code) { 125 } else { code };
                let error = command_failed(ours, format_args!("{command} exited with status {code}"));
                // What a shell returns for the pipe of `producer | head`, with pipefail.
                Err(if code == 128 + 13 {
                    error.hint("141 is SIGPIPE, as of a pipe into head; to accept it: --success-status 141")
                } else {
                    error
                })
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

    /// Waits for output (if `for_output`), the command's end or a signal. Prints a note if the output stays open for
    /// long after the command's end.
    fn wait(&mut self, for_output: bool) -> Result<()> {
        let (signals, note, shown) = (self.signals, self.note, self.shown());
        loop {
            let running = self.running()?;
            let deadline =
                running.succeeded.filter(|_| !running.notified).and_then(|since| since.checked_add(OPEN_PIPE_NOTICE));
            let output = running.output.as_ref().filter(|_| for_output).map(|output| Event::Readable(output.as_fd()));
            let ended = running.child.status.is_none().then_some(Event::ChildEnded);
            let woken = wait([output, ended], Some(signals), deadline).context("wait")?;
            let Woken::Ready([has_output, has_ended]) = woken else {
                running.notified = true;
                note(&format!("waiting: {shown} has exited, but its output is still open"));
                continue;
            };
            if let Some(caught) = signals.caught() {
                if running.output.is_none() && caught.is_typed() {
                    // For an editor, Ctrl-C is a key like others. What the command makes of it decides.
                    running.typed = Some(caught);
                    continue;
                }
                running.child.stop(running.output.as_ref(), caught, signals).context("wait")?;
                return Err(Interrupted(caught).into());
            }
            if has_ended {
                // Clear before try_wait: a later notification is then of another exit.
                signals.clear_children();
            }
            if running.child.status.is_none()
                && let Some(status) = running.child.try_wait().context("wait")?
            {
                running.succeeded = Some(Instant::now());
                let typed = running.typed;
                if let Some(typed) = typed.filter(|_| !self.is_success(status)) {
                    return Err(Interrupted(typed).into());
                }
                // A failed command ends the input at once, even if another process still holds the pipe.
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
            Some(Running { output: Some(output), .. }) => output.as_fd(),
            // Unreachable: `begin` comes first, and nothing is read of a command that writes by name.
            _ => platform::stdin(),
        }
    }

    fn regular(&self) -> Option<(&Stat, u64)> {
        None
    }

    fn begin(&mut self) -> Result<()> {
        self.signals.watch().context("signals")?;
        self.signals.watch_children().context("signals")?;
        let (output, write_end) = self.prints.then(platform::pipe).transpose().context("pipe")?.unzip();
        let stdin = self.stdin.as_ref().map(AsFd::as_fd);
        let stdio = Stdio { stdin, stdout: write_end.as_ref().map(AsFd::as_fd) };
        let child = spawn(&self.argv, &stdio, self.signals).map_err(|errno| {
            let (status, reason) = match errno {
                Errno::NOENT => (127, "was not found".to_owned()),
                errno => (126, format!("could not be run: {}", os_message(errno))),
            };
            command_failed(status, format_args!("{} {reason}", self.shown()))
        })?;
        // Close our copy of the write end, so that the command's own close is the end of the pipe.
        drop(write_end);
        self.stdin = None;
        self.running = Some(Running { output, child, typed: None, succeeded: None, notified: false });
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

    /// Closes the pipe, which ends most commands. A command that still runs is sent SIGTERM.
    fn terminate(&mut self) -> Option<Terminated> {
        let name = self.shown();
        let Running { output, child, .. } = self.running.take()?;
        drop(output);
        if child.status.is_some() {
            return None;
        }
        Some(Terminated::new(child, name))
    }
}
