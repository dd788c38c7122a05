//! How much is tried: a taste with every `cargo test`, a few thousand cuts in CI, many more on demand.

use crate::catalogue::{SCENARIOS, scenario};
use crate::disk::Fault;
use crate::fault::{Case, Trouble};
use crate::filesystem::Filesystem;
use crate::job::{Job, Task};
use crate::noise::Noise;
use crate::recording::{Sabotage, Setup};
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

impl Profile {
    pub(crate) fn from_environment() -> Result<Self> {
        match std::env::var("ATOMIC_WRITE_POWER_CUT").as_deref() {
            Err(_) | Ok("") => Ok(Self::Smoke),
            Ok("short") => Ok(Self::Short),
            Ok("long") => Ok(Self::Long),
            Ok(other) => Err(format!("ATOMIC_WRITE_POWER_CUT: {other}: not short or long").into()),
        }
    }

    pub(crate) fn jobs(self, seed: u64) -> Vec<Job> {
        let mut jobs = match self {
            Self::Smoke => smoke(),
            Self::Short => short(seed),
            Self::Long => long(),
        };
        jobs.extend(self.sabotages());
        jobs.extend(self.faults());
        jobs
    }

    fn sabotages(self) -> Vec<Job> {
        let all = self == Self::Long;
        let most = if all { 200 } else { 60 };
        let mut jobs = Vec::new();
        let shells = [
            ("shell-rename", "cat > home/t && mv home/t home/f"),
            ("in-place", "cat > home/f"),
            ("sponge", "sponge home/f"),
        ];
        let shells = &shells[..if self == Self::Smoke { 1 } else { 3 }];
        for (name, script) in shells {
            if *name == "sponge" && !is_installed("sponge") {
                continue;
            }
            for filesystem in self.sabotaged() {
                jobs.push(Job {
                    name: format!("catch/{name}/{}", filesystem.name()),
                    task: Task::Catch {
                        sabotage: Sabotage::Shell(script),
                        setups: circumstances(named("replace-40k"), &[*filesystem]),
                        most,
                        all,
                    },
                });
            }
        }
        if self == Self::Smoke {
            return jobs;
        }
        for name in ["new-40k", "replace-40k", "backup-40k"] {
            jobs.push(Job {
                name: format!("catch/each-sync/{name}"),
                task: Task::CatchEachSync {
                    setups: circumstances(named(name), &Filesystem::ALL),
                    most,
                    all,
                },
            });
        }
        // One at a time does not show here: the file systems commit all directories with any of them, and the
        // name of a new file with the file.
        let together = [("parents-40k", 2..20), ("if-changed-same-40k", 1..2)];
        for (name, syncs) in together {
            jobs.push(Job {
                name: format!(
                    "catch/without-syncs-{}-to-{}/{name}",
                    syncs.start,
                    syncs.end - 1
                ),
                task: Task::Catch {
                    sabotage: Sabotage::Unsynced(syncs.collect()),
                    setups: circumstances(named(name), &Filesystem::ALL),
                    most,
                    all,
                },
            });
        }
        let torn = [
            (
                "shell-rename",
                "cat > home/t && mv home/t home/f && sync home",
            ),
            ("in-place", "cat > home/f && sync home/f"),
        ];
        for (name, script) in torn {
            // It lasts when it has exited, so that what is found is torn.
            jobs.push(Job {
                name: format!("catch/torn-by-{name}"),
                task: Task::Catch {
                    sabotage: Sabotage::Shell(script),
                    setups: circumstances(named("replace-40k"), &Filesystem::ALL),
                    most,
                    all,
                },
            });
        }
        for filesystem in Filesystem::ALL {
            jobs.push(Job {
                name: format!("catch/ignored-flushes/{}", filesystem.name()),
                task: Task::CatchLies {
                    setup: Setup {
                        scenario: named("replace-40k"),
                        filesystem,
                        noise: Noise::Quiet,
                        slow: false,
                    },
                    most,
                },
            });
        }
        jobs
    }

    const fn sabotaged(self) -> &'static [Filesystem] {
        match self {
            Self::Smoke => &[Filesystem::Ext4NoAutoDaAlloc],
            _ => &Filesystem::ALL,
        }
    }

    fn faults(self) -> Vec<Job> {
        let mut cases = Vec::new();
        let (scenarios, filesystems): (&[&str], &[Filesystem]) = match self {
            Self::Smoke => (&["replace-40k"], &[Filesystem::Ext4]),
            _ => (
                &["replace-40k", "new-40k", "replace-4m", "backup-40k"],
                &Filesystem::ALL,
            ),
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
                cases.extend(troubles.map(|trouble| Case {
                    scenario: named(name),
                    filesystem: *filesystem,
                    trouble,
                }));
            }
        }
        // The file system's own reserves are larger than a small file.
        cases.retain(|case| case.trouble != Trouble::NoSpace || case.scenario.new > 1 << 20);
        cases
            .into_iter()
            .map(|case| Job {
                name: format!(
                    "fault/{}/{}/{}",
                    case.trouble.name(),
                    case.scenario.name,
                    case.filesystem.name()
                ),
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
    few.into_iter()
        .map(|(name, filesystem, noise)| survive(named(name), filesystem, noise, false, 12))
        .collect()
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

fn long() -> Vec<Job> {
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
    jobs
}

fn survive(
    scenario: &'static Scenario,
    filesystem: Filesystem,
    noise: Noise,
    slow: bool,
    most: usize,
) -> Job {
    let setup = Setup {
        scenario,
        filesystem,
        noise,
        slow,
    };
    Job {
        name: format!("survive/{}", setup.name()),
        task: Task::Survive { setup, most },
    }
}

/// Silence first: it shows most of what can be left out.
fn circumstances(scenario: &'static Scenario, filesystems: &[Filesystem]) -> Vec<Setup> {
    let mut setups = Vec::new();
    for slow in [false, true] {
        for noise in [Noise::Quiet, Noise::Journal, Noise::Commit, Noise::Syncfs] {
            for filesystem in filesystems {
                if Noise::all(*filesystem).contains(&noise) {
                    setups.push(Setup {
                        scenario,
                        filesystem: *filesystem,
                        noise,
                        slow,
                    });
                }
            }
        }
    }
    setups
}

/// Names in this file are those of the catalogue; a wrong one shows at once, as the first scenario's name.
fn named(name: &str) -> &'static Scenario {
    scenario(name).unwrap_or(&SCENARIOS[0])
}

pub(crate) fn is_installed(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
    })
}
