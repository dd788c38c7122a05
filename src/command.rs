//! COMMAND: its output is the input, and its end decides.
//!
//! One loop waits for everything: the pipe, the command's end (a pidfd), and the signals. The command starts with the
//! dispositions, the mask and the descriptors that we were started with; posix_spawn(3) sets them, as the standard
//! library's way would give it an empty mask.

use std::ffi::{CString, OsStr, OsString};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use nix::errno::Errno as NixErrno;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn, posix_spawnp};
use nix::sys::signal::{SigSet, Signal};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, WaitId, WaitIdOptions, pidfd_open, pidfd_send_signal, waitid};

use crate::engine::copy::Input;
use crate::engine::names::open;
use crate::engine::stat::Stat;
use crate::failure::{Failure, Result};
use crate::report::{self, Shown};
use crate::signals::{Caught, Signals};
use crate::startup;

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

/// A process of ours. `status` is set once it has been waited for.
struct Child {
    pidfd: OwnedFd,
    status: Option<Status>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Status {
    Exited(u8),
    Killed(u8),
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
        let (output, theirs) =
            rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).map_err(Failure::call("pipe"))?;
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

impl Child {
    fn try_wait(&mut self) -> Result<Option<Status>> {
        // Who has been waited for is no child any more, and waiting again an error.
        if self.status.is_some() {
            return Ok(self.status);
        }
        let waited = loop {
            match waitid(WaitId::PidFd(self.pidfd.as_fd()), WaitIdOptions::EXITED | WaitIdOptions::NOHANG) {
                Err(Errno::INTR) => {}
                waited => break waited.map_err(Failure::call("wait"))?,
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

    /// Passes the signal on, and later ones, and waits for the end, without limit. The terminal's signals have reached the
    /// whole foreground group already. Meanwhile the output is read and thrown away, lest the command waits for us.
    fn stop(&mut self, output: Option<&OwnedFd>, first: Caught, signals: &Signals) -> Result<()> {
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

/// `--validate`: runs `sh -c SCRIPT` on the content, which it finds on its standard input and at `"$1"`.
pub(crate) fn validate(script: &OsStr, content: BorrowedFd<'_>, target: &Path, signals: &Signals) -> Result<()> {
    const STEP: &str = "validate";
    // /proc/self would be the grandchild that opens it.
    let path = format!("/proc/{}/fd/{}", std::process::id(), content.as_raw_fd());
    // Its own description, so that its reading does not move our offset.
    let stdin = open(rustix::fs::CWD, path.as_str(), OFlags::RDONLY | OFlags::CLOEXEC).map_err(Failure::call(STEP))?;
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

/// What a process gets as its standard descriptors; `None` is ours. Standard error is always ours.
struct Stdio<'a> {
    stdin: Option<BorrowedFd<'a>>,
    stdout: BorrowedFd<'a>,
}

fn spawn(words: &[OsString], stdio: &Stdio<'_>, signals: &Signals) -> nix::Result<Child> {
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
    let pidfd = pidfd_open(pid, PidfdFlags::empty()).map_err(|errno| NixErrno::from_raw(errno.raw_os_error()))?;
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

fn timespec(duration: Duration) -> Timespec {
    Timespec { tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX), tv_nsec: duration.subsec_nanos().into() }
}
