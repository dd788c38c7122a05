//! Where an existing file can be written and its name can not be given to another: SFTP servers, object stores, sandboxes.
//! `--allow-in-place` is for them, whenever it turns out.
//!
//! Rows: none.

use std::os::unix::fs::MetadataExt;
use std::process::Stdio;

use rustix::io::Errno;

use super::{ABSENT, EXISTING, Run, Trial, Way};
use crate::common::events::{Fifo, end_of};
use crate::common::quirks::{Quirks, Quirky};
use crate::common::{Scene, stderr};

const REFUSALS: [Errno; 9] = [
    Errno::PERM,
    Errno::ACCESS,
    Errno::XDEV,
    Errno::BUSY,
    Errno::TXTBSY,
    Errno::NOSYS,
    Errno::OPNOTSUPP,
    Errno::INVAL,
    Errno::EXIST,
];

/// A rename over TARGET, or any new name.
const REFUSED: [fn(&mut Quirks, Errno); 3] = [
    |quirks, errno| quirks.rename_over = Some(errno),
    |quirks, errno| quirks.rename = Some(errno),
    |quirks, errno| quirks.create = Some(errno),
];

/// Those that an overwrite can stand for.
fn ways() -> impl Iterator<Item = &'static Way> {
    EXISTING.iter().filter(|way| !way.backs_up())
}

fn inode(trial: &Trial) -> u64 {
    trial.behind("f").metadata().unwrap().ino()
}

/// Runs the way with the option, where this is refused with that error.
fn in_place(trial: &Trial, way: &Way, refused: fn(&mut Quirks, Errno), errno: Errno) -> Run {
    trial.begin(way.before());
    let before = inode(trial);
    trial.set(|quirks| refused(quirks, errno));
    let run = trial.run(&[&["--allow-in-place"], way.args].concat());
    let told = format!("{way:?}, {errno}, ordinary user: {}: {run:?}", trial.ordinary);
    assert_eq!(run.status, Some(0), "{told}");
    assert_eq!(trial.content("f").as_deref(), Some(way.becomes), "{told}");
    assert_eq!((inode(trial), trial.mode("f")), (before, 0o640), "{told}");
    assert_eq!(
        (trial.names(), trial.elsewhere.names()),
        (way.before().iter().map(|&n| n.to_owned()).collect(), vec![])
    );
    run
}

fn says_that_it_was_in_place(run: &Run) {
    assert!(run.says.lines().count() == 1 && run.warnings().len() == 1, "{run:?}");
    assert!(run.says.contains("overwritten in place"), "{run:?}");
}

#[test]
fn each_refusal_leaves_target_unchanged_and_names_the_overwrite() {
    for trial in Trial::for_each_caller() {
        for errno in REFUSALS {
            for refused in REFUSED {
                let only_plain = &EXISTING[..1];
                trial.each(
                    only_plain,
                    |quirks| refused(quirks, errno),
                    |trial, way, run| {
                        trial.is_unchanged(way, run);
                        assert!(
                            run.says.contains("hint: ") && run.says.contains("--allow-in-place"),
                            "{errno}: {run:?}"
                        );
                    },
                );
            }
        }
    }
}

#[test]
fn a_refusal_leaves_target_unchanged_in_each_way() {
    for trial in Trial::for_each_caller() {
        for refused in REFUSED {
            trial.each(
                &EXISTING,
                |quirks| refused(quirks, Errno::PERM),
                |trial, way, run| {
                    trial.is_unchanged(way, run);
                    let names_it = run.says.contains("--allow-in-place");
                    // With a backup it would be a usage error.
                    assert_eq!(names_it, !way.backs_up(), "{way:?}: {run:?}");
                },
            );
        }
    }
}

#[test]
fn each_refusal_is_gone_round_by_an_overwrite_where_that_is_allowed() {
    for trial in Trial::for_each_caller() {
        for errno in REFUSALS {
            for refused in REFUSED {
                says_that_it_was_in_place(&in_place(&trial, &EXISTING[0], refused, errno));
            }
        }
    }
}

#[test]
fn a_refusal_is_gone_round_by_an_overwrite_in_each_way() {
    for trial in Trial::for_each_caller() {
        for way in ways() {
            for refused in REFUSED {
                says_that_it_was_in_place(&in_place(&trial, way, refused, Errno::ACCESS));
            }
        }
    }
}

// It is not a matter of what was found at the beginning.
#[test]
fn a_refusal_that_begins_while_command_runs_is_the_same() {
    let Some(scene) = Quirky::new() else { return };
    let elsewhere = Scene::new();
    let (mut at, mut go) = (Fifo::new(&elsewhere, "at"), Fifo::new(&elsewhere, "go"));
    let script = "echo here >\"$TMPDIR/at\"; read go <\"$TMPDIR/go\"; echo new";
    for (options, status, becomes) in [(&[][..], 125, "old"), (&["--allow-in-place"], 0, "new\n")] {
        scene.write("f", "old");
        scene.set(|quirks| quirks.rename_over = None);
        let mut command = scene.process();
        command.args(options).args(["f", "--", "sh", "-c", script]).env("TMPDIR", elsewhere.root());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        assert_eq!(at.line(), "here");
        scene.set(|quirks| quirks.rename_over = Some(Errno::ACCESS));
        go.send();
        assert_eq!(end_of(&mut child).code(), Some(status), "{options:?}");
        let says = stderr(&child.wait_with_output().unwrap());
        assert!(says.contains("in-place") || says.contains("in place"), "{says}");
        assert_eq!((scene.text("f").as_str(), scene.names()), (becomes, vec!["f".to_owned()]), "{says}");
        assert_eq!(elsewhere.names(), ["at", "go"]);
    }
}

#[test]
fn a_mode_is_set_on_what_is_overwritten() {
    for trial in Trial::for_each_caller() {
        for refused in REFUSED {
            trial.begin(&["f"]);
            trial.set(|quirks| refused(quirks, Errno::PERM));
            let run = trial.run(&["--allow-in-place", "--mode", "600", "f"]);
            assert_eq!((run.status, trial.mode("f")), (Some(0), 0o600), "{run:?}");
            assert_eq!(trial.content("f").as_deref(), Some("new\n"));
        }
    }
}

#[test]
fn content_that_is_refused_overwrites_nothing() {
    let refusing: [(&[&str], i32); 4] = [
        (&["--checksum", "sha256:0000000000000000000000000000000000000000000000000000000000000000", "f"], 3),
        (&["--validate", "false", "f"], 3),
        (&["f", "--", "sh", "-c", "echo half; exit 7"], 7),
        (&["f", "--", "true"], 123),
    ];
    for trial in Trial::for_each_caller() {
        for refused in REFUSED {
            for (args, status) in refusing {
                trial.begin(&["f"]);
                trial.set(|quirks| refused(quirks, Errno::PERM));
                let run = trial.run(&[&["--allow-in-place"], args].concat());
                assert_eq!(run.status, Some(status), "{args:?}: {run:?}");
                assert_eq!(
                    (trial.names(), trial.elsewhere.names()),
                    (vec!["f".to_owned()], vec![]),
                    "{args:?}: {run:?}"
                );
                assert_eq!(trial.content("f").as_deref(), Some("old\n"), "{args:?}");
            }
        }
    }
}

#[test]
fn what_is_absent_cannot_be_overwritten() {
    for trial in Trial::for_each_caller() {
        for options in [&[][..], &["--allow-in-place"]] {
            for way in ABSENT.iter().filter(|way| options.is_empty() || !way.backs_up()) {
                trial.begin(way.before());
                trial.set(|quirks| quirks.create = Some(Errno::ACCESS));
                let run = trial.run(&[options, way.args].concat());
                // Some options contradict each other.
                if run.status != Some(2) {
                    trial.is_unchanged(way, &run);
                    assert!(!run.says.contains("hint: --allow-in-place"), "{way:?}: {run:?}");
                }
            }
        }
    }
}
