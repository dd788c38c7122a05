//! Runs the cases, two and more at a time.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use crate::between;
use crate::common::{self, Scene};
use crate::fault::{self, Fault};
use crate::judge::{self, Ended};
use crate::look::snapshot;
use crate::mode::{Mode, Refusal, Source};
use crate::other::Act;
use crate::stopped;
use crate::support::{Context, Result, lock};
use crate::trace::{self, Call};

/// No case takes so long, unless it hangs.
pub const BOUND: Duration = Duration::from_secs(60);
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
    let mut calls = record(mode, program, None)?;
    let refusal = match &mode.base {
        None => None,
        Some(base) => Some(base.refusal(&calls).ok_or_else(|| format!("{}: no {} to refuse", mode.name, base.call))?),
    };
    if refusal.is_some() {
        calls = record(mode, program, refusal.as_ref())?;
    }
    let name = Path::new(mode.target()).file_name().unwrap_or_default().to_string_lossy();
    let calls = trace::ours(calls);
    let mut exists = mode.exists;
    let mut cases = Vec::new();
    for (at, call) in calls.iter().enumerate() {
        let existed = exists;
        exists |= call.gives(&name);
        // A command that writes TARGET is another writer.
        let met = mode.source != Source::Writes;
        let other = fault::between(call, exists && met);
        let removing = fault::removing(call, &name).filter(|_| existed && met);
        for fault in fault::at(call, &calls[at + 1..]).into_iter().chain(other).chain(removing) {
            let rules = match fault {
                Fault::Other(_) if !met => None,
                Fault::Other(_) => stopped::rules(call, refusal.as_ref()),
                _ => rules(call, fault, refusal.as_ref()),
            };
            let Some(inject) = rules else { continue };
            cases.push(Case { mode: *mode, call: call.clone(), fault, inject: inject.into() });
        }
    }
    if cases.is_empty() {
        return Err(format!("{}: no call of ours was seen", mode.name).into());
    }
    Ok(cases)
}

/// The rules for `strace -e inject=`. It takes one for each name: where the mode refuses some of the same name already,
/// both have to fit into it, or there are none.
fn rules(call: &Call, fault: Fault, refusal: Option<&Refusal>) -> Option<Vec<String>> {
    let refused = refusal.filter(|refusal| refusal.call == call.name);
    let Some(Refusal { errno, first, once, .. }) = refused else {
        let refused = refusal.map(|refusal| refusal.rule.clone());
        return Some(refused.into_iter().chain([fault.expression(call)]).collect());
    };
    let (name, nth) = (&call.name, call.nth);
    let fits = *once && fault == Fault::Once(errno) && nth > *first;
    fits.then(|| vec![format!("{name}:error={errno}:when={first}..{nth}+{}", nth - first)])
}

fn record(mode: &Mode, program: &Path, refusal: Option<&Refusal>) -> Result<Vec<Call>> {
    let scene = Scene::new();
    let expected = mode.prepare(scene.root())?;
    let rules: Vec<String> = refusal.map(|refusal| refusal.rule.clone()).into_iter().collect();
    let ended = run(mode, program, scene.root(), &rules, None)?;
    let after = snapshot(scene.root())?;
    if !ended.status.success() {
        return Err(format!("{}: {}: {}", mode.name, ended.status, ended.words).into());
    }
    if mode.base.is_none() || refusal.is_some() {
        judge::succeeded(mode, &expected, &after, &ended).context(format_args!("{} without a fault", mode.name))?;
    }
    Ok(ended.calls)
}

/// One run under strace, all calls recorded or those that are asked for.
fn run(mode: &Mode, program: &Path, root: &Path, inject: &[String], traced: Option<&str>) -> Result<Ended> {
    let side = Scene::new();
    let (log, words) = (side.path("log"), side.path("stderr"));
    let options: Vec<String> =
        traced.map(|traced| format!("--trace={}", traced.trim_end_matches(','))).into_iter().collect();
    let mut command = strace(mode, program, root, &log, &options, inject)?;
    let status = bounded(command.stderr(fs::File::create(&words)?))?;
    let log = fs::read_to_string(&log).context("strace's log")?;
    Ok(Ended { status, words: fs::read_to_string(&words).context("stderr")?, calls: trace::parse(&log) })
}

/// The program under strace, which injects what it is told to; in a process group of its own.
pub fn strace(
    mode: &Mode,
    program: &Path,
    root: &Path,
    log: &Path,
    options: &[String],
    inject: &[String],
) -> Result<Command> {
    let invocation = mode.invocation();
    let mut command = Command::new("strace");
    command.args(["-qqq", "-o"]).arg(log).args(options);
    command.args(inject.iter().map(|rule| format!("--inject={rule}")));
    command.arg(program).args(&invocation.arguments).current_dir(root);
    for name in ["VERSION_CONTROL", "SIMPLE_BACKUP_SUFFIX", "TMPDIR", "RUST_BACKTRACE", "LD_LIBRARY_PATH"] {
        command.env_remove(name);
    }
    command.stdin(piped(&invocation.input)?).stdout(Stdio::null()).process_group(0);
    Ok(command)
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
    let bound = Timespec { tv_sec: BOUND.as_secs().cast_signed(), tv_nsec: 0 };
    let ended = poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&bound))?;
    if ended == 0 {
        kill_process_group(pid, Signal::KILL)?;
        child.wait()?;
        return Err(format!("hung for {} s", BOUND.as_secs()).into());
    }
    Ok(child.wait()?)
}

/// Runs one case and judges it.
fn judge(case: &Case, program: &Path) -> Result<()> {
    let scene = Scene::new();
    let root = scene.root();
    let expected = case.mode.prepare(root)?;
    let (verdict, ended, after) = if let Fault::Other(act) = case.fault {
        let met = stopped::run(&case.mode, program, root, &case.inject, &case.call, act)?;
        let after = snapshot(root)?;
        (between::judge(&case.mode, act, &expected, &met, &after), met.ended, after)
    } else if let Fault::Removes(_) = case.fault {
        let met = stopped::run(&case.mode, program, root, &case.inject, &case.call, Act::Remove)?;
        let after = snapshot(root)?;
        (judge::removed(&case.mode, &expected, &after, &met.ended), met.ended, after)
    } else {
        // strace injects only into what it traces.
        let refused = case.mode.base.map_or("", |base| base.call);
        let traced = format!("{JUDGED},{},{refused}", case.call.name);
        let ended = run(&case.mode, program, root, &case.inject, Some(&traced))?;
        let after = snapshot(root)?;
        (judge::judge(case, &expected, &after, &ended), ended, after)
    };
    verdict.map_err(|reason| {
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
