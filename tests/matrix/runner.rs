//! Runs the cases, several at a time.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use crate::common::{self, Scene};
use crate::concurrent;
use crate::error::{Context, Result};
use crate::fault::{self, Fault};
use crate::file_state::snapshot;
use crate::judge::{self, Ended};
use crate::many;
use crate::other_writer::Action;
use crate::parallel::{for_each, lock};
use crate::refusal::{self, Refusal};
use crate::scenario::{Scenario, Source};
use crate::stopped;
use crate::trace::{self, Call};

/// No case takes this long, unless it hangs.
const BOUND: Duration = Duration::from_secs(60);
/// How many failures are printed.
const MOST_SHOWN: usize = 20;
/// The calls that the judge reads of each run: syncs, and those that give names.
const JUDGED: &str = "fsync,syncfs,linkat,renameat,renameat2";

/// A fault at a call of a scenario.
#[derive(Clone)]
pub struct Case {
    pub scenario: Scenario,
    pub call: Call,
    pub fault: Fault,
    pub inject: Arc<[String]>,
}

impl Case {
    pub fn name(&self) -> String {
        format!("{}/{}-{}/{}", self.scenario.name, self.call.name, self.call.nth, self.fault.name())
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

/// All cases of a scenario, from a recording of its calls.
pub fn cases(scenario: &Scenario, program: &Path) -> Result<Vec<Case>> {
    let mut calls = record(scenario, program, None)?;
    let refusal = match scenario.refused {
        [] => None,
        &[refused] => {
            let found = Refusal::of(refused, &calls);
            Some(found.ok_or_else(|| format!("{}: no call to refuse {refused:?}", scenario.name))?)
        }
        more => return Err(format!("{}: strace cannot refuse {more:?} together", scenario.name).into()),
    };
    if refusal.is_some() {
        calls = record(scenario, program, refusal.as_ref())?;
    }
    let name = Path::new(scenario.target()).file_name().unwrap_or_default().to_string_lossy();
    let mut calls = trace::ours(calls);
    if scenario.is_large() {
        // What comes before is as with few.
        let from = calls.iter().position(|call| call.name == "syncfs").unwrap_or(0);
        calls.drain(..from);
    }
    let mut exists = scenario.old.is_some();
    let mut cases = Vec::new();
    for (at, call) in calls.iter().enumerate() {
        let existed = exists;
        exists |= call.gives(&name);
        // A command that writes TARGET is another writer already.
        let alone = scenario.source != Source::CommandWritesTarget
            && scenario.fails().is_none()
            && !scenario.is_tree()
            && !scenario.is_many();
        let other = fault::between(call, exists && alone);
        let removing = fault::removing(call, &name).filter(|_| existed && alone);
        for fault in fault::at(call, &calls[at + 1..]).into_iter().chain(other).chain(removing) {
            let rules = match fault {
                Fault::Other(_) if !alone => None,
                Fault::Other(_) => stopped::rules(call, refusal.as_ref()),
                _ => rules(call, fault, refusal.as_ref()),
            };
            let Some(inject) = rules else { continue };
            cases.push(Case { scenario: *scenario, call: call.clone(), fault, inject: inject.into() });
        }
    }
    if cases.is_empty() {
        return Err(format!("{}: no call of ours was seen", scenario.name).into());
    }
    Ok(cases)
}

/// The rules for `strace -e inject=`. It takes one for each name: where some of the same name are refused already, both
/// have to fit into one rule, or there is none.
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

fn record(scenario: &Scenario, program: &Path, refusal: Option<&Refusal>) -> Result<Vec<Call>> {
    let scene = Scene::new();
    let expected = scenario.prepare(scene.root())?;
    let rules: Vec<String> = refusal.map(|refusal| refusal.rule.clone()).into_iter().collect();
    let ended = run(scenario, program, &scene, &rules, None)?;
    let after = snapshot(scene.root())?;
    if ended.status.code() != Some(scenario.fails().unwrap_or(0)) {
        return Err(format!("{}: {}: {}", scenario.name, ended.status, ended.stderr).into());
    }
    if scenario.refused.is_empty() || refusal.is_some() {
        let succeeded = if scenario.is_many() { many::succeeded } else { judge::succeeded };
        succeeded(scenario, &expected, &after, &ended).context(format_args!("{} without a fault", scenario.name))?;
    }
    Ok(ended.calls)
}

/// One run under strace, which records all calls or those in `traced`.
fn run(scenario: &Scenario, program: &Path, scene: &Scene, inject: &[String], traced: Option<&str>) -> Result<Ended> {
    let side = Scene::new();
    let (log, stderr) = (side.path("log"), side.path("stderr"));
    let options: Vec<String> =
        traced.map(|traced| format!("--trace={}", traced.trim_end_matches(','))).into_iter().collect();
    let mut command = strace(scenario, program, scene, &log, &options, inject)?;
    // A command of `-I` has it, too: after its end nothing is written any more.
    let (mut end, stdout) = std::io::pipe()?;
    let status = bounded(command.stdout(stdout).stderr(fs::File::create(&stderr)?))?;
    drop(command);
    wait_for(&end, PollFlags::empty())?;
    let mut stdout = String::new();
    if scenario.is_many() {
        end.read_to_string(&mut stdout)?;
    }
    let log = fs::read_to_string(&log).context("strace's log")?;
    Ok(Ended { status, stderr: fs::read_to_string(&stderr).context("stderr")?, stdout, calls: trace::parse(&log) })
}

/// The program under strace with these injections, in a process group of its own.
pub fn strace(
    scenario: &Scenario,
    program: &Path,
    scene: &Scene,
    log: &Path,
    options: &[String],
    inject: &[String],
) -> Result<Command> {
    let invocation = scenario.invocation(program);
    let mut command = scene.other("strace");
    command.args(["-qqq", "-o"]).arg(log).args(options);
    command.args(inject.iter().map(|rule| format!("--inject={rule}")));
    command.arg(&invocation.program).args(&invocation.arguments);
    command.stdin(piped(&invocation.input.unwrap_or_default())?).stdout(Stdio::null()).process_group(0);
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
    if !wait_for(&pidfd, PollFlags::IN)? {
        kill_process_group(pid, Signal::KILL)?;
        child.wait()?;
        return Err(format!("hung for {} s", BOUND.as_secs()).into());
    }
    Ok(child.wait()?)
}

/// Whether this happens in time. No flags: the other end of a pipe is closed.
fn wait_for(what: &impl AsFd, flags: PollFlags) -> Result<bool> {
    let bound = Timespec { tv_sec: BOUND.as_secs().cast_signed(), tv_nsec: 0 };
    Ok(poll(&mut [PollFd::new(what, flags)], Some(&bound))? != 0)
}

/// Runs one case and judges it.
fn judge(case: &Case, program: &Path) -> Result<()> {
    let scene = Scene::new();
    let root = scene.root();
    let expected = case.scenario.prepare(root)?;
    let (verdict, ended, after) = if let Fault::Other(action) = case.fault {
        let run = stopped::run(case, program, &scene, action)?;
        let after = snapshot(root)?;
        (concurrent::judge(&case.scenario, action, &expected, &run, &after), run.ended, after)
    } else if let Fault::Removes(_) = case.fault {
        let run = stopped::run(case, program, &scene, Action::Remove)?;
        let after = snapshot(root)?;
        (judge::removed(&case.scenario, &expected, &after, &run.ended), run.ended, after)
    } else {
        // strace injects only into what it traces.
        let refused = case.scenario.refused.first().map_or("", |refused| refusal::call(*refused));
        let traced = format!("{JUDGED},{},{refused}", case.call.name);
        let ended = run(&case.scenario, program, &scene, &case.inject, Some(&traced))?;
        let after = snapshot(root)?;
        let judge = if case.scenario.is_many() { many::judge } else { judge::judge };
        (judge(case, &expected, &after, &ended), ended, after)
    };
    verdict.map_err(|reason| {
        let after: Vec<String> =
            after.iter().map(|(name, state)| format!("  {}: {state:?}\n", name.display())).collect();
        let signal = ended.status.signal().map_or(String::new(), |signal| format!(" (signal {signal})"));
        let (at, inject) = (&*case.call, case.inject.join(" "));
        format!(
            "{reason}\n  at {at:?}\n  inject {inject}\n  {}{signal}: {}{}",
            ended.status,
            ended.stderr,
            after.concat()
        )
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
    scenarios: BTreeMap<&'static str, usize>,
    failures: Vec<String>,
}

impl Runner {
    pub fn run(&self, cases: Vec<Case>) -> Summary {
        let summary = Mutex::<Summary>::default();
        // A case waits for the disk more than it computes.
        let threads = std::thread::available_parallelism().map_or(2, usize::from) * 2;
        for_each(
            cases,
            threads,
            || (),
            |(), case| {
                let judged = judge(&case, &self.program);
                let mut summary = lock(&summary);
                *summary.scenarios.entry(case.scenario.name).or_default() += 1;
                if let Err(reason) = judged {
                    let name = case.name();
                    if summary.failures.len() < MOST_SHOWN {
                        println!("FAILED {name}: {reason}  again: {} {name}", self.again);
                    }
                    summary.failures.push(name);
                }
            },
        );
        summary.into_inner().unwrap_or_default()
    }
}

impl Summary {
    pub fn failed(&self) -> bool {
        !self.failures.is_empty()
    }

    pub fn print(&self) {
        let counts: Vec<String> = self.scenarios.iter().map(|(name, count)| format!("{name} {count}")).collect();
        println!("matrix: {}", counts.join(", "));
        let (all, failed) = (self.scenarios.values().sum::<usize>(), self.failures.len());
        println!("matrix: {all} cases, {} passed, {failed} failed", all - failed);
    }
}
