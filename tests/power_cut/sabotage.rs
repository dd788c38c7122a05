//! What the laboratory must find: the protocol with a step taken out, and other people's ways to write a file.

use std::collections::BTreeSet;

use crate::catalogue::named;
use crate::expectation::Measure;
use crate::filesystem::Filesystem;
use crate::job::{Job, Task};
use crate::noise::Noise;
use crate::profile::is_installed;
use crate::recording::Setup;
use crate::scenario::Scenario;

/// What is done to the protocol, or instead of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sabotage {
    None,
    /// These of the program's syncs are not made, and it is told that they were. Counted from 1.
    Unsynced(BTreeSet<usize>),
    /// A shell does the work.
    Shell(&'static str, Measure),
}

impl Sabotage {
    pub(crate) const fn measure(&self) -> Measure {
        match self {
            Self::Shell(_, measure) => *measure,
            _ => Measure::Everything,
        }
    }
}

/// How hard is looked.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    /// Cuts in each of the circumstances.
    pub(crate) most: usize,
    /// Goes on after the first find, to tell which circumstances show it.
    pub(crate) all: bool,
}

/// The ways that are found wherever they are tried, each on every file system: they sync nothing.
const CARELESS: [(&str, &str); 3] =
    [("shell-rename", "cat > home/t && mv home/t home/f"), ("in-place", "cat > home/f"), ("sponge", "sponge home/f")];

/// The ways that sync, so that they are right in the end and wrong on the way. Each with the scenario that shows it.
const PREMATURE: [(&str, &str, &str, Measure); 5] = [
    ("torn-by-shell-rename", "replace-40k", "cat > home/t && mv home/t home/f && sync home", Measure::Content),
    ("torn-in-place", "replace-40k", "cat > home/f && sync home/f", Measure::Content),
    (
        "absent-meanwhile",
        "backup-40k",
        "cat > home/t && sync home/t && mv home/f home/f~ && mv home/t home/f && sync home",
        Measure::Content,
    ),
    (
        "mode-after-rename",
        "mode-40k",
        "cd home && t=.aw-abcdefghij23 && cat > $t && sync $t && mv $t f && chmod 604 f && sync f .",
        Measure::Everything,
    ),
    (
        "name-before-content",
        "new-40k",
        "cd home && t=.aw-abcdefghij23 && cat > $t && sync $t && mv $t f && sync .",
        Measure::Everything,
    ),
];

/// One of them, and quickly.
pub(crate) fn taste() -> Vec<Job> {
    let effort = Effort { most: 60, all: false };
    careless(&[Filesystem::Ext4NoAutoDaAlloc], effort).into_iter().take(2).collect()
}

pub(crate) fn jobs(effort: Effort) -> Vec<Job> {
    let mut jobs = careless(&Filesystem::ALL, effort);
    jobs.extend(PREMATURE.map(|(name, scenario, script, measure)| Job {
        name: format!("catch/{name}"),
        task: Task::Catch {
            sabotage: Sabotage::Shell(script, measure),
            setups: circumstances(named(scenario), &Filesystem::ALL),
            effort,
        },
    }));
    // On btrfs the sync after the commit brings the file's name with it, and the directory's sync finds nothing to do.
    jobs.extend(["new-40k", "replace-40k", "backup-40k"].map(|name| Job {
        name: format!("catch/each-sync/{name}"),
        task: Task::CatchEachSync { setups: circumstances(named(name), &Filesystem::ALL[..5]), effort },
    }));
    // One at a time does not show here either: the file systems commit all directories with any of them,
    // and the name of a file that has one with its content.
    let together = [
        ("replace-40k", &Filesystem::ALL[5..], 1..3),
        ("replace-40k", &Filesystem::ALL[5..], 2..4),
        ("backup-40k", &Filesystem::ALL[5..], 2..4),
        ("new-40k", &Filesystem::ALL[5..], 2..4),
        ("parents-40k", &Filesystem::ALL, 2..20),
        ("if-changed-same-40k", &Filesystem::ALL, 1..20),
        ("in-place-40k", &Filesystem::ALL, 1..3),
        ("in-place-40k", &Filesystem::ALL, 3..20),
    ];
    jobs.extend(together.map(|(name, filesystems, syncs)| Job {
        name: format!("catch/without-syncs-from-{}/{name}", syncs.start),
        task: Task::Catch {
            sabotage: Sabotage::Unsynced(syncs.collect()),
            setups: circumstances(named(name), filesystems),
            effort,
        },
    }));
    jobs.extend(Filesystem::ALL.map(|filesystem| Job {
        name: format!("catch/ignored-flushes/{}", filesystem.name()),
        task: Task::CatchLies {
            setup: Setup { scenario: named("replace-40k"), filesystem, noise: Noise::Quiet, slow: false },
            most: effort.most,
        },
    }));
    jobs
}

fn careless(filesystems: &[Filesystem], effort: Effort) -> Vec<Job> {
    let mut jobs = Vec::new();
    for (name, script) in CARELESS {
        if name == "sponge" && !is_installed(name) {
            continue;
        }
        jobs.extend(filesystems.iter().map(|filesystem| Job {
            name: format!("catch/{name}/{}", filesystem.name()),
            task: Task::Catch {
                sabotage: Sabotage::Shell(script, Measure::Content),
                setups: circumstances(named("replace-40k"), &[*filesystem]),
                effort,
            },
        }));
    }
    jobs
}

/// Silence first: it shows most of what can be left out.
fn circumstances(scenario: &'static Scenario, filesystems: &[Filesystem]) -> Vec<Setup> {
    let mut setups = Vec::new();
    for slow in [false, true] {
        for noise in Noise::ALL {
            for filesystem in filesystems {
                if Noise::all(*filesystem).contains(&noise) {
                    setups.push(Setup { scenario, filesystem: *filesystem, noise, slow });
                }
            }
        }
    }
    setups
}
