//! Disks that answer with errors: what the program says must be true.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use crate::disk::Fault;
use crate::expectation::Measure;
use crate::filesystem::Filesystem;
use crate::lab::Lab;
use crate::noise::{ELSEWHERE, Noise};
use crate::recording::{Setup, prepare, run_broken};
use crate::scenario::Scenario;
use crate::support::{Context, Result};

#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) scenario: &'static Scenario,
    pub(crate) filesystem: Filesystem,
    pub(crate) trouble: Trouble,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    Disk(Fault),
    /// The file system has room for less than the new content.
    NoSpace,
}

impl Trouble {
    pub(crate) fn name(self) -> String {
        match self {
            Self::Disk(Fault::Data) => "data-eio".to_owned(),
            Self::Disk(Fault::Exhausted) => "data-enospc".to_owned(),
            Self::Disk(Fault::Flush(after)) => format!("flush-eio-after-{after}"),
            Self::NoSpace => "no-space".to_owned(),
        }
    }
}

pub(crate) fn run(lab: &mut Lab, case: &Case) -> Result<String> {
    let setup = Setup { scenario: case.scenario, filesystem: case.filesystem, noise: Noise::Quiet, slow: false };
    let (invocation, expectation) = prepare(lab, &setup)?;
    let fault = match case.trouble {
        Trouble::Disk(fault) => Some(fault),
        Trouble::NoSpace => {
            fill(&lab.mounted(), case.scenario.new as u64 / 2)?;
            None
        }
    };
    let ended = run_broken(lab, &setup, &invocation, fault)?;
    let refused = lab.disk.repair();
    lab.unmount()?;
    lab.mount(case.filesystem).context("on the repaired disk")?;
    let root = lab.mounted();
    let told = format!("status {:?}, {refused} refused", ended.status);
    let judged = match ended.status {
        // Replaced, and perhaps on the disk: either is true.
        Some(4) if matches!(case.trouble, Trouble::Disk(Fault::Flush(_))) => {
            expectation.judge(&root, false, Measure::Everything)
        }
        Some(0) => expectation.judge(&root, true, Measure::Everything),
        _ => expectation.judge_unchanged(&root, &ended.words),
    };
    judged.context(format_args!("{told}: {}", ended.words))?;
    let reached = refused > 0 || case.trouble == Trouble::NoSpace;
    let flush = matches!(case.trouble, Trouble::Disk(Fault::Flush(_)));
    if ended.status == Some(0) && reached && !flush {
        return Err(format!("{told}, although the content never reached the disk").into());
    }
    // Later flushes may be nobody's: then the trouble never came, and the program was right to succeed.
    if !reached && !flush {
        return Err("the trouble never came".into());
    }
    if ended.status == Some(0) && reached {
        return Err(format!("{told}, although a flush failed").into());
    }
    lab.unmount()?;
    Ok(told)
}

/// Leaves room for about so many bytes.
fn fill(root: &Path, leave: u64) -> Result<()> {
    let name = root.join(ELSEWHERE).join("ballast");
    let mut ballast = OpenOptions::new().write(true).create_new(true).open(&name).context(name.display())?;
    let chunk = vec![b'.'; 256 << 10];
    while ballast.write_all(&chunk).is_ok() {}
    let _ = ballast.sync_all();
    let size = fs::metadata(&name).context(name.display())?.len();
    ballast.set_len(size.saturating_sub(leave)).and_then(|()| ballast.sync_all()).context(name.display())
}
