//! Runs the cases, two and more at a time.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use crate::common::{self, Scene};
use crate::fault::{self, Fault};
use crate::judge::{self, Ended};
use crate::look::snapshot;
use crate::mode::Mode;
use crate::support::{Context, Result, lock};
use crate::trace::{self, Call};

/// No case takes so long, in seconds, unless it hangs.
const BOUND: i64 = 60;
/// How many failures are told.
const MOST_SHOWN: usize = 20;
/// What the judge reads of each run: where names and the disk come in.
const JUDGED: &str = "fsync,syncfs,linkat,renameat,renameat2";

/// A fault at a call of a mode.
#[derive(Clone)]
pub struct Case {
    pub mode: Mode,
    pub call: Call,
    pub fault: Fault,
    inject: Arc<[String]>,
}

impl Case {
    pub fn name(&self) -> String {
        format!("{}/{}-{}/{}", self.mode.name, self.call.name, self.call.nth, self.fault.name())
    }
}

/// Whether strace may trace and inject here.
pub fn can_trace(program: &Path) -> Result<()> {
    let output = Command::new("strace")
        .args(["-qqq", "-o", "/dev/null", "-e", "trace=fsync", "-e", "inject=fsync:error=EIO:when=1..2+1"])
        .arg(program)
        .arg("--version")
        .output()
        .context("strace")?;
    if output.status.success() { Ok(()) } else { Err(common::stderr(&output).into()) }
}

/// All cases of a mode, from recordings of what it calls.
pub fn cases(mode: &Mode, program: &Path) -> Result<Vec<Case>> {
    let calls = record(mode, program, &[])?;
    let (base, at) = match &mode.base {
        None => (None, 0),
        Some(base) => {
            let (expression, at) =
                base.expression(&calls).ok_or_else(|| format!("{}: no {} to refuse", mode.name, base.call))?;
            (Some(expression), at)
        }
    };
    let calls = if base.is_some() { record(mode, program, base.as_slice())? } else { calls };
    let mut cases = Vec::new();
    let calls = trace::ours(calls);
    for (at_call, call) in calls.iter().enumerate() {
        for fault in fault::at(call, &calls[at_call + 1..]) {
            let inject: Vec<String> = match (&mode.base, &base) {
                (Some(refused), Some(_)) if refused.call == call.name => {
                    match combined(call, fault, at, refused.errno) {
                        Some(expression) => vec![expression],
                        None => continue,
                    }
                }
                (_, base) => base.iter().cloned().chain([fault.expression(call)]).collect(),
            };
            cases.push(Case { mode: *mode, call: call.clone(), fault, inject: inject.into() });
        }
    }
    if cases.is_empty() {
        return Err(format!("{}: no call of ours was seen", mode.name).into());
    }
    Ok(cases)
}

/// strace takes one rule for each call: where the mode refuses one of these already, both have to fit into it.
fn combined(call: &Call, fault: Fault, base: usize, errno: &str) -> Option<String> {
    let nth = call.nth;
    (base > 0 && matches!(fault, Fault::Once(other) if other == errno) && nth > base)
        .then(|| format!("{}:error={errno}:when={base}..{nth}+{}", call.name, nth - base))
}

fn record(mode: &Mode, program: &Path, inject: &[String]) -> Result<Vec<Call>> {
    let scene = Scene::new();
    let expected = mode.prepare(scene.root())?;
    let ended = run(mode, program, scene.root(), inject, None)?;
    let after = snapshot(scene.root())?;
    if !ended.status.success() {
        return Err(format!("{}: {}: {}", mode.name, ended.status, ended.words).into());
    }
    if mode.base.is_none() || !inject.is_empty() {
        judge::succeeded(mode, &expected, &after, &ended).context(format_args!("{} without a fault", mode.name))?;
    }
    Ok(ended.calls)
}

/// One run under strace, all calls recorded or those that are asked for.
fn run(mode: &Mode, program: &Path, root: &Path, inject: &[String], traced: Option<&str>) -> Result<Ended> {
    let invocation = mode.invocation();
    let side = Scene::new();
    let (log, words) = (side.path("log"), side.path("stderr"));
    let mut command = Command::new("strace");
    command.args(["-qqq", "-o"]).arg(&log);
    if let Some(traced) = traced {
        command.args(["-e", &format!("trace={}", traced.trim_end_matches(','))]);
    }
    for expression in inject {
        command.args(["-e", &format!("inject={expression}")]);
    }
    command.arg(program).args(&invocation.arguments).current_dir(root);
    for name in ["VERSION_CONTROL", "SIMPLE_BACKUP_SUFFIX", "TMPDIR", "RUST_BACKTRACE", "LD_LIBRARY_PATH"] {
        command.env_remove(name);
    }
    command.stdin(piped(&invocation.input)?).stdout(Stdio::null()).stderr(fs::File::create(&words)?);
    let status = bounded(command.process_group(0))?;
    let log = fs::read_to_string(&log).context("strace's log")?;
    Ok(Ended { status, words: fs::read_to_string(&words).context("stderr")?, calls: trace::parse(&log) })
}

/// A pipe that holds the whole input and has no writer any more.
fn piped(input: &[u8]) -> Result<OwnedFd> {
    let (reader, writer) = std::io::pipe()?;
    { writer }.write_all(input)?;
    Ok(reader.into())
}

fn bounded(command: &mut Command) -> Result<ExitStatus> {
    let mut child = command.spawn()?;
    let pid = Pid::from_child(&child);
    let pidfd = pidfd_open(pid, PidfdFlags::empty())?;
    let ended = poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&Timespec { tv_sec: BOUND, tv_nsec: 0 }))?;
    if ended == 0 {
        kill_process_group(pid, Signal::KILL)?;
        child.wait()?;
        return Err(format!("hung for {BOUND} s").into());
    }
    Ok(child.wait()?)
}

/// Runs one case and judges it.
fn judge(case: &Case, program: &Path) -> Result<()> {
    let scene = Scene::new();
    let expected = case.mode.prepare(scene.root())?;
    // strace injects only into what it traces.
    let refused = case.mode.base.map_or("", |base| base.call);
    let traced = format!("{JUDGED},{},{refused}", case.call.name);
    let ended = run(&case.mode, program, scene.root(), &case.inject, Some(&traced))?;
    let after = snapshot(scene.root())?;
    judge::judge(case, &expected, &after, &ended).map_err(|reason| {
        let after: Vec<String> = after.iter().map(|(name, look)| format!("  {}: {look:?}\n", name.display())).collect();
        let signal = ended.status.signal().map_or(String::new(), |signal| format!(" (signal {signal})"));
        let (at, inject) = (&case.call.text, case.inject.join(" "));
        format!("{reason}\n  at {at}\n  inject {inject}\n  {}{signal}: {}{}", ended.status, ended.words, after.concat())
            .into()
    })
}

pub struct Runner {
    pub program: PathBuf,
    /// The command that repeats a case, up to its name.
    pub again: String,
}

#[derive(Default)]
pub struct Summary {
    modes: BTreeMap<&'static str, usize>,
    failures: Vec<String>,
}

impl Runner {
    pub fn run(&self, cases: Vec<Case>) -> Summary {
        let cases = Mutex::new(VecDeque::from(cases));
        let summary = Mutex::default();
        // A case waits for the disk more than it computes.
        let threads = std::thread::available_parallelism().map_or(2, usize::from) * 2;
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| self.take_cases(&cases, &summary));
            }
        });
        summary.into_inner().unwrap_or_default()
    }

    fn take_cases(&self, cases: &Mutex<VecDeque<Case>>, summary: &Mutex<Summary>) {
        loop {
            // The lock is not held while the case runs.
            let Some(case) = lock(cases).pop_front() else { break };
            let judged = judge(&case, &self.program);
            let mut summary = lock(summary);
            *summary.modes.entry(case.mode.name).or_default() += 1;
            if let Err(reason) = judged {
                let name = case.name();
                if summary.failures.len() < MOST_SHOWN {
                    println!("FAILED {name}: {reason}  again: {} {name}", self.again);
                }
                summary.failures.push(name);
            }
        }
    }
}

impl Summary {
    pub fn failed(&self) -> bool {
        !self.failures.is_empty()
    }

    pub fn print(&self) {
        let modes: Vec<String> = self.modes.iter().map(|(mode, count)| format!("{mode} {count}")).collect();
        println!("matrix: {}", modes.join(", "));
        let (all, failed) = (self.modes.values().sum::<usize>(), self.failures.len());
        println!("matrix: {all} cases, {} passed, {failed} failed", all - failed);
    }
}
