//! Runs in which the program is stopped and looked at, and in one of these stops met by the other writer.
//!
//! strace injects SIGSTOP, so each call is done when the program stands still. It writes its log to a FIFO, from
//! which it is read how far the program is.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::common::Scene;
use crate::judge::Ended;
use crate::look::{Snapshot, snapshot};
use crate::mode::{Mode, Refusal};
use crate::other::Act;
use crate::runner::{self, BOUND};
use crate::support::{Context, Result};
use crate::trace::{self, Call};

/// Where names come and go and modes change: the program is stopped and looked at after each of these.
const LOOKED_AT: [&str; 5] = ["linkat", "renameat", "renameat2", "unlinkat", "fchmod"];
const STOPPED: &str = "--- stopped by SIGSTOP ---";

/// What came of a run.
pub struct Met {
    pub ended: Ended,
    /// Nothing, where the call was never made.
    pub meeting: Option<Meeting>,
    pub stops: Vec<Stop>,
}

/// The instant in which the other writer acted.
pub struct Meeting {
    /// How many calls were done before.
    pub calls: usize,
    pub before: Snapshot,
    pub after: Snapshot,
}

/// The program stands still.
pub struct Stop {
    /// How many calls were done before.
    pub calls: usize,
    pub seen: Snapshot,
}

/// The rules for `strace -e inject=` by which the program stops after `call`, and where names and modes change. Nothing,
/// where the mode refuses others of the same name, as strace takes one rule for each.
pub fn rules(call: &Call, refusal: Option<&Refusal>) -> Option<Vec<String>> {
    let is_refused = |name: &str| refusal.is_some_and(|refusal| refusal.call == name);
    let name = call.name.as_str();
    if is_refused(name) && !refusal.is_some_and(|refusal| refusal.holds(call.nth)) {
        return None;
    }
    let free = |name: &&str| !is_refused(name);
    let mut rules: Vec<String> = LOOKED_AT.into_iter().filter(free).map(|name| format!("{name}:signal=STOP")).collect();
    if let Some(Refusal { call: refused, rule, .. }) = refusal {
        let stops = *refused == name || LOOKED_AT.contains(refused);
        rules.push(if stops { format!("{rule}:signal=STOP") } else { rule.clone() });
    }
    if !is_refused(name) && !LOOKED_AT.contains(&name) {
        rules.push(format!("{name}:signal=STOP:when={}", call.nth));
    }
    Some(rules)
}

/// One run; `act` is done to `target` when `call` is done.
pub fn run(mode: &Mode, program: &Path, root: &Path, rules: &[String], call: &Call, act: Act) -> Result<Met> {
    let side = Scene::new();
    let (log, words) = (side.path("log"), side.path("stderr"));
    rustix::fs::mkfifoat(rustix::fs::CWD, &log, rustix::fs::Mode::from_raw_mode(0o600))?;
    // Opened before there is a writer, so that nothing can be missed and nobody waits.
    let reader = File::options().read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(&log)?;
    // The tracer is a process apart, so that the child is the program itself.
    let mut command = runner::strace(mode, program, root, &log, &["-D".to_owned()], rules)?;
    command.stderr(File::create(&words)?);
    let mut stopped = Stopped { child: command.process_group(0).spawn()?, log: reader, seen: String::new() };
    let (mut meeting, mut stops) = (None, Vec::new());
    while stopped.next_stop()? {
        let calls = trace::parse(&stopped.seen);
        let seen = snapshot(root)?;
        if meeting.is_none() && calls.iter().any(|done| (&done.name, done.nth) == (&call.name, call.nth)) {
            act.perform(&root.join(mode.target())).context(act.name())?;
            meeting = Some(Meeting { calls: calls.len(), before: seen.clone(), after: snapshot(root)? });
        }
        stops.push(Stop { calls: calls.len(), seen });
        kill_process(Pid::from_child(&stopped.child), Signal::CONT)?;
    }
    let status = stopped.child.wait()?;
    let calls = trace::parse(&stopped.seen);
    let ended = Ended { status, words: fs::read_to_string(&words).context("stderr")?, calls };
    Ok(Met { ended, meeting, stops })
}

struct Stopped {
    child: Child,
    log: File,
    seen: String,
}

impl Stopped {
    /// Waits until the program stands still; false, where it has ended.
    fn next_stop(&mut self) -> Result<bool> {
        let start = Instant::now();
        let from = self.seen.len();
        loop {
            let left = BOUND.saturating_sub(start.elapsed());
            let timeout = Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: left.subsec_nanos().into() };
            let mut wanted = [PollFd::new(&self.log, PollFlags::IN)];
            if left == Duration::ZERO || poll(&mut wanted, Some(&timeout))? == 0 {
                let last = self.seen.lines().last().unwrap_or_default();
                return Err(format!("hung for {} s: {last}", BOUND.as_secs()).into());
            }
            let mut buffer = [0; 8192];
            match self.log.read(&mut buffer) {
                Ok(0) => return Ok(false),
                Ok(count) => self.seen.push_str(&String::from_utf8_lossy(&buffer[..count])),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
            if self.seen[from..].contains(STOPPED) {
                return Ok(true);
            }
        }
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        // What is not at its end is stopped, or hangs.
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
            let _ = self.child.wait();
        }
    }
}
