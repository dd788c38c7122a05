//! One thing to show: that the program survives power cuts, that a sabotage is found, that a failing disk is reported.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::{Context, Result};
use crate::evidence;
use crate::fault;
use crate::recording::{Recording, Setup, record};
use crate::replay::{Outcome, Plan, replay};
use crate::rng::Rng;
use crate::sabotage::{Effort, Sabotage};
use crate::simulator::Simulator;

pub(crate) struct Job {
    pub(crate) name: String,
    pub(crate) task: Task,
}

pub(crate) enum Task {
    /// No cut may leave anything but old or new.
    Survive { setup: Setup, max_cuts: usize },
    /// At least one cut in at least one of these circumstances must show the sabotage.
    Catch { sabotage: Sabotage, setups: Vec<Setup>, effort: Effort },
    /// Each of the program's syncs is left out in turn, which must show.
    CatchEachSync { setups: Vec<Setup>, effort: Effort },
    /// The disk ignores flushes, which must show.
    CatchIgnoredFlushes { setup: Setup, max_cuts: usize },
    /// A disk that fails.
    Fault(fault::Case),
}

/// What a job found, for the summary.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) survived: usize,
    pub(crate) repaired: usize,
    /// Cuts made to find a sabotage.
    pub(crate) sabotaged: usize,
    pub(crate) text: String,
}

impl Report {
    pub(crate) fn add(&mut self, other: &Self) {
        self.survived += other.survived;
        self.repaired += other.repaired;
        self.sabotaged += other.sabotaged;
    }
}

/// Evidence is large: that of the first few violations is kept.
const MAX_EVIDENCE: usize = 8;
static EVIDENCE: AtomicUsize = AtomicUsize::new(0);

impl Job {
    pub(crate) fn run(&self, simulator: &mut Simulator, seed: u64) -> Result<Report> {
        let mut rng = Rng::new(seed, &self.name);
        match &self.task {
            Task::Survive { setup, max_cuts } => survive(simulator, setup, *max_cuts, &mut rng),
            Task::Catch { sabotage, setups, effort } => {
                let mut report = Report::default();
                catch(simulator, sabotage, setups, *effort, &mut rng, &mut report)?;
                Ok(report)
            }
            Task::CatchEachSync { setups, effort } => catch_each_sync(simulator, setups, *effort, &mut rng),
            Task::CatchIgnoredFlushes { setup, max_cuts } => {
                catch_ignored_flushes(simulator, setup, *max_cuts, &mut rng)
            }
            Task::Fault(case) => fault::run(simulator, case).map(|text| Report { text, ..Report::default() }),
        }
    }
}

fn survive(simulator: &mut Simulator, setup: &Setup, max_cuts: usize, rng: &mut Rng) -> Result<Report> {
    let plan = Plan { max_cuts, max_violations: 3, honors_flushes: true, again: true };
    let (recording, outcome) = cut_power(simulator, setup, &Sabotage::None, &plan, rng)?;
    if outcome.violations.is_empty() {
        return Ok(Report {
            survived: outcome.cuts,
            repaired: outcome.repaired,
            text: match outcome.repaired {
                0 => format!("{} cuts", outcome.cuts),
                repaired => format!("{} cuts, {repaired} repaired by e2fsck", outcome.cuts),
            },
            ..Report::default()
        });
    }
    Err(describe_violations(&recording, &outcome).into())
}

/// The violations, with their evidence.
fn describe_violations(recording: &Recording, outcome: &Outcome) -> String {
    let mut text = format!("torn in {} of {} cuts", outcome.violations.len(), outcome.cuts);
    for (cut, violation) in &outcome.violations {
        let _ = write!(text, "\n  cut {cut}: {violation}");
        if EVIDENCE.fetch_add(1, Ordering::Relaxed) >= MAX_EVIDENCE {
            continue;
        }
        match evidence::keep(recording, *cut, true) {
            Ok(directory) => {
                let _ = write!(text, "\n    kept in {}", directory.display());
                let _ = write!(text, "\n    again: {}", evidence::command(&directory, *cut));
            }
            Err(error) => {
                let _ = write!(text, "\n    not kept: {error}");
            }
        }
    }
    text
}

/// Records a run, which must succeed, and replays it.
fn cut_power(
    simulator: &mut Simulator,
    setup: &Setup,
    sabotage: &Sabotage,
    plan: &Plan,
    rng: &mut Rng,
) -> Result<(Recording, Outcome)> {
    let recording = record(simulator, setup, sabotage).context(setup.name())?;
    let ended = &recording.ended;
    if ended.status != Some(0) {
        return Err(format!("the program ended with {:?}: {}", ended.status, ended.stderr).into());
    }
    let outcome = replay(simulator, &recording, plan, rng)?;
    Ok((recording, outcome))
}

/// An error, where the sabotage was not found.
fn catch(
    simulator: &mut Simulator,
    sabotage: &Sabotage,
    setups: &[Setup],
    effort: Effort,
    rng: &mut Rng,
    report: &mut Report,
) -> Result<()> {
    let plan = Plan { max_cuts: effort.max_cuts, max_violations: 1, honors_flushes: true, again: false };
    let mut finds = Vec::new();
    let mut example = None;
    for setup in setups {
        let (_, outcome) = cut_power(simulator, setup, sabotage, &plan, rng)?;
        report.sabotaged += outcome.cuts;
        if let Some((cut, violation)) = outcome.violations.into_iter().next() {
            finds.push(setup.circumstances());
            example.get_or_insert(format!("cut {cut}: {}", shorten(&violation)));
            if !effort.all {
                break;
            }
        }
    }
    match example {
        Some(example) => {
            let _ = write!(report.text, "found by {} ({example})", finds.join(", "));
            Ok(())
        }
        None => Err(format!("{sabotage:?} was not found in {} cuts", report.sabotaged).into()),
    }
}

fn catch_each_sync(simulator: &mut Simulator, setups: &[Setup], effort: Effort, rng: &mut Rng) -> Result<Report> {
    let mut report = Report::default();
    // On btrfs there is one more than elsewhere.
    let mut syncs = HashMap::new();
    for setup in setups {
        if let Entry::Vacant(count) = syncs.entry(setup.filesystem) {
            count.insert(record(simulator, setup, &Sabotage::None)?.syncs);
        }
    }
    let most = syncs.values().max().copied().unwrap_or(0);
    if most == 0 {
        return Err("the program syncs nothing".into());
    }
    for which in 1..=most {
        let has_it = |setup: &&Setup| syncs.get(&setup.filesystem).is_some_and(|count| *count >= which);
        let setups: Vec<_> = setups.iter().filter(has_it).cloned().collect();
        let _ = write!(report.text, "\n    without sync {which} of {most}: ");
        let sabotage = Sabotage::Unsynced(BTreeSet::from([which]));
        catch(simulator, &sabotage, &setups, effort, rng, &mut report)?;
    }
    Ok(report)
}

fn catch_ignored_flushes(simulator: &mut Simulator, setup: &Setup, max_cuts: usize, rng: &mut Rng) -> Result<Report> {
    let plan = Plan { max_cuts, max_violations: 1, honors_flushes: false, again: false };
    let (_, outcome) = cut_power(simulator, setup, &Sabotage::None, &plan, rng)?;
    match outcome.violations.first() {
        Some((cut, violation)) => Ok(Report {
            sabotaged: outcome.cuts,
            text: format!("cut {cut}: {}", shorten(violation)),
            ..Report::default()
        }),
        None => Err("a disk that ignores flushes was not found".into()),
    }
}

/// The state that was found, without its metadata and without the allowed states.
fn shorten(violation: &str) -> &str {
    violation.split_once(", mode").map_or(violation, |(found, _)| found)
}
