//! One run of the program, and everything that reached the disk meanwhile.

use std::ffi::OsString;

use crate::calls::{self, Weight};
use crate::disk::{Disk, Fault, Mark, Record};
use crate::expectation::{Expectation, Measure};
use crate::filesystem::Filesystem;
use crate::image::Image;
use crate::lab::Lab;
use crate::noise::{Noise, NoiseMaker};
use crate::sabotage::Sabotage;
use crate::scenario::{Refused, Scenario, Setting};
use crate::support::{Context, Result};
use crate::tracer::{Call, Ended, Fate, Invocation, Watch};

/// Under which circumstances a scenario is run.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) scenario: &'static Scenario,
    pub(crate) filesystem: Filesystem,
    pub(crate) noise: Noise,
    /// The disk takes its time over writes that carry new data, so that others overtake them.
    pub(crate) slow: bool,
}

impl Setup {
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.scenario.name, self.circumstances())
    }

    pub(crate) fn circumstances(&self) -> String {
        let slow = if self.slow { "+slow" } else { "" };
        format!("{}/{}{slow}", self.filesystem.name(), self.noise.name())
    }
}

pub(crate) struct Recording {
    pub(crate) setup: Setup,
    pub(crate) start: Image,
    pub(crate) log: Vec<Record>,
    pub(crate) expectation: Expectation,
    pub(crate) measure: Measure,
    pub(crate) ended: Ended,
    /// How many syncs the program asked for.
    pub(crate) syncs: usize,
}

impl Recording {
    pub(crate) fn succeeded(&self) -> bool {
        self.ended.status == Some(0)
    }
}

/// Leaves the file system unmounted.
pub(crate) fn record(lab: &mut Lab, setup: &Setup, sabotage: &Sabotage) -> Result<Recording> {
    let (mut invocation, expectation) = prepare(lab, setup)?;
    if let Sabotage::Shell(script, _) = sabotage {
        invocation.program = "sh".into();
        invocation.arguments = ["-c", script].map(OsString::from).to_vec();
    }
    let root = lab.mounted();
    let start = lab.disk.start_recording(setup.slow);
    let (ended, syncs) = run(lab, setup, sabotage, &invocation)?;
    let judged = expectation.judge(&root, ended.status == Some(0), sabotage.measure());
    // What was still in memory reaches the disk now, and is cut short as well.
    let everything = std::fs::File::open(&root).context("open the root")?;
    rustix::fs::syncfs(&everything).context("sync")?;
    drop(everything);
    lab.unmount()?;
    let log = lab.disk.stop_recording();
    judged.context("without any power cut")?;
    Ok(Recording { setup: setup.clone(), start, log, expectation, measure: sabotage.measure(), ended, syncs })
}

/// Mounts the old state, on the disk and nothing of it in memory only.
pub(crate) fn prepare(lab: &mut Lab, setup: &Setup) -> Result<(Invocation, Expectation)> {
    lab.insert_empty(setup.filesystem)?;
    lab.mount(setup.filesystem)?;
    let root = lab.mounted();
    NoiseMaker::prepare(&root)?;
    let prepared = setup.scenario.prepare(&root, &lab.program)?;
    if !setup.scenario.is_unsynced() {
        lab.unmount()?;
        lab.mount(setup.filesystem)?;
    }
    if setup.scenario.setting == Setting::MountPoint {
        lab.cover(&setup.scenario.target())?;
    }
    Ok(prepared)
}

pub(crate) fn run(lab: &Lab, setup: &Setup, sabotage: &Sabotage, invocation: &Invocation) -> Result<(Ended, usize)> {
    let root = lab.mounted();
    let mut watcher = Watcher {
        disk: &lab.disk,
        noise: NoiseMaker::new(setup.noise, &root)?,
        sabotage,
        refused: setup.scenario.refused,
        syncs: 0,
        data_calls: 0,
        ended: false,
    };
    let ended = invocation.trace(&root, &lab.scratch("words"), &mut watcher)?;
    Ok((ended, watcher.syncs))
}

/// Runs a scenario on a disk that breaks down. Leaves the file system mounted.
pub(crate) fn run_broken(lab: &Lab, setup: &Setup, invocation: &Invocation, fault: Option<Fault>) -> Result<Ended> {
    if let Some(fault) = fault {
        lab.disk.break_down(fault);
    }
    run(lab, setup, &Sabotage::None, invocation).map(|(ended, _)| ended)
}

struct Watcher<'a> {
    disk: &'a Disk,
    noise: NoiseMaker,
    sabotage: &'a Sabotage,
    refused: &'static [Refused],
    syncs: usize,
    data_calls: usize,
    ended: bool,
}

impl Watch for Watcher<'_> {
    fn entering(&mut self, call: &Call) -> Fate {
        if let Some(errno) = calls::refusal(call, self.refused) {
            return Fate::Pretend(-i64::from(errno));
        }
        if call.own && calls::is_sync(call) {
            self.syncs += 1;
            if let Sabotage::Unsynced(which) = self.sabotage
                && which.contains(&self.syncs)
            {
                return Fate::Pretend(0);
            }
        }
        Fate::Run
    }

    fn left(&mut self, call: &Call, result: i64) -> Result<()> {
        let Some((name, weight)) = calls::changes(call).filter(|_| result >= 0) else {
            return Ok(());
        };
        if weight == Weight::Data {
            self.data_calls += 1;
            if !self.data_calls.is_power_of_two() {
                return Ok(());
            }
        }
        if self.ended {
            // A child that outlives the program changes nothing about what was promised.
            return Ok(());
        }
        self.disk.mark(Mark::Call(name.to_owned()));
        self.noise.sound()
    }

    fn ended(&mut self, status: Option<i32>) {
        self.ended = true;
        self.disk.mark(Mark::Exit(status));
    }
}
