//! How much is tried: a taste with every `cargo test`, a few thousand cuts in CI, many more on demand.

use crate::catalogue::{SCENARIOS, named};
use crate::disk::Fault;
use crate::fault::{Case, Trouble};
use crate::filesystem::Filesystem;
use crate::job::{Job, Task};
use crate::noise::Noise;
use crate::recording::Setup;
use crate::sabotage::{self, Effort};
use crate::scenario::Scenario;
use crate::support::{Dice, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// A few seconds.
    Smoke,
    /// A few minutes, in CI.
    Short,
    /// Everything, on demand.
    Long,
}

/// The variable that chooses.
pub(crate) const VARIABLE: &str = "ATOMIC_WRITE_POWER_CUT";

impl Profile {
    pub(crate) fn from_environment() -> Result<Self> {
        let wish = std::env::var(VARIABLE).unwrap_or_default();
        if wish.is_empty() {
            return Ok(Self::Smoke);
        }
        [Self::Smoke, Self::Short, Self::Long]
            .into_iter()
            .find(|profile| profile.name() == wish)
            .ok_or_else(|| format!("{VARIABLE}: {wish}: not short or long").into())
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Smoke => "smoke",
            Self::Short => "short",
            Self::Long => "long",
        }
    }

    pub(crate) fn jobs(self, seed: u64) -> Vec<Job> {
        let (mut jobs, sabotages) = match self {
            Self::Smoke => (smoke(), sabotage::taste()),
            Self::Short => {
                let effort = Effort { most: 60, all: false };
                (short(seed), sabotage::jobs(effort))
            }
            Self::Long => {
                let effort = Effort { most: 200, all: true };
                (long(seed), sabotage::jobs(effort))
            }
        };
        jobs.extend(sabotages);
        jobs.extend(self.faults());
        jobs
    }

    fn faults(self) -> Vec<Job> {
        let mut cases = Vec::new();
        let (scenarios, filesystems): (&[&str], &[Filesystem]) = match self {
            Self::Smoke => (&["replace-40k"], &[Filesystem::Ext4]),
            _ => (&["replace-40k", "new-40k", "replace-20m", "backup-40k"], &Filesystem::ALL),
        };
        for name in scenarios {
            for filesystem in filesystems {
                let troubles = [
                    Trouble::Disk(Fault::Data),
                    Trouble::Disk(Fault::Exhausted),
                    Trouble::Disk(Fault::Flush(0)),
                    Trouble::Disk(Fault::Flush(1)),
                    Trouble::Disk(Fault::Flush(2)),
                    Trouble::Disk(Fault::Flush(3)),
                    Trouble::NoSpace,
                ];
                cases.extend(troubles.map(|trouble| Case { scenario: named(name), filesystem: *filesystem, trouble }));
            }
        }
        // The file system's own reserves are larger than a small file.
        cases.retain(|case| case.trouble != Trouble::NoSpace || case.scenario.new > 1 << 20);
        cases
            .into_iter()
            .map(|case| Job {
                name: format!("fault/{}/{}/{}", case.trouble.name(), case.scenario.name, case.filesystem.name()),
                task: Task::Fault(case),
            })
            .collect()
    }
}

fn smoke() -> Vec<Job> {
    let few = [
        ("replace-40k", Filesystem::Ext4, Noise::Quiet),
        ("new-40k", Filesystem::Xfs, Noise::Journal),
        ("backup-40k", Filesystem::Btrfs, Noise::Commit),
    ];
    few.into_iter().map(|(name, filesystem, noise)| survive(named(name), filesystem, noise, false, 12)).collect()
}

/// Every scenario on every file system, under two of the noises each, at a speed that the seed chooses.
fn short(seed: u64) -> Vec<Job> {
    let mut dice = Dice::new(seed, "circumstances");
    let mut jobs = Vec::new();
    for scenario in SCENARIOS {
        for filesystem in Filesystem::ALL {
            let mut noises = Noise::all(filesystem).to_vec();
            dice.shuffle(&mut noises);
            let most = if scenario.new > 1 << 20 { 12 } else { 24 };
            for noise in &noises[..2] {
                jobs.push(survive(scenario, filesystem, *noise, dice.coin(), most));
            }
        }
    }
    jobs
}

/// In an order that the seed chooses, so that a run that is stopped early has seen something of everything.
fn long(seed: u64) -> Vec<Job> {
    let mut jobs = Vec::new();
    for scenario in SCENARIOS {
        for filesystem in Filesystem::ALL {
            for noise in Noise::all(filesystem) {
                for slow in [false, true] {
                    jobs.push(survive(scenario, filesystem, *noise, slow, 200));
                }
            }
        }
    }
    Dice::new(seed, "order").shuffle(&mut jobs);
    jobs
}

fn survive(scenario: &'static Scenario, filesystem: Filesystem, noise: Noise, slow: bool, most: usize) -> Job {
    let setup = Setup { scenario, filesystem, noise, slow };
    Job { name: format!("survive/{}", setup.name()), task: Task::Survive { setup, most } }
}

pub(crate) fn is_installed(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|directory| directory.join(program).is_file()))
}
