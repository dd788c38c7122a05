//! Builds what a power cut leaves, lets the file system recover, and judges it.

use std::collections::HashSet;
use std::path::PathBuf;

use crate::content::{self, Version};
use crate::cut::{Cut, Timeline};
use crate::error::{Context, Result};
use crate::expectation::Strictness;
use crate::file_state::{FileState, describe};
use crate::filesystem::Filesystem;
use crate::image::Image;
use crate::recording::Recording;
use crate::rng::Rng;
use crate::scenario::{Invocation, Scenario, Setting};
use crate::simulator::Simulator;

#[derive(Default)]
pub(crate) struct Outcome {
    /// Different disks that were judged.
    pub(crate) cuts: usize,
    /// Those that the kernel mounted only after e2fsck had repaired them.
    pub(crate) repaired: usize,
    pub(crate) violations: Vec<(Cut, String)>,
}

/// How much of a recording is replayed.
pub(crate) struct Plan {
    pub(crate) max_cuts: usize,
    pub(crate) max_violations: usize,
    /// Whether the disk does what a flush asks for.
    pub(crate) honors_flushes: bool,
    /// Whether the program is run again on each recovered file system.
    pub(crate) again: bool,
}

pub(crate) fn replay(simulator: &Simulator, recording: &Recording, plan: &Plan, rng: &mut Rng) -> Result<Outcome> {
    let timeline = Timeline::new(&recording.start, &recording.log, plan.honors_flushes);
    let mut seen = HashSet::new();
    let mut outcome = Outcome::default();
    for cut in timeline.cuts(rng) {
        if outcome.cuts >= plan.max_cuts || outcome.violations.len() >= plan.max_violations {
            break;
        }
        let image = timeline.image(cut);
        let done = timeline.has_succeeded(cut);
        if !seen.insert((image.digest(), done)) {
            continue;
        }
        outcome.cuts += 1;
        simulator.disk.insert(image.clone());
        let verdict = recover(simulator, recording, image, &mut outcome)
            .and_then(|strictness| judge(simulator, recording, done, strictness, plan.again));
        simulator.clear()?;
        if let Err(error) = verdict {
            outcome.violations.push((cut, error.to_string()));
        }
    }
    Ok(outcome)
}

fn recover(simulator: &Simulator, recording: &Recording, image: Image, outcome: &mut Outcome) -> Result<Strictness> {
    let filesystem = recording.setup.filesystem;
    let Err(error) = simulator.mount(filesystem) else {
        return Ok(recording.strictness);
    };
    if filesystem != Filesystem::Ext4FastCommit {
        return Err(error);
    }
    // Known defects of the kernel, for any program: see README.md. The content has to be right all the same. What the kernel has
    // made of the journal is what e2fsck can repair of one of them, and cannot of the other.
    let is_repaired = || filesystem.fsck(simulator.device());
    let is_repaired = is_repaired() || {
        simulator.disk.insert(image);
        is_repaired()
    };
    if is_repaired && simulator.mount(filesystem).is_ok() {
        outcome.repaired += 1;
        return Ok(Strictness::ContentOnly);
    }
    Err(error)
}

fn judge(simulator: &Simulator, recording: &Recording, done: bool, strictness: Strictness, again: bool) -> Result<()> {
    recording.expectation.judge(&simulator.mounted(), done, strictness)?;
    if again && strictness == Strictness::Full {
        run_again(simulator, recording).context("run again on the recovered file system")?;
    }
    Ok(())
}

fn run_again(simulator: &Simulator, recording: &Recording) -> Result<()> {
    let root = simulator.mounted();
    let target = root.join(recording.setup.scenario.target());
    let before = FileState::at(&target)?;
    let leftovers = recording.expectation.leftovers(&root)?;
    if recording.setup.scenario.is_tree() || recording.setup.scenario.is_many() {
        return run_same_again(simulator, recording, &leftovers);
    }
    let content = content::bytes(Version::Again, 5000);
    let invocation = plain_invocation(recording.setup.scenario, simulator, &content);
    let ended = invocation.run(&root, &simulator.scratch("stderr"))?;
    if ended.status != Some(0) {
        return Err(format!("status {:?}: {}", ended.status, ended.stderr).into());
    }
    let after = FileState::at(&target)?;
    let right = match (before.as_ref().filter(|before| before.is_file()), &after) {
        (_, None) => false,
        (None, Some(after)) => after.is_file() && after.content == content,
        (Some(before), Some(after)) => after.is_like(&before.with_content(&content)),
    };
    if !right {
        return Err(format!("{} became {}", describe(before.as_ref()), describe(after.as_ref())).into());
    }
    if recording.expectation.leftovers(&root)? == leftovers {
        Ok(())
    } else {
        Err("another name was left behind".into())
    }
}

/// The same run, after which the new tree is there in any case, or each of the new files.
fn run_same_again(simulator: &Simulator, recording: &Recording, leftovers: &[PathBuf]) -> Result<()> {
    let root = simulator.mounted();
    if cfg!(generic_unix) && recording.setup.scenario.is_tree() && root.join(recording.setup.scenario.target()).exists()
    {
        // The generic backend cannot exchange it.
        return Ok(());
    }
    if recording.setup.scenario.setting == Setting::SameUnsynced {
        // The sources may be lost or torn as well.
        return Ok(());
    }
    let invocation = recording.setup.scenario.invocation(&simulator.program);
    let ended = invocation.run(&root, &simulator.scratch("stderr"))?;
    if ended.status != Some(0) {
        return Err(format!("status {:?}: {}", ended.status, ended.stderr).into());
    }
    recording.expectation.judge_again(&root)?;
    if recording.expectation.leftovers(&root)? == *leftovers {
        Ok(())
    } else {
        Err("another name was left behind".into())
    }
}

/// A run without the scenario's options, from standard input.
fn plain_invocation(scenario: &Scenario, simulator: &Simulator, content: &[u8]) -> Invocation {
    let option = match scenario.setting {
        Setting::Parents => Some("-D"),
        Setting::LinkItself => Some("-P"),
        _ => None,
    };
    let arguments = option.into_iter().chain([scenario.operand()]).map(Into::into).collect();
    Invocation { program: simulator.program.clone().into(), arguments, input: Some(content.into()) }
}
