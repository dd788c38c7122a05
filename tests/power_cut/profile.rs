//! How much is run: a few cuts with every `cargo test`, some thousands in CI, many more on demand.

use crate::background::Background;
use crate::disk::Fault;
use crate::error::Result;
use crate::fault::{Case, Failure};
use crate::filesystem::Filesystem;
use crate::job::{Job, Task};
use crate::recording::Setup;
use crate::rng::Rng;
use crate::sabotage::{self, Effort};
use crate::scenario::Scenario;
use crate::scenarios::{named, possible};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// A few seconds.
    Smoke,
    /// A few minutes, in CI.
    Short,
    /// Everything, on demand.
    Long,
}

/// The variable that chooses the profile.
pub(crate) const VARIABLE: &str = "ATOMIC_WRITE_POWER_CUT";

impl Profile {
    pub(crate) fn from_environment() -> Result<Self> {
        let value = std::env::var(VARIABLE).unwrap_or_default();
        if value.is_empty() {
            return Ok(Self::Smoke);
        }
        [Self::Smoke, Self::Short, Self::Long]
            .into_iter()
            .find(|profile| profile.name() == value)
            .ok_or_else(|| format!("{VARIABLE}: {value}: not short or long").into())
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
            Self::Smoke => (smoke(), sabotage::smoke()),
            Self::Short => {
                let effort = Effort { max_cuts: 60, all: false };
                (short(seed), sabotage::jobs(effort))
            }
            Self::Long => {
                let effort = Effort { max_cuts: 200, all: true };
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
            _ => (
                &[
                    "replace-40k",
                    "new-40k",
                    "replace-20m",
                    "backup-40k",
                    "many",
                    "many-few",
                    "many-groups",
                    "many-same",
                ],
                &Filesystem::ALL,
            ),
        };
        for name in scenarios {
            for filesystem in filesystems {
                let failures = [
                    Failure::Disk(Fault::Data),
                    Failure::Disk(Fault::Exhausted),
                    Failure::Disk(Fault::Flush(0)),
                    Failure::Disk(Fault::Flush(1)),
                    Failure::Disk(Fault::Flush(2)),
                    Failure::Disk(Fault::Flush(3)),
                    Failure::NoSpace,
                ];
                cases.extend(failures.map(|failure| Case { scenario: named(name), filesystem: *filesystem, failure }));
            }
        }
        // SOURCE's blocks are shared there, and no data is written.
        let writes_data = |case: &Case| !(case.scenario.is_many() && case.filesystem == Filesystem::Btrfs);
        let is_data = |case: &Case| matches!(case.failure, Failure::Disk(Fault::Data | Fault::Exhausted));
        cases.retain(|case| writes_data(case) || !is_data(case));
        // README.md: there an fsync may say nothing of another that has failed, and what is left may not mount.
        cases.retain(|case| !(case.scenario.is_many() && case.filesystem == Filesystem::Ext4FastCommit));
        // A small file fits into what the file system reserves for itself.
        cases.retain(|case| case.failure != Failure::NoSpace || case.scenario.new > 1 << 20);
        cases
            .into_iter()
            .map(|case| Job {
                name: format!("fault/{}/{}/{}", case.failure.name(), case.scenario.name, case.filesystem.name()),
                task: Task::Fault(case),
            })
            .collect()
    }
}

fn smoke() -> Vec<Job> {
    let few = [
        ("replace-40k", Filesystem::Ext4, Background::Quiet),
        ("new-40k", Filesystem::Xfs, Background::Journal),
        ("backup-40k", Filesystem::Btrfs, Background::Commit),
    ];
    few.into_iter()
        .map(|(name, filesystem, background)| survive(named(name), filesystem, background, false, 12))
        .collect()
}

/// Every scenario on every file system, with two kinds of background I/O; whether the disk is slow is random.
fn short(seed: u64) -> Vec<Job> {
    let mut rng = Rng::new(seed, "circumstances");
    let mut jobs = Vec::new();
    for scenario in possible() {
        for filesystem in Filesystem::ALL {
            let mut backgrounds = Background::all(filesystem).to_vec();
            rng.shuffle(&mut backgrounds);
            let most = if scenario.new > 1 << 20 { 12 } else { 24 };
            for background in &backgrounds[..2] {
                jobs.push(survive(scenario, filesystem, *background, rng.flag(), most));
            }
        }
    }
    jobs
}

/// In random order, so that a run that is stopped early has covered a part of everything.
fn long(seed: u64) -> Vec<Job> {
    let mut jobs = Vec::new();
    for scenario in possible() {
        for filesystem in Filesystem::ALL {
            for background in Background::all(filesystem) {
                for slow in [false, true] {
                    jobs.push(survive(scenario, filesystem, *background, slow, 200));
                }
            }
        }
    }
    Rng::new(seed, "order").shuffle(&mut jobs);
    jobs
}

fn survive(
    scenario: &'static Scenario,
    filesystem: Filesystem,
    background: Background,
    slow: bool,
    max_cuts: usize,
) -> Job {
    let setup = Setup { scenario, filesystem, background, slow };
    Job { name: format!("survive/{}", setup.name()), task: Task::Survive { setup, max_cuts } }
}

pub(crate) fn is_installed(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|directory| directory.join(program).is_file()))
}
