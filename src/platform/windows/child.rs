//! Child processes: start, wait, stop.
//!
//! While a child runs it is in a job, which ends with this process: if this program fails or is killed, nothing that the
//! child has started is left running. Once the child has ended, what it has left running is on its own.

use std::ffi::{OsStr, OsString};
use std::os::windows::io::AsHandle;
use std::os::windows::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::descriptor::{BorrowedFd, OwnedFd};
use super::errors::{Errno, Result, done};
use super::program;
use super::signals::{Signals, report_ended_child};
use super::termination::TerminationSignal;
use super::wait::{Event, Woken, wait};
use super::win32::{self, Job};
use crate::platform::environment::for_children;

/// A child process.
#[derive(Debug)]
pub(crate) struct Child {
    process: std::process::Child,
    /// `None` if the system refuses a job.
    job: Option<Job>,
    pub(crate) status: Option<Status>,
}

#[allow(dead_code)] // The same set as elsewhere.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Status {
    Exited(u8),
    Killed(u8),
}

impl Child {
    /// The process id, for messages.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Its status if it has ended. Does not block. An exit code has 32 bits; one that is too large becomes 255.
    pub(crate) fn try_wait(&mut self) -> Result<Option<Status>> {
        if self.status.is_none()
            && let Some(status) = done(self.process.try_wait())?
        {
            let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX);
            self.status = Some(Status::Exited(code));
            if let Some(job) = self.job.take() {
                job.release();
            }
        }
        Ok(self.status)
    }

    /// Waits for the child's end, to which the console has told it as well. The output is read and discarded, so that
    /// the child does not block on a full pipe.
    pub(crate) fn stop(&mut self, output: Option<&OwnedFd>, _: TerminationSignal, signals: &Signals) -> Result<()> {
        let mut open = output;
        loop {
            signals.clear_children();
            if self.try_wait()?.is_some() {
                return Ok(());
            }
            let output = open.map(Event::Readable);
            let woken = wait([Some(Event::ChildEnded), output], Some(signals), None);
            if let (Woken::Ready([_, true]), Some(output)) = (woken?, open)
                && matches!(super::content::read_once(output, &mut Vec::with_capacity(4096)), Ok(0) | Err(_))
            {
                open = None;
            }
            let _ = signals.caught();
        }
    }

    /// Ends it, and all that it has started.
    pub(crate) fn terminate(&self) {
        if let Some(job) = &self.job {
            job.terminate();
        }
    }
}

/// Never called: no child is killed by a signal.
pub(crate) fn signal_name(_: u8) -> &'static str {
    "a signal"
}

/// The standard handles of a child. `None` inherits ours. Standard error is always inherited.
pub(crate) struct Stdio<'a> {
    pub(crate) stdin: Option<BorrowedFd<'a>>,
    pub(crate) stdout: Option<BorrowedFd<'a>>,
}

/// Starts the program that a shell would find.
pub(crate) fn spawn(argv: &[OsString], stdio: &Stdio<'_>, _: &Signals) -> Result<Child> {
    let (name, arguments) = argv.split_first().ok_or(Errno::NOENT)?;
    let mut command = match program::find(name) {
        Some(path) => Command::new(path),
        None => Command::new(name),
    };
    start(command.args(arguments).envs(for_children()), stdio)
}

/// Starts `sh -c SCRIPT`, where `"$1"` is `path` and `"$2"` is `target`.
///
/// Without a POSIX shell it starts `cmd /d /s /c "SCRIPT"`, which has no arguments for a script: there
/// `"%ATOMIC_WRITE_PATH%"` and `"%ATOMIC_WRITE_TARGET%"` stand for the two. With both shells these are in the environment.
pub(crate) fn spawn_shell(script: &OsStr, path: &Path, target: &Path, stdio: &Stdio<'_>, _: &Signals) -> Result<Child> {
    let mut command;
    if let Some(sh) = program::find_sh() {
        command = Command::new(sh);
        command.arg("-c").arg(script).arg("sh").arg(path).arg(target);
    } else {
        // `/s` takes away the outer quotes and nothing else.
        let mut quoted = OsString::from("\"");
        quoted.push(script);
        quoted.push("\"");
        command = Command::new(std::env::var_os("ComSpec").unwrap_or_else(|| "cmd.exe".into()));
        command.args(["/d", "/s", "/c"]).raw_arg(quoted);
    }
    // After what all children get: there the path is that of COMMAND.
    command.envs(for_children());
    start(command.env("ATOMIC_WRITE_PATH", path).env("ATOMIC_WRITE_TARGET", target), stdio)
}

/// Whether there is a process with this id.
pub(crate) fn is_running(id: u32) -> bool {
    win32::is_running(id)
}

/// A shell whose pipelines fail if any part of them does: bash, or the sh that comes with Git.
pub(crate) fn shell_with_pipefail(_: &Signals) -> Result<Option<OsString>> {
    // The bash of Windows itself is one for another system.
    let system = std::env::var_os("SystemRoot").map(PathBuf::from);
    let is_of_windows = |bash: &PathBuf| system.as_ref().is_some_and(|system| bash.starts_with(system));
    let bash = program::find(OsStr::new("bash")).filter(|bash| !is_of_windows(bash));
    Ok(bash.or_else(program::find_sh).map(PathBuf::into_os_string))
}

fn start(command: &mut Command, stdio: &Stdio<'_>) -> Result<Child> {
    let stream = |file: BorrowedFd<'_>| done(file.file()?.try_clone()).map(std::process::Stdio::from);
    if let Some(stdin) = stdio.stdin {
        command.stdin(stream(stdin)?);
    }
    if let Some(stdout) = stdio.stdout {
        command.stdout(stream(stdout)?);
    }
    let process = done(command.spawn())?;
    let job = Job::new().and_then(|job| job.assign(process.as_handle()).map(|()| job)).ok();
    let mut child = Child { process, job, status: None };
    let reported = done(child.process.as_handle().try_clone_to_owned()).and_then(|handle| {
        let report = move || {
            win32::wait_for_end(handle.as_handle());
            report_ended_child();
        };
        done(std::thread::Builder::new().stack_size(64 * 1024).spawn(report))
    });
    if let Err(errno) = reported {
        // Nobody would notice its end.
        let _ = child.process.kill();
        return Err(errno);
    }
    Ok(child)
}
