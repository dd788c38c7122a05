//! One run of the program, and everything that reached the disk during it.

use std::ffi::OsString;

use crate::background::{Background, BackgroundIo};
use crate::calls::{self, Kind};
use crate::disk::{Disk, Fault, Mark, Record};
use crate::error::{Context, Result};
use crate::expectation::{Expectation, Strictness};
use crate::filesystem::Filesystem;
use crate::image::Image;
use crate::sabotage::Sabotage;
use crate::scenario::{Invocation, Refused, Scenario, Setting};
use crate::simulator::Simulator;
use crate::tracer::{Call, Decision, Ended, Watch};

/// A scenario and the circumstances under which it is run.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) scenario: &'static Scenario,
    pub(crate) filesystem: Filesystem,
    pub(crate) background: Background,
    /// The disk answers writes of new data late, so that other writes overtake them.
    pub(crate) slow: bool,
}

impl Setup {
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.scenario.name, self.circumstances())
    }

    pub(crate) fn circumstances(&self) -> String {
        let slow = if self.slow { "+slow" } else { "" };
        format!("{}/{}{slow}", self.filesystem.name(), self.background.name())
    }
}

pub(crate) struct Recording {
    pub(crate) setup: Setup,
    pub(crate) start: Image,
    pub(crate) log: Vec<Record>,
    pub(crate) expectation: Expectation,
    pub(crate) strictness: Strictness,
    pub(crate) ended: Ended,
    /// How many syncs the program called for.
    pub(crate) syncs: usize,
}

/// Leaves the file system unmounted.
pub(crate) fn record(simulator: &mut Simulator, setup: &Setup, sabotage: &Sabotage) -> Result<Recording> {
    let (mut invocation, expectation) = prepare(simulator, setup)?;
    if let Sabotage::Shell(script, _) = sabotage {
        invocation.program = "sh".into();
        invocation.arguments = ["-c", script].map(OsString::from).to_vec();
    }
    let root = simulator.mounted();
    let start = simulator.disk.start_recording(setup.slow);
    let (ended, syncs) = run(simulator, setup, sabotage, &invocation)?;
    let judged = expectation.judge(&root, ended.status == Some(0), sabotage.strictness());
    // What was still in memory reaches the disk now; the power can go meanwhile.
    let everything = std::fs::File::open(&root).context("open the root")?;
    rustix::fs::syncfs(&everything).context("sync")?;
    drop(everything);
    simulator.unmount()?;
    let log = simulator.disk.stop_recording();
    judged.context("without any power cut")?;
    Ok(Recording { setup: setup.clone(), start, log, expectation, strictness: sabotage.strictness(), ended, syncs })
}

/// Mounts a file system with what is there before, all of it on the disk.
pub(crate) fn prepare(simulator: &mut Simulator, setup: &Setup) -> Result<(Invocation, Expectation)> {
    simulator.insert_empty(setup.filesystem)?;
    simulator.mount(setup.filesystem)?;
    let root = simulator.mounted();
    BackgroundIo::prepare(&root)?;
    let expected = setup.scenario.prepare(&root)?;
    let is_unsynced = matches!(setup.scenario.setting, Setting::SameUnsynced | Setting::UnsyncedSource);
    if !is_unsynced {
        simulator.unmount()?;
        simulator.mount(setup.filesystem)?;
    }
    if setup.scenario.setting == Setting::MountPoint {
        simulator.bind(setup.scenario.target())?;
    }
    Ok((setup.scenario.invocation(&simulator.program), Expectation::new(setup.scenario, expected)))
}

pub(crate) fn run(
    simulator: &Simulator,
    setup: &Setup,
    sabotage: &Sabotage,
    invocation: &Invocation,
) -> Result<(Ended, usize)> {
    let root = simulator.mounted();
    let mut watcher = Watcher {
        disk: &simulator.disk,
        background: BackgroundIo::new(setup.background, &root)?,
        sabotage,
        refused: setup.scenario.refused,
        syncs: 0,
        has_named: false,
        data_calls: 0,
        ended: false,
    };
    let ended = invocation.trace(&root, &simulator.scratch("stderr"), &mut watcher)?;
    Ok((ended, watcher.syncs))
}

/// Runs a scenario on a disk with a fault. Leaves the file system mounted.
pub(crate) fn run_broken(
    simulator: &Simulator,
    setup: &Setup,
    invocation: &Invocation,
    fault: Option<Fault>,
) -> Result<Ended> {
    if let Some(fault) = fault {
        simulator.disk.set_fault(fault);
    }
    run(simulator, setup, &Sabotage::None, invocation).map(|(ended, _)| ended)
}

struct Watcher<'a> {
    disk: &'a Disk,
    background: BackgroundIo,
    sabotage: &'a Sabotage,
    refused: &'static [Refused],
    syncs: usize,
    /// Whether a file has got a name.
    has_named: bool,
    data_calls: usize,
    ended: bool,
}

impl Watch for Watcher<'_> {
    fn entering(&mut self, call: &Call) -> Decision {
        if let Some(errno) = calls::refusal(call, self.refused) {
            return Decision::Skip(-i64::from(errno));
        }
        if call.own && calls::is_sync(call) {
            self.syncs += 1;
            let is_left_out = match self.sabotage {
                Sabotage::Unsynced(which) => which.contains(&self.syncs),
                Sabotage::UnsyncedContents => !self.has_named,
                Sabotage::UnsyncedNames => self.has_named,
                Sabotage::None | Sabotage::Shell(..) => false,
            };
            if is_left_out {
                return Decision::Skip(0);
            }
        }
        Decision::Run
    }

    fn left(&mut self, call: &Call, result: i64) -> Result<()> {
        let Some((name, kind)) = calls::modifies(call).filter(|_| result >= 0) else {
            return Ok(());
        };
        self.has_named |= call.own && calls::names(name);
        if kind == Kind::Data {
            self.data_calls += 1;
            if !self.data_calls.is_power_of_two() {
                return Ok(());
            }
        }
        if self.ended {
            // What a child does after the program's exit changes nothing of what the exit status promised.
            return Ok(());
        }
        self.disk.mark(Mark::Call(name.to_owned()));
        self.background.run()
    }

    fn ended(&mut self, status: Option<i32>) {
        self.ended = true;
        self.disk.mark(Mark::Exit(status));
    }
}
