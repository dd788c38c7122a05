//! One thing to be shown: that the program survives, that a sabotage is found, that a broken disk is told.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::evidence;
use crate::fault;
use crate::lab::Lab;
use crate::recording::{Recording, Setup, record};
use crate::replay::{Plan, Tally, replay};
use crate::sabotage::{Effort, Sabotage};
use crate::support::{Context, Dice, Result};

pub(crate) struct Job {
    pub(crate) name: String,
    pub(crate) task: Task,
}

pub(crate) enum Task {
    /// No cut may leave anything but old or new.
    Survive { setup: Setup, most: usize },
    /// At least one cut in at least one of these circumstances must show what was done to the protocol.
    Catch { sabotage: Sabotage, setups: Vec<Setup>, effort: Effort },
    /// Each of the program's syncs, left out in turn, must show.
    CatchEachSync { setups: Vec<Setup>, effort: Effort },
    /// The disk forgets what it was told to keep: nothing can be right on it.
    CatchLies { setup: Setup, most: usize },
    /// A disk that answers with errors.
    Fault(fault::Case),
}

/// What was shown, for the summary.
#[derive(Default)]
pub(crate) struct Shown {
    pub(crate) survived: usize,
    pub(crate) mended: usize,
    /// Cuts made to find a sabotage.
    pub(crate) sabotaged: usize,
    pub(crate) words: String,
}

impl Shown {
    pub(crate) fn add(&mut self, other: &Self) {
        self.survived += other.survived;
        self.mended += other.mended;
        self.sabotaged += other.sabotaged;
    }
}

/// Evidence is large: the first few violations of a run are kept.
const EVIDENCE_ENOUGH: usize = 8;
static EVIDENCE: AtomicUsize = AtomicUsize::new(0);

impl Job {
    pub(crate) fn run(&self, lab: &mut Lab, seed: u64) -> Result<Shown> {
        let mut dice = Dice::new(seed, &self.name);
        match &self.task {
            Task::Survive { setup, most } => survive(lab, setup, *most, &mut dice),
            Task::Catch { sabotage, setups, effort } => {
                let mut shown = Shown::default();
                catch(lab, sabotage, setups, *effort, &mut dice, &mut shown)?;
                Ok(shown)
            }
            Task::CatchEachSync { setups, effort } => catch_each_sync(lab, setups, *effort, &mut dice),
            Task::CatchLies { setup, most } => catch_lies(lab, setup, *most, &mut dice),
            Task::Fault(case) => fault::run(lab, case).map(|words| Shown { words, ..Shown::default() }),
        }
    }
}

fn survive(lab: &mut Lab, setup: &Setup, most: usize, dice: &mut Dice) -> Result<Shown> {
    let recording = record(lab, setup, &Sabotage::None)?;
    must_succeed(&recording)?;
    let plan = Plan { most, violations_enough: 3, honest: true, again: true };
    let tally = replay(lab, &recording, &plan, dice)?;
    if tally.violations.is_empty() {
        return Ok(Shown {
            survived: tally.cuts,
            mended: tally.mended,
            words: match tally.mended {
                0 => format!("{} cuts", tally.cuts),
                mended => format!("{} cuts, {mended} mended by e2fsck", tally.cuts),
            },
            ..Shown::default()
        });
    }
    Err(accusation(&recording, &tally).into())
}

/// The violations, with their evidence.
fn accusation(recording: &Recording, tally: &Tally) -> String {
    let mut words = format!("torn in {} of {} cuts", tally.violations.len(), tally.cuts);
    for (cut, violation) in &tally.violations {
        let _ = write!(words, "\n  cut {cut}: {violation}");
        if EVIDENCE.fetch_add(1, Ordering::Relaxed) >= EVIDENCE_ENOUGH {
            continue;
        }
        match evidence::keep(recording, *cut, true) {
            Ok(directory) => {
                let _ = write!(words, "\n    kept in {}", directory.display());
                let _ = write!(words, "\n    again: {}", evidence::command(&directory, *cut));
            }
            Err(error) => {
                let _ = write!(words, "\n    not kept: {error}");
            }
        }
    }
    words
}

fn must_succeed(recording: &Recording) -> Result<()> {
    if recording.succeeded() {
        return Ok(());
    }
    let ended = &recording.ended;
    Err(format!("the program ended with {:?}: {}", ended.status, ended.words).into())
}

/// Whether it was found.
fn catch(
    lab: &mut Lab,
    sabotage: &Sabotage,
    setups: &[Setup],
    effort: Effort,
    dice: &mut Dice,
    shown: &mut Shown,
) -> Result<()> {
    let plan = Plan { most: effort.most, violations_enough: 1, honest: true, again: false };
    let mut finds = Vec::new();
    let mut example = None;
    for setup in setups {
        let recording = record(lab, setup, sabotage).context(setup.name())?;
        must_succeed(&recording)?;
        let tally = replay(lab, &recording, &plan, dice)?;
        shown.sabotaged += tally.cuts;
        if let Some((cut, violation)) = tally.violations.into_iter().next() {
            finds.push(setup.circumstances());
            example.get_or_insert(format!("cut {cut}: {}", brief(&violation)));
            if !effort.all {
                break;
            }
        }
    }
    match example {
        Some(example) => {
            let _ = write!(shown.words, "found by {} ({example})", finds.join(", "));
            Ok(())
        }
        None => Err(format!("{sabotage:?} was not found in {} cuts", shown.sabotaged).into()),
    }
}

fn catch_each_sync(lab: &mut Lab, setups: &[Setup], effort: Effort, dice: &mut Dice) -> Result<Shown> {
    let mut shown = Shown::default();
    // On btrfs there is one more than elsewhere.
    let mut syncs = HashMap::new();
    for setup in setups {
        if let Entry::Vacant(count) = syncs.entry(setup.filesystem) {
            count.insert(record(lab, setup, &Sabotage::None)?.syncs);
        }
    }
    let most = syncs.values().max().copied().unwrap_or(0);
    if most == 0 {
        return Err("the program syncs nothing".into());
    }
    for which in 1..=most {
        let has_it = |setup: &&Setup| syncs.get(&setup.filesystem).is_some_and(|count| *count >= which);
        let setups: Vec<_> = setups.iter().filter(has_it).cloned().collect();
        let _ = write!(shown.words, "\n    without sync {which} of {most}: ");
        let sabotage = Sabotage::Unsynced(BTreeSet::from([which]));
        catch(lab, &sabotage, &setups, effort, dice, &mut shown)?;
    }
    Ok(shown)
}

fn catch_lies(lab: &mut Lab, setup: &Setup, most: usize, dice: &mut Dice) -> Result<Shown> {
    let recording = record(lab, setup, &Sabotage::None)?;
    must_succeed(&recording)?;
    let plan = Plan { most, violations_enough: 1, honest: false, again: false };
    let tally = replay(lab, &recording, &plan, dice)?;
    match tally.violations.first() {
        Some((cut, violation)) => {
            Ok(Shown { sabotaged: tally.cuts, words: format!("cut {cut}: {}", brief(violation)), ..Shown::default() })
        }
        None => Err("a disk that ignores flushes was not found".into()),
    }
}

/// What was found, without what would have been right.
fn brief(violation: &str) -> &str {
    violation.split_once(", mode").map_or(violation, |(found, _)| found)
}
