//! Puts back what a power cut leaves, lets the file system recover, and looks.

use std::collections::HashSet;
use std::sync::Arc;

use crate::content::{self, Version};
use crate::cut::{Cut, Timeline};
use crate::expectation::Measure;
use crate::filesystem::Filesystem;
use crate::lab::Lab;
use crate::look::Look;
use crate::recording::Recording;
use crate::support::{Context, Dice, Result};

#[derive(Default)]
pub(crate) struct Tally {
    /// Different disks that were judged.
    pub(crate) cuts: usize,
    /// Of these, the ones that the kernel did not mount before the file system's own tool had mended them.
    pub(crate) mended: usize,
    pub(crate) violations: Vec<(Cut, String)>,
}

/// How much of a recording is replayed.
pub(crate) struct Plan {
    pub(crate) most: usize,
    pub(crate) violations_enough: usize,
    /// Whether the disk does what a flush asks for.
    pub(crate) honest: bool,
    /// Whether the program is run again on each recovered disk.
    pub(crate) again: bool,
}

pub(crate) fn replay(lab: &Lab, recording: &Recording, plan: &Plan, dice: &mut Dice) -> Result<Tally> {
    let timeline = Timeline::new(&recording.start, &recording.log, plan.honest);
    let mut seen = HashSet::new();
    let mut tally = Tally::default();
    for cut in timeline.cuts(dice) {
        if tally.cuts >= plan.most || tally.violations.len() >= plan.violations_enough {
            break;
        }
        let image = timeline.image(cut);
        let done = timeline.is_done(cut);
        if !seen.insert((image.digest(), done)) {
            continue;
        }
        tally.cuts += 1;
        lab.disk.insert(image);
        let verdict =
            recover(lab, recording, &mut tally).and_then(|measure| look(lab, recording, done, measure, plan.again));
        lab.clear()?;
        if let Err(words) = verdict {
            tally.violations.push((cut, words.to_string()));
        }
    }
    Ok(tally)
}

fn recover(lab: &Lab, recording: &Recording, tally: &mut Tally) -> Result<Measure> {
    let filesystem = recording.setup.filesystem;
    let Err(refusal) = lab.mount(filesystem) else {
        return Ok(recording.measure);
    };
    // Known of the kernel, and of no program: see README.md. The content has to be right all the same.
    if filesystem == Filesystem::Ext4FastCommit && filesystem.mend(lab.device()) {
        tally.mended += 1;
        lab.mount(filesystem).context("after e2fsck had mended it")?;
        return Ok(Measure::Content);
    }
    Err(refusal)
}

fn look(lab: &Lab, recording: &Recording, done: bool, measure: Measure, again: bool) -> Result<()> {
    let root = lab.mounted();
    recording.expectation.judge(&root, done, measure)?;
    if again && measure == Measure::Everything {
        run_again(lab, recording).context("run again on the recovered disk")?;
    }
    Ok(())
}

fn run_again(lab: &Lab, recording: &Recording) -> Result<()> {
    let root = lab.mounted();
    let scenario = recording.setup.scenario;
    let target = root.join(scenario.target());
    let before = Look::at(&target)?;
    let leftovers = recording.expectation.leftovers(&root)?;
    let content: Arc<[u8]> = content::bytes(Version::Again, 5000).into();
    let ended = scenario.again(&lab.program, &content).run(&root, &lab.scratch("words"))?;
    if ended.status != Some(0) {
        return Err(format!("status {:?}: {}", ended.status, ended.words).into());
    }
    let after = Look::at(&target)?;
    let right = match &before {
        Look::Absent | Look::Link(_) => matches!(&after, Look::File { content: found, .. } if *found == content),
        Look::File { .. } => after == before.with(&content),
    };
    if !right {
        return Err(format!("{before} became {after}").into());
    }
    if recording.expectation.leftovers(&root)? == leftovers {
        Ok(())
    } else {
        Err("another name was left behind".into())
    }
}
