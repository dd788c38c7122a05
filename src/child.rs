//! A process of ours: how it is started, waited for and stopped.
//!
//! It starts with the dispositions, the mask and the descriptors that we were started with; posix_spawn(3) sets them, as
//! the standard library's way would give it an empty mask.

use std::ffi::{CString, OsStr, OsString};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use nix::errno::Errno as NixErrno;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn, posix_spawnp};
use nix::sys::signal::{SigSet, Signal};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, retry_on_intr};
use rustix::process::{
    Pid, PidfdFlags, WaitId, WaitIdOptions, WaitOptions, kill_process, pidfd_open, pidfd_send_signal, waitid, waitpid,
};

use crate::failure::{Failure, Result};
use crate::signals::{Caught, Signals};
use crate::startup;

/// A process of ours. `status` is set once it has been waited for.
pub(crate) struct Child {
    pub(crate) pidfd: OwnedFd,
    pub(crate) status: Option<Status>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Status {
    Exited(u8),
    Killed(u8),
}

impl Child {
    /// Whether it has ended, and how.
    pub(crate) fn try_wait(&mut self) -> Result<Option<Status>> {
        // Who has been waited for is no child any more, and waiting again an error.
        if self.status.is_some() {
            return Ok(self.status);
        }
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        let waited = retry_on_intr(|| waitid(WaitId::PidFd(self.pidfd.as_fd()), options));
        let waited = waited.map_err(Failure::call("wait"))?;
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

    /// Passes the signal on, and later ones, and waits for the end, without limit. The terminal's signals have reached the
    /// whole foreground group already. Meanwhile the output is read and thrown away, lest the command waits for us.
    pub(crate) fn stop(&mut self, output: Option<&OwnedFd>, first: Caught, signals: &Signals) -> Result<()> {
        let mut next = Some(first);
        // A real-time signal stays pending, and would be told again and again.
        let mut real_time = false;
        let mut open = output;
        loop {
            if let Some(caught) = next.take().filter(|caught| !(real_time && *caught == Caught::RealTime)) {
                real_time |= caught == Caught::RealTime;
                self.pass_on(caught);
            }
            if self.try_wait()?.is_some() {
                return Ok(());
            }
            let watched: Vec<_> = signals.descriptors().take(if real_time { 1 } else { 2 }).collect();
            let mut wanted = vec![PollFd::new(&self.pidfd, PollFlags::IN)];
            wanted.extend(watched.iter().map(|descriptor| PollFd::new(descriptor, PollFlags::IN)));
            if let Some(output) = open {
                wanted.push(PollFd::new(output, PollFlags::IN));
            }
            match poll(&mut wanted, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(errno) => return Err(Failure::call("wait")(errno)),
            }
            let readable = open.is_some() && wanted.last().is_some_and(|output| !output.revents().is_empty());
            if let (true, Some(output)) = (readable, open) {
                let mut waste = [0; 4096];
                if matches!(rustix::io::read(output, &mut waste), Ok(0)) {
                    open = None;
                }
            }
            next = signals.caught();
        }
    }

    fn pass_on(&self, caught: Caught) {
        let signal = match caught {
            Caught::Named { signal, by_terminal: false } => signal as i32,
            Caught::Named { by_terminal: true, .. } => return,
            // It cannot be sent by a safe call; this one asks for the same.
            Caught::RealTime => Signal::SIGTERM as i32,
        };
        if let Some(signal) = rustix::process::Signal::from_named_raw(signal) {
            // It may have ended meanwhile.
            let _ = pidfd_send_signal(&self.pidfd, signal);
        }
    }
}

/// What a process gets as its standard descriptors; `None` is ours. Standard error is always ours.
pub(crate) struct Stdio<'a> {
    pub(crate) stdin: Option<BorrowedFd<'a>>,
    pub(crate) stdout: BorrowedFd<'a>,
}

/// Starts a program, which is looked for in PATH.
pub(crate) fn spawn(words: &[OsString], stdio: &Stdio<'_>, signals: &Signals) -> nix::Result<Child> {
    // With SIGCHLD ignored, as we may have been started, the kernel would throw the status away.
    signal_hook::flag::register(Signal::SIGCHLD as i32, Arc::new(AtomicBool::new(false)))
        .map_err(|_| NixErrno::EINVAL)?;

    let mut actions = PosixSpawnFileActions::init()?;
    if let Some(stdin) = stdio.stdin {
        actions.add_dup2(stdin.as_raw_fd(), 0)?;
    } else if startup::was_closed(0) {
        actions.add_close(0)?;
    }
    actions.add_dup2(stdio.stdout.as_raw_fd(), 1)?;
    if startup::was_closed(2) {
        actions.add_close(2)?;
    }

    let mut attributes = PosixSpawnAttr::init()?;
    attributes.set_flags(PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF)?;
    attributes.set_sigmask(signals.inherited_mask())?;
    let mut default = SigSet::empty();
    if !startup::was_ignored(Signal::SIGPIPE as i32) {
        default.add(Signal::SIGPIPE);
    }
    attributes.set_sigdefault(&default)?;

    let argv: Vec<CString> = words.iter().map(|word| c_string(word)).collect::<nix::Result<_>>()?;
    let environment: Vec<CString> = std::env::vars_os()
        .filter_map(|(key, value)| {
            let mut pair = key.into_vec();
            pair.push(b'=');
            pair.extend(value.into_vec());
            CString::new(pair).ok()
        })
        .collect();
    let program = argv.first().ok_or(NixErrno::ENOENT)?;
    let spawned = match posix_spawnp(program, &actions, &attributes, &argv, &environment) {
        // A script without an interpreter: execvp(3), and so env(1) and timeout(1), give it to the shell.
        Err(NixErrno::ENOEXEC) => {
            let path = find(words.first().map_or(OsStr::new(""), OsString::as_os_str));
            let mut argv_of_shell = vec![c_string(OsStr::new("sh"))?, c_string(&path)?];
            argv_of_shell.extend(argv.iter().skip(1).cloned());
            posix_spawn("/bin/sh", &actions, &attributes, &argv_of_shell, &environment)
        }
        spawned => spawned,
    }?;
    let pid = Pid::from_raw(spawned.as_raw()).ok_or(NixErrno::ESRCH)?;
    let pidfd = retry_on_intr(|| pidfd_open(pid, PidfdFlags::empty())).map_err(|errno| {
        // It runs, and could not be waited for as the rest is written: it is ended.
        let _ = kill_process(pid, rustix::process::Signal::KILL);
        let _ = retry_on_intr(|| waitpid(Some(pid), WaitOptions::empty()));
        NixErrno::from_raw(errno.raw_os_error())
    })?;
    Ok(Child { pidfd, status: None })
}

/// Where PATH finds the program.
fn find(program: &OsStr) -> OsString {
    if program.as_bytes().contains(&b'/') {
        return program.to_owned();
    }
    // Without PATH, posix_spawnp(3) looks in these.
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into());
    let found = std::env::split_paths(&path)
        .map(|directory| directory.join(program))
        // A directory may be "executed" too: searched.
        .find(|file| file.is_file() && rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok());
    found.map_or_else(|| program.to_owned(), std::path::PathBuf::into_os_string)
}

fn c_string(word: &OsStr) -> nix::Result<CString> {
    CString::new(word.as_bytes()).map_err(|_| NixErrno::EINVAL)
}
