//! Stops a program at each of its system calls, by ptrace(2), and those of its children.
//!
//! `common::strace` traces with strace(1), which cannot run something of ours between two calls, nor skip a call of only
//! the program and not of its children. What both see has nothing in common: numbers and registers here, text there.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::thread;

use nix::libc::{self, user_regs_struct};
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::error::{Context, Result};
use crate::scenario::Invocation;

/// This test program, started with this argument, lets itself be traced and executes the program that follows.
pub(crate) const TRACED: &str = "--traced";

pub(crate) struct Ended {
    /// The exit status, or nothing where a signal ended the program.
    pub(crate) status: Option<i32>,
    pub(crate) stderr: String,
}

/// A system call of the program or of one of its children.
pub(crate) struct Call {
    pub(crate) number: i64,
    pub(crate) arguments: [u64; 5],
    /// Whether the program itself makes it, in whichever thread, and not a child.
    pub(crate) own: bool,
}

/// What is done with a system call.
pub(crate) enum Decision {
    Run,
    /// It is not made, and has this result.
    Skip(i64),
}

pub(crate) trait Watch {
    fn entering(&mut self, call: &Call) -> Decision;
    fn left(&mut self, call: &Call, result: i64) -> Result<()>;
    fn ended(&mut self, status: Option<i32>);
}

impl Invocation {
    fn command(&self, launcher: Option<&Path>) -> Command {
        match launcher {
            Some(launcher) => {
                let mut command = Command::new(launcher);
                command.arg(TRACED).arg(&self.program);
                command
            }
            None => Command::new(&self.program),
        }
    }

    /// Runs it without a tracer.
    pub(crate) fn run(&self, directory: &Path, stderr: &Path) -> Result<Ended> {
        let mut child = self.start(self.command(None), directory, stderr)?;
        let status = child.wait().context("wait for the program")?;
        Ok(Ended { status: status.code(), stderr: read(stderr) + &describe_signal(status.signal()) })
    }

    /// Runs it and reports each system call to `watch`.
    pub(crate) fn trace(&self, directory: &Path, stderr: &Path, watch: &mut dyn Watch) -> Result<Ended> {
        let launcher = std::env::current_exe().context("find this test program")?;
        let child = self.start(self.command(Some(&launcher)), directory, stderr)?;
        let program = Pid::from_raw(i32::try_from(child.id()).context("process id")?);
        let ended = Tracer { program, threads: HashSet::new(), inside: HashMap::new(), watch }.follow();
        Ok(Ended { status: ended?, stderr: read(stderr) })
    }

    fn start(&self, mut command: Command, directory: &Path, stderr: &Path) -> Result<std::process::Child> {
        let errors = File::create(stderr).context(stderr.display())?;
        let mut child = command
            .args(&self.arguments)
            .current_dir(directory)
            .stdin(match &self.input {
                Some(_) => Stdio::piped(),
                None => Stdio::null(),
            })
            .stdout(Stdio::null())
            .stderr(errors)
            .spawn()
            .context(format_args!("start {}", self.program.display()))?;
        if let (Some(mut pipe), Some(input)) = (child.stdin.take(), self.input.clone()) {
            // Not all of the input need be read: then the exit status shows it.
            thread::spawn(move || pipe.write_all(&input));
        }
        Ok(child)
    }
}

fn read(stderr: &Path) -> String {
    let bytes = std::fs::read(stderr).unwrap_or_default();
    String::from_utf8_lossy(&bytes).trim().to_owned()
}

fn describe_signal(signal: Option<i32>) -> String {
    signal.map_or_else(String::new, |signal| format!(" (signal {signal})"))
}

/// What the child of [`Invocation::trace`] does.
pub(crate) fn become_traced(program: &OsStr, arguments: &[OsString]) -> ExitCode {
    let error = match ptrace::traceme() {
        Ok(()) => Command::new(program).args(arguments).exec(),
        Err(errno) => errno.into(),
    };
    eprintln!("{}: {error}", program.display());
    ExitCode::from(127)
}

impl Drop for Tracer<'_> {
    /// After an error, a process that is still traced would stay stopped for ever.
    fn drop(&mut self) {
        for pid in self.inside.keys() {
            let _ = kill(*pid, Signal::SIGKILL);
            let _ = waitpid(*pid, Some(WaitPidFlag::__WALL));
        }
    }
}

struct Tracer<'a> {
    program: Pid,
    /// The threads that it has started.
    threads: HashSet<Pid>,
    /// The running processes, each with the call that it is in and the result that the call gets without being made.
    inside: HashMap<Pid, Option<(Call, Option<i64>)>>,
    watch: &'a mut dyn Watch,
}

impl Tracer<'_> {
    fn follow(&mut self) -> Result<Option<i32>> {
        // The first stop is that of the exec.
        waitpid(self.program, Some(WaitPidFlag::__WALL)).context("wait for the exec")?;
        let options = Options::PTRACE_O_TRACESYSGOOD
            | Options::PTRACE_O_TRACEEXEC
            | Options::PTRACE_O_TRACECLONE
            | Options::PTRACE_O_TRACEFORK
            | Options::PTRACE_O_TRACEVFORK
            | Options::PTRACE_O_EXITKILL;
        ptrace::setoptions(self.program, options).context("trace")?;
        self.inside.insert(self.program, None);
        ptrace::syscall(self.program, None).context("trace")?;
        let mut status = None;
        while !self.inside.is_empty() {
            // Only this thread's children: another thread may trace others.
            let any = Some(WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD);
            match waitpid(Pid::from_raw(-1), any).context("wait for the traced")? {
                WaitStatus::Exited(pid, code) => {
                    self.inside.remove(&pid);
                    if pid == self.program {
                        status = Some(code);
                    }
                }
                WaitStatus::Signaled(pid, _, _) => {
                    self.inside.remove(&pid);
                    if pid == self.program {
                        self.watch.ended(None);
                    }
                }
                WaitStatus::PtraceSyscall(pid) => {
                    self.syscall(pid)?;
                    go_on(pid, None);
                }
                WaitStatus::PtraceEvent(pid, _, _) => go_on(pid, None),
                WaitStatus::Stopped(pid, signal) => {
                    // A new process begins with a SIGSTOP of the tracer's.
                    let new = self.inside.insert(pid, None).is_none();
                    if new && Path::new(&format!("/proc/{}/task/{pid}", self.program)).exists() {
                        self.threads.insert(pid);
                    }
                    let ours = new && signal == Signal::SIGSTOP;
                    go_on(pid, (!ours).then_some(signal));
                }
                _ => {}
            }
        }
        Ok(status)
    }

    fn syscall(&mut self, pid: Pid) -> Result<()> {
        let Ok(mut registers) = ptrace::getregs(pid) else {
            // It was killed; its end is reported next.
            return Ok(());
        };
        let current = self.inside.entry(pid).or_default();
        if let Some((call, skipped)) = current.take() {
            if let Some(result) = skipped {
                registers.rax = result.cast_unsigned();
                let _ = ptrace::setregs(pid, registers);
            }
            return self.watch.left(&call, registers.rax.cast_signed());
        }
        let own = pid == self.program || self.threads.contains(&pid);
        let call = call_of(&registers, own);
        if call.own && call.number == libc::SYS_exit_group {
            // From here on the exit status is certain, and what it promises must hold.
            let status = i32::from(call.arguments[0].to_le_bytes()[0]);
            self.watch.ended(Some(status));
        }
        let skipped = match self.watch.entering(&call) {
            Decision::Run => None,
            Decision::Skip(result) => {
                // There is no call of this number, so the kernel does nothing.
                registers.orig_rax = u64::MAX;
                let _ = ptrace::setregs(pid, registers);
                Some(result)
            }
        };
        *current = Some((call, skipped));
        Ok(())
    }
}

fn call_of(registers: &user_regs_struct, own: bool) -> Call {
    Call {
        number: registers.orig_rax.cast_signed(),
        arguments: [registers.rdi, registers.rsi, registers.rdx, registers.r10, registers.r8],
        own,
    }
}

/// An error means that the process was killed; its end is reported next.
fn go_on(pid: Pid, signal: Option<Signal>) {
    let _ = ptrace::syscall(pid, signal);
}
