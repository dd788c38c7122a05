//! COMMAND: its output is the input, and its end decides.
//!
//! One loop waits for everything: the pipe, the command's end (a pidfd), and the signals.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno as NixErrno;
use nix::sys::signal::Signal;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::{Errno, retry_on_intr};

use crate::child::{Child, Status, Stdio, spawn};
use crate::engine::copy::Input;
use crate::engine::stat::Stat;
use crate::failure::{Failure, Result};
use crate::report::{self, Shown};
use crate::signals::{Caught, Signals};
use crate::sys;

/// The statuses that mean "replaced" and "damaged" and so cannot be a command's.
const OURS: [u8; 2] = [121, 122];
/// How long a child of the command may keep the output open before that is told.
const PATIENCE: Duration = Duration::from_secs(2);

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
    told: bool,
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
    fn judge(&self, status: Status) -> Result<()> {
        let command = self.shown();
        match status {
            Status::Exited(0) => Ok(()),
            Status::Exited(code) => {
                let ours = if OURS.contains(&code) { 125 } else { code };
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
            let timeout = match running.succeeded {
                Some(since) if !running.told => Some(PATIENCE.saturating_sub(since.elapsed())),
                _ => None,
            };
            let watched: Vec<_> = signals.descriptors().collect();
            let mut wanted = Vec::with_capacity(4);
            if for_output {
                wanted.push(PollFd::new(&running.output, PollFlags::IN));
            }
            wanted.extend(watched.iter().map(|descriptor| PollFd::new(descriptor, PollFlags::IN)));
            if running.child.status.is_none() {
                wanted.push(PollFd::new(&running.child.pidfd, PollFlags::IN));
            }
            match poll(&mut wanted, timeout.map(timespec).as_ref()) {
                Ok(0) => {
                    running.told = true;
                    report::note(target, &format!("waiting: {shown} has exited, but its output is still open"));
                    continue;
                }
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(errno) => return Err(Failure::call("wait")(errno)),
            }
            let has_output = for_output && wanted.first().is_some_and(|output| !output.revents().is_empty());
            if let Some(caught) = signals.caught() {
                running.child.stop(Some(&running.output), caught, signals)?;
                return Err(Failure::signal(caught));
            }
            if running.child.status.is_none()
                && let Some(status) = running.child.try_wait()?
            {
                running.succeeded = Some(Instant::now());
                // A failure is known at once, whoever still holds the pipe.
                self.judge(status)?;
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
        let (output, theirs) = retry_on_intr(|| rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC))
            .map_err(Failure::call("pipe"))?;
        let stdio = Stdio { stdin: self.stdin.as_ref().map(AsFd::as_fd), stdout: theirs.as_fd() };
        let child = spawn(self.words, &stdio, self.signals).map_err(|errno| {
            let status = if errno == NixErrno::ENOENT { 127 } else { 126 };
            let reason =
                if status == 127 { "was not found".to_owned() } else { format!("could not be run: {}", errno.desc()) };
            Failure::command(status, format_args!("{} {reason}", self.shown()))
        })?;
        // Its own copy is what counts; a command that closes it must be seen to.
        drop(theirs);
        self.stdin = None;
        self.running = Some(Running { output, child, succeeded: None, told: false });
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
}

impl Drop for Command<'_> {
    /// The run has failed while the command was busy: it is ended, so that it does not outlive us.
    fn drop(&mut self) {
        let Some(running) = &mut self.running else { return };
        if running.child.status.is_none() {
            let terminate = Caught::Named { signal: Signal::SIGTERM, by_terminal: false };
            // What could be told has been told.
            let _ = running.child.stop(Some(&running.output), terminate, self.signals);
        }
    }
}

/// `--validate`: runs `sh -c SCRIPT` on the content, which it finds on its standard input and at `"$1"`.
pub(crate) fn validate(script: &OsStr, content: BorrowedFd<'_>, target: &Path, signals: &Signals) -> Result<()> {
    const STEP: &str = "validate";
    // /proc/self would be the grandchild that opens it.
    let path = format!("/proc/{}/fd/{}", std::process::id(), content.as_raw_fd());
    // Its own description, so that its reading does not move our offset.
    let stdin = sys::open(rustix::fs::CWD, path.as_str(), OFlags::RDONLY).map_err(Failure::call(STEP))?;
    let words = ["sh".into(), "-c".into(), script.to_owned(), "sh".into(), path.into(), target.as_os_str().to_owned()];
    let stderr = std::io::stderr();
    let stdio = Stdio { stdin: Some(stdin.as_fd()), stdout: stderr.as_fd() };
    signals.watch()?;
    let mut child = spawn(&words, &stdio, signals)
        .map_err(|errno| Failure::failed(STEP, format_args!("sh could not be run: {}", errno.desc())))?;
    let status = loop {
        let watched: Vec<_> = signals.descriptors().collect();
        let mut wanted = vec![PollFd::new(&child.pidfd, PollFlags::IN)];
        wanted.extend(watched.iter().map(|descriptor| PollFd::new(descriptor, PollFlags::IN)));
        match poll(&mut wanted, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(Failure::call(STEP)(errno)),
        }
        if let Some(caught) = signals.caught() {
            child.stop(None, caught, signals)?;
            return Err(Failure::signal(caught));
        }
        if let Some(status) = child.try_wait()? {
            break status;
        }
    };
    let shown = Shown(script);
    match status {
        Status::Exited(0) => Ok(()),
        // The shell's words for "found, not executable" and "not found".
        Status::Exited(code @ (126 | 127)) => {
            Err(Failure::failed(STEP, format_args!("command '{shown}' could not be run (status {code})")))
        }
        Status::Exited(code) => {
            Err(Failure::refused(STEP, format_args!("command '{shown}' exited with status {code}")))
        }
        Status::Killed(signal) => {
            Err(Failure::refused(STEP, format_args!("command '{shown}' was killed by signal {signal}")))
        }
    }
}

fn timespec(duration: Duration) -> Timespec {
    Timespec { tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX), tv_nsec: duration.subsec_nanos().into() }
}
