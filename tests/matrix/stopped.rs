//! Runs that are stopped after some calls, where the directory is inspected and another writer may act.
//!
//! strace injects SIGSTOP, so the call is done when the program is stopped. strace's log tells which call it was.

use std::fs::{self, File};
use std::path::Path;
use std::process::Child;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::common::Scene;
use crate::common::strace::StopLog;
use crate::error::{Context, Result};
use crate::file_state::{Snapshot, snapshot};
use crate::judge::Ended;
use crate::other_writer::Action;
use crate::refusal::Refusal;
use crate::runner::{self, Case};
use crate::trace::{self, Call};

/// The calls that change names or modes: the program is stopped after each, and the directory is inspected.
const STOPS: [&str; 5] = ["linkat", "renameat", "renameat2", "unlinkat", "fchmod"];

pub struct SteppedRun {
    pub ended: Ended,
    /// Nothing, where the call was never made.
    pub interference: Option<Interference>,
    pub stops: Vec<Stop>,
}

/// What the other writer did.
pub struct Interference {
    /// How many calls of the program were done before.
    pub calls: usize,
    pub before: Snapshot,
    pub after: Snapshot,
}

/// The program is stopped.
pub struct Stop {
    /// How many calls of the program were done before.
    pub calls: usize,
    pub seen: Snapshot,
}

/// The rules for `strace -e inject=` by which the program stops after `call` and after each of [`STOPS`]. Nothing, where
/// other calls of the same name are refused, as strace takes one rule for each name.
pub fn rules(call: &Call, refusal: Option<&Refusal>) -> Option<Vec<String>> {
    let is_refused = |name: &str| refusal.is_some_and(|refusal| refusal.call == name);
    let name = call.name.as_str();
    if is_refused(name) && !refusal.is_some_and(|refusal| refusal.covers(call.nth)) {
        return None;
    }
    let free = |name: &&str| !is_refused(name);
    let mut rules: Vec<String> = STOPS.into_iter().filter(free).map(|name| format!("{name}:signal=STOP")).collect();
    if let Some(Refusal { call: refused, rule, .. }) = refusal {
        let stops = *refused == name || STOPS.contains(refused);
        rules.push(if stops { format!("{rule}:signal=STOP") } else { rule.clone() });
    }
    if !is_refused(name) && !STOPS.contains(&name) {
        rules.push(format!("{name}:signal=STOP:when={}", call.nth));
    }
    Some(rules)
}

/// Runs a case's scenario; `action` is done when the case's call is done.
pub fn run(case: &Case, program: &Path, scene: &Scene, action: Action) -> Result<SteppedRun> {
    let Case { scenario, call, inject, .. } = case;
    let side = Scene::new();
    let (path, stderr) = (side.path("log"), side.path("stderr"));
    let mut log = StopLog::create(&path)?;
    // The tracer is a process of its own, so that the child is the program itself.
    let mut command = runner::strace(scenario, program, scene, &path, &["-D".to_owned()], inject)?;
    command.stderr(File::create(&stderr)?);
    let mut stopped = Stopped(command.spawn()?);
    let (mut interference, mut stops) = (None, Vec::new());
    while log.next_stop()? {
        let calls = trace::parse(log.text());
        let seen = snapshot(scene.root())?;
        if interference.is_none() && calls.iter().any(|done| (&done.name, done.nth) == (&call.name, call.nth)) {
            action.perform(&scene.path(scenario.target())).context(action.name())?;
            let after = snapshot(scene.root())?;
            interference = Some(Interference { calls: calls.len(), before: seen.clone(), after });
        }
        stops.push(Stop { calls: calls.len(), seen });
        kill_process(Pid::from_child(&stopped.0), Signal::CONT)?;
    }
    let status = stopped.0.wait()?;
    let calls = trace::parse(log.text());
    let ended = Ended { status, stderr: fs::read_to_string(&stderr).context("stderr")?, stdout: String::new(), calls };
    Ok(SteppedRun { ended, interference, stops })
}

/// Killed when it is dropped before its end.
struct Stopped(Child);

impl Drop for Stopped {
    fn drop(&mut self) {
        // It is stopped, or hangs.
        if matches!(self.0.try_wait(), Ok(None)) {
            let _ = kill_process_group(Pid::from_child(&self.0), Signal::KILL);
            let _ = self.0.wait();
        }
    }
}
