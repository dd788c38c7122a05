//! Disks that fail: the program's exit status and messages must be true.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use crate::background::Background;
use crate::disk::Fault;
use crate::error::{Context, Result};
use crate::expectation::Strictness;
use crate::filesystem::Filesystem;
use crate::recording::{Setup, prepare, run_broken};
use crate::scenario::{ELSEWHERE, Scenario};
use crate::simulator::Simulator;

#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) scenario: &'static Scenario,
    pub(crate) filesystem: Filesystem,
    pub(crate) failure: Failure,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    Disk(Fault),
    /// The file system has room for less than the new content.
    NoSpace,
}

impl Failure {
    pub(crate) fn name(self) -> String {
        match self {
            Self::Disk(Fault::Data) => "data-eio".to_owned(),
            Self::Disk(Fault::Exhausted) => "data-enospc".to_owned(),
            Self::Disk(Fault::Flush(after)) => format!("flush-eio-after-{after}"),
            Self::NoSpace => "no-space".to_owned(),
        }
    }
}

pub(crate) fn run(simulator: &mut Simulator, case: &Case) -> Result<String> {
    let setup =
        Setup { scenario: case.scenario, filesystem: case.filesystem, background: Background::Quiet, slow: false };
    let (invocation, expectation) = prepare(simulator, &setup)?;
    let fault = match case.failure {
        Failure::Disk(fault) => Some(fault),
        Failure::NoSpace => {
            fill(&simulator.mounted(), case.scenario.new as u64 / 2)?;
            None
        }
    };
    let ended = run_broken(simulator, &setup, &invocation, fault)?;
    let refused = simulator.disk.clear_fault();
    simulator.unmount()?;
    simulator.mount(case.filesystem).context("on the repaired disk")?;
    let root = simulator.mounted();
    let status = format!("status {:?}, {refused} refused", ended.status);
    let judged = match ended.status {
        // TARGET is replaced, but the old file may still be on the disk: both are allowed.
        Some(4) if matches!(case.failure, Failure::Disk(Fault::Flush(_))) => {
            expectation.judge(&root, false, Strictness::Full)
        }
        Some(0) => expectation.judge(&root, true, Strictness::Full),
        Some(1) if case.scenario.is_many() => expectation.judge_each_told(&root, &ended.stderr),
        _ => expectation.judge_unchanged(&root, &ended.stderr),
    };
    judged.context(format_args!("{status}: {}", ended.stderr))?;
    let reached = refused > 0 || case.failure == Failure::NoSpace;
    let flush = matches!(case.failure, Failure::Disk(Fault::Flush(_)));
    if ended.status == Some(0) && reached && !flush {
        return Err(format!("{status}, although the content never reached the disk").into());
    }
    // Where no such flush was requested, the fault never occurred, and the program was right to succeed.
    if !reached && !flush {
        return Err("the fault never occurred".into());
    }
    if ended.status == Some(0) && reached {
        return Err(format!("{status}, although a flush failed").into());
    }
    simulator.unmount()?;
    Ok(status)
}

/// Fills the file system, so that about `leave` bytes are free.
fn fill(root: &Path, leave: u64) -> Result<()> {
    let name = root.join(ELSEWHERE).join("ballast");
    let mut ballast = OpenOptions::new().write(true).create_new(true).open(&name).context(name.display())?;
    let chunk = vec![b'.'; 256 << 10];
    while ballast.write_all(&chunk).is_ok() {}
    let _ = ballast.sync_all();
    let size = fs::metadata(&name).context(name.display())?.len();
    ballast.set_len(size.saturating_sub(leave)).and_then(|()| ballast.sync_all()).context(name.display())
}
