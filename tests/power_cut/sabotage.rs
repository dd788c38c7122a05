//! What the simulator must find: the protocol without one of its steps, and other ways to replace a file.

use std::collections::BTreeSet;

use crate::background::Background;
use crate::expectation::Strictness;
use crate::filesystem::Filesystem;
use crate::job::{Job, Task};
use crate::profile::is_installed;
use crate::recording::Setup;
use crate::scenario::Scenario;
use crate::scenarios::named;

/// What is done to the protocol, or instead of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sabotage {
    None,
    /// These of the program's syncs, counted from 1, are not made and return success.
    Unsynced(BTreeSet<usize>),
    /// Those before the first file gets its name are not made: of many files, the sync of the first group.
    UnsyncedContents,
    /// Those from then on.
    UnsyncedNames,
    /// A shell script instead of the program.
    Shell(&'static str, Strictness),
}

impl Sabotage {
    pub(crate) const fn strictness(&self) -> Strictness {
        match self {
            Self::Shell(_, strictness) => *strictness,
            _ => Strictness::Full,
        }
    }
}

/// How much is tried.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    /// Cuts in each of the circumstances.
    pub(crate) max_cuts: usize,
    /// Whether to try all circumstances, and not only as many as it takes to find it.
    pub(crate) all: bool,
}

/// Scripts that sync nothing, which must show on every file system.
const UNSYNCED: [(&str, &str); 3] =
    [("shell-rename", "cat > home/t && mv home/t home/f"), ("in-place", "cat > home/f"), ("sponge", "sponge home/f")];

/// Scripts that sync too late, so that only a cut before their end shows it; each with a scenario that shows it.
const WRONG_ORDER: [(&str, &str, &str, Strictness); 5] = [
    ("torn-by-shell-rename", "replace-40k", "cat > home/t && mv home/t home/f && sync home", Strictness::ContentOnly),
    ("torn-in-place", "replace-40k", "cat > home/f && sync home/f", Strictness::ContentOnly),
    (
        "absent-meanwhile",
        "backup-40k",
        "cat > home/t && sync home/t && mv home/f home/f~ && mv home/t home/f && sync home",
        Strictness::ContentOnly,
    ),
    (
        "mode-after-rename",
        "mode-40k",
        "cd home && t=.aw-abcdefghij23 && cat > $t && sync $t && mv $t f && chmod 604 f && sync f .",
        Strictness::Full,
    ),
    (
        "name-before-content",
        "new-40k",
        "cd home && t=.aw-abcdefghij23 && cat > $t && sync $t && mv $t f && sync .",
        Strictness::Full,
    ),
];

/// Two of the scripts, on one file system.
pub(crate) fn smoke() -> Vec<Job> {
    let effort = Effort { max_cuts: 60, all: false };
    unsynced(&[Filesystem::Ext4NoAutoDaAlloc], effort).into_iter().take(2).collect()
}

pub(crate) fn jobs(effort: Effort) -> Vec<Job> {
    let mut jobs = unsynced(&Filesystem::ALL, effort);
    // A name before the content is what the generic backend is allowed.
    let wrong_order =
        WRONG_ORDER.into_iter().filter(|(name, ..)| !(cfg!(generic_unix) && *name == "name-before-content"));
    jobs.extend(wrong_order.map(|(name, scenario, script, strictness)| Job {
        name: format!("catch/{name}"),
        task: Task::Catch {
            sabotage: Sabotage::Shell(script, strictness),
            setups: circumstances(named(scenario), &Filesystem::ALL),
            effort,
        },
    }));
    // Not on btrfs: there the sync after the commit makes the file's name durable, and the directory's sync has nothing to do.
    jobs.extend(["new-40k", "replace-40k", "backup-40k", "by-name-40k", "by-name-new-40k", "by-name-backup-40k"].map(
        |name| Job {
            name: format!("catch/each-sync/{name}"),
            task: Task::CatchEachSync { setups: circumstances(named(name), &Filesystem::ALL[..5]), effort },
        },
    ));
    // One of these alone does not show: the file systems commit all directories with any of them, and a file's name with its
    // content.
    let together = [
        ("by-name-40k", &Filesystem::ALL[5..], 1..20),
        // Those of the tree, however it is synced.
        ("tree", &Filesystem::ALL[..], 1..9),
        ("tree-large", &Filesystem::ALL, 1..2),
        // Those of TARGET's directory, with what would make up for it.
        ("tree-large", &Filesystem::ALL, 2..20),
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
    // Whether many files are synced one by one depends on what else the machine has to write, and so does the number of syncs.
    for name in ["many", "many-few", "many-groups", "many-backup"] {
        let contents = ("contents", Sabotage::UnsyncedContents);
        // The later groups would lack theirs as well.
        let names = (name != "many-groups").then_some(("names", Sabotage::UnsyncedNames));
        jobs.extend([contents].into_iter().chain(names).map(|(what, sabotage)| Job {
            name: format!("catch/without-syncs-of-{what}/{name}"),
            task: Task::Catch { sabotage, setups: circumstances(named(name), &Filesystem::ALL), effort },
        }));
    }
    jobs.push(Job {
        name: "catch/without-syncs-of-contents/many-same".to_owned(),
        task: Task::Catch {
            sabotage: Sabotage::UnsyncedContents,
            setups: circumstances(named("many-same"), &Filesystem::ALL),
            effort,
        },
    });
    jobs.extend(Filesystem::ALL.map(|filesystem| Job {
        name: format!("catch/ignored-flushes/{}", filesystem.name()),
        task: Task::CatchIgnoredFlushes {
            setup: Setup { scenario: named("replace-40k"), filesystem, background: Background::Quiet, slow: false },
            max_cuts: effort.max_cuts,
        },
    }));
    jobs
}

fn unsynced(filesystems: &[Filesystem], effort: Effort) -> Vec<Job> {
    let mut jobs = Vec::new();
    for (name, script) in UNSYNCED {
        if name == "sponge" && !is_installed(name) {
            continue;
        }
        jobs.extend(filesystems.iter().map(|filesystem| Job {
            name: format!("catch/{name}/{}", filesystem.name()),
            task: Task::Catch {
                sabotage: Sabotage::Shell(script, Strictness::ContentOnly),
                setups: circumstances(named("replace-40k"), &[*filesystem]),
                effort,
            },
        }));
    }
    jobs
}

/// Without background I/O first: that shows most missing syncs.
fn circumstances(scenario: &'static Scenario, filesystems: &[Filesystem]) -> Vec<Setup> {
    let mut setups = Vec::new();
    for slow in [false, true] {
        for background in Background::ALL {
            for filesystem in filesystems {
                if Background::all(*filesystem).contains(&background) {
                    setups.push(Setup { scenario, filesystem: *filesystem, background, slow });
                }
            }
        }
    }
    setups
}
