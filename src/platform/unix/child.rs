//! Child processes: start, wait, stop.
//!
//! A child starts with the signal dispositions, the mask and the descriptors that this program started with.
//! posix_spawn(3) can set them; the standard library would give the child an empty mask.

use std::ffi::{CString, OsStr, OsString};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::errno::Errno as NixErrno;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn, posix_spawnp};
use nix::sys::signal::{SigSet, Signal};
use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions, kill_process, test_kill_process, waitid};

use super::errors::{Result, from_io, from_nix};
use super::retry::Retries;
use super::startup;
use super::termination::TerminationSignal;
use super::wait::{Event, Woken, wait};
use crate::platform::environment::for_children;
use crate::platform::system::signals::Signals;

/// A child process. `status` is set once it has been reaped; until then its process id cannot be reused.
#[derive(Debug)]
pub(crate) struct Child {
    pid: Pid,
    pub(crate) status: Option<Status>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Status {
    Exited(u8),
    Killed(u8),
}

impl Child {
    /// The process id, for messages.
    pub(crate) fn id(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// Its status if it has ended. Does not block.
    pub(crate) fn try_wait(&mut self) -> Result<Option<Status>> {
        // After it has been reaped, waitid would fail.
        if self.status.is_some() {
            return Ok(self.status);
        }
        let mut retries = Retries::default();
        let waited = loop {
            match waitid(WaitId::Pid(self.pid), WaitIdOptions::EXITED | WaitIdOptions::NOHANG) {
                Err(Errno::INTR) => retries.retry(Errno::INTR)?,
                waited => break waited?,
            }
        };
        if let Some(status) = waited {
            let number = |value: Option<i32>| value.and_then(|value| u8::try_from(value).ok());
            self.status = Some(match (number(status.exit_status()), number(status.terminating_signal())) {
                (Some(code), _) => Status::Exited(code),
                (None, Some(signal)) => Status::Killed(signal),
                (None, None) => Status::Exited(255),
            });
        }
        Ok(self.status)
    }

    /// Forwards the signal, and later ones, and waits for the child's end without a time limit. Signals of the terminal
    /// are not forwarded, because they have reached the whole foreground process group. The output is read and
    /// discarded, so that the child does not block on a full pipe.
    pub(crate) fn stop(&mut self, output: Option<&OwnedFd>, first: TerminationSignal, signals: &Signals) -> Result<()> {
        let mut next = Some(first);
        let mut open = output;
        loop {
            if let Some(caught) = next.take() {
                self.forward(caught);
            }
            signals.clear_children();
            if self.try_wait()?.is_some() {
                return Ok(());
            }
            let output = open.map(|output| Event::Readable(output.as_fd()));
            let woken = wait([Some(Event::ChildEnded), output], Some(signals), None);
            if let (Woken::Ready([_, true]), Some(output)) = (woken?, open) {
                let mut discarded = [0; 4096];
                if matches!(rustix::io::read(output, &mut discarded), Ok(0)) {
                    open = None;
                }
            }
            next = signals.caught();
        }
    }

    /// Sends it SIGTERM.
    pub(crate) fn terminate(&self) {
        self.forward(TerminationSignal::Named { signal: Signal::SIGTERM, by_terminal: false });
    }

    fn forward(&self, caught: TerminationSignal) {
        let signal = match caught {
            TerminationSignal::Named { signal, by_terminal: false } => signal as i32,
            TerminationSignal::Named { by_terminal: true, .. } => return,
            // No safe function sends a real-time signal. SIGTERM also requests termination.
            TerminationSignal::RealTime => Signal::SIGTERM as i32,
        };
        if let Some(signal) = rustix::process::Signal::from_named_raw(signal) {
            // It may have ended already.
            let _ = kill_process(self.pid, signal);
        }
    }
}

/// The name of a signal, as in signal(7).
pub(crate) fn signal_name(signal: u8) -> &'static str {
    Signal::try_from(i32::from(signal)).map_or("a real-time signal", Signal::as_str)
}

/// The standard descriptors of a child. `None` inherits ours. Standard error is always inherited.
pub(crate) struct Stdio<'a> {
    pub(crate) stdin: Option<BorrowedFd<'a>>,
    pub(crate) stdout: Option<BorrowedFd<'a>>,
}

/// Starts the program that a shell would find. [`Signals::watch_children`] must have been called before.
pub(crate) fn spawn(argv: &[OsString], stdio: &Stdio<'_>, signals: &Signals) -> Result<Child> {
    let spawned = match spawn_with_posix_spawn(argv, stdio, signals) {
        // Some seccomp filters fail clone3(2) with EPERM. glibc's posix_spawn(3) falls back only after ENOSYS.
        Err(NixErrno::EPERM) => signals.with_inherited_mask(|| spawn_with_fork(argv, stdio))?,
        spawned => spawned.map_err(from_nix),
    };
    spawned.map(|pid| Child { pid, status: None })
}

/// Starts `sh -c SCRIPT`, where `"$1"` is `path` and `"$2"` is `target`.
pub(crate) fn spawn_shell(
    script: &OsStr,
    path: &Path,
    target: &Path,
    stdio: &Stdio<'_>,
    signals: &Signals,
) -> Result<Child> {
    let argv = ["sh".into(), "-c".into(), script.to_owned(), "sh".into(), path.into(), target.into()];
    spawn(&argv, stdio, signals)
}

fn spawn_with_posix_spawn(argv: &[OsString], stdio: &Stdio<'_>, signals: &Signals) -> nix::Result<Pid> {
    let (actions, attributes) = (file_actions(stdio)?, attributes(signals)?);
    let c_argv: Vec<CString> = argv.iter().map(|argument| c_string(argument)).collect::<nix::Result<_>>()?;
    let environment = environment();
    let program = c_argv.first().ok_or(NixErrno::ENOENT)?;
    let spawned = match posix_spawnp(program, &actions, &attributes, &c_argv, &environment) {
        // A script without an interpreter line: execvp(3), and therefore env(1) and timeout(1), run it with the shell.
        Err(NixErrno::ENOEXEC) => {
            let path = find_in_path(argv.first().map_or(OsStr::new(""), OsString::as_os_str));
            let mut argv_of_shell = vec![c_string(OsStr::new("sh"))?, c_string(&path)?];
            argv_of_shell.extend(c_argv.iter().skip(1).cloned());
            posix_spawn("/bin/sh", &actions, &attributes, &argv_of_shell, &environment)
        }
        spawned => spawned,
    }?;
    Pid::from_raw(spawned.as_raw()).ok_or(NixErrno::ESRCH)
}

/// The child's descriptors.
fn file_actions(stdio: &Stdio<'_>) -> nix::Result<PosixSpawnFileActions> {
    let mut actions = PosixSpawnFileActions::init()?;
    if let Some(stdin) = stdio.stdin {
        actions.add_dup2(stdin.as_raw_fd(), 0)?;
    } else if startup::was_closed(0) {
        actions.add_close(0)?;
    }
    if let Some(stdout) = stdio.stdout {
        actions.add_dup2(stdout.as_raw_fd(), 1)?;
    } else if startup::was_closed(1) {
        actions.add_close(1)?;
    }
    if startup::was_closed(2) {
        actions.add_close(2)?;
    }
    Ok(actions)
}

/// The child's signal mask and dispositions.
fn attributes(signals: &Signals) -> nix::Result<PosixSpawnAttr> {
    let mut attributes = PosixSpawnAttr::init()?;
    attributes.set_flags(PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF)?;
    attributes.set_sigmask(signals.inherited_mask())?;
    let mut default = SigSet::empty();
    if !startup::was_ignored(Signal::SIGPIPE as i32) {
        default.add(Signal::SIGPIPE);
    }
    attributes.set_sigdefault(&default)?;
    Ok(attributes)
}

/// The environment, as `NAME=VALUE`.
fn environment() -> Vec<CString> {
    let pair = |(name, value): (OsString, OsString)| {
        let mut pair = name.into_vec();
        pair.push(b'=');
        pair.extend(value.into_vec());
        CString::new(pair).ok()
    };
    let added = for_children();
    let ours = std::env::vars_os().filter(|(name, _)| added.iter().all(|(other, _)| name != other));
    ours.chain(added.iter().map(|(name, value)| (OsString::from(name), value.clone()))).filter_map(pair).collect()
}

/// Starts the program with the standard library, which forks if a group is set. The child inherits the signal mask. It
/// has the default action of SIGPIPE, whatever this program started with.
fn spawn_with_fork(argv: &[OsString], stdio: &Stdio<'_>) -> Result<Pid> {
    let errno = |error: std::io::Error| from_io(&error);
    let (program, arguments) = argv.split_first().ok_or(Errno::NOENT)?;
    let mut command = Command::new(program);
    command.args(arguments).envs(for_children()).gid(rustix::process::getgid().as_raw());
    if let Some(stdin) = stdio.stdin {
        command.stdin(stdin.try_clone_to_owned().map_err(errno)?);
    }
    if let Some(stdout) = stdio.stdout {
        command.stdout(stdout.try_clone_to_owned().map_err(errno)?);
    }
    let child = command.spawn().map_err(errno)?;
    i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(Errno::SRCH)
}

/// Whether there is a process with this id.
pub(crate) fn is_running(id: u32) -> bool {
    let pid = i32::try_from(id).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| !matches!(test_kill_process(pid), Err(Errno::SRCH)))
}

/// A shell whose pipelines fail if any part of them does: bash, or a newer sh.
pub(crate) fn shell_with_pipefail(signals: &Signals) -> Result<Option<OsString>> {
    if find_in_path(OsStr::new("bash")) != "bash" {
        return Ok(Some("bash".into()));
    }
    // Otherwise the status may be lost, if our parent ignores SIGCHLD.
    signals.watch_children()?;
    let mut sh = Command::new("sh");
    let null = std::process::Stdio::null;
    sh.args(["-o", "pipefail", "-c", ":"]).stdin(null()).stdout(null()).stderr(null());
    Ok(sh.status().is_ok_and(|status| status.success()).then(|| "sh".into()))
}

/// The path at which PATH finds the program.
fn find_in_path(program: &OsStr) -> OsString {
    if program.as_bytes().contains(&b'/') {
        return program.to_owned();
    }
    // If PATH is unset, posix_spawnp(3) searches these.
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into());
    let found = std::env::split_paths(&path)
        .map(|directory| directory.join(program))
        // Execute permission on a directory means search, so check the type as well.
        .find(|file| file.is_file() && rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok());
    found.map_or_else(|| program.to_owned(), std::path::PathBuf::into_os_string)
}

fn c_string(argument: &OsStr) -> nix::Result<CString> {
    CString::new(argument.as_bytes()).map_err(|_| NixErrno::EINVAL)
}
