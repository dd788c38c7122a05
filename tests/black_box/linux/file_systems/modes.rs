//! Modes that are all the same, whatever is asked for. A file that is wider than `--mode` says is an error.
//!
//! Rows: 86.

use rustix::io::Errno;

use super::{Trial, Way, every_way};
use crate::common::quirks::Change;

const CHMOD: [Change; 2] = [Change::Ignored, Change::Refused(Errno::PERM)];

const COMMAND: [&str; 4] = ["--", "sh", "-c", "echo ran >\"$TMPDIR/ran\"; echo new"];

/// Begins where every file has this mode.
fn begin(trial: &Trial, mode: u32, chmod: Change) {
    trial.begin(&["f"]);
    trial.set(|quirks| {
        quirks.mode = Some(mode);
        quirks.chmod = chmod;
    });
}

#[test]
fn without_a_mode_asked_for_each_way_works_in_silence() {
    for trial in Trial::for_each_caller() {
        for (mode, chmod) in [(0o777, CHMOD[0]), (0o777, CHMOD[1]), (0o700, CHMOD[0]), (0o700, CHMOD[1])] {
            let quirks = |quirks: &mut crate::common::quirks::Quirks| {
                quirks.mode = Some(mode);
                quirks.chmod = chmod;
            };
            // A validator's path leads through the root of the mount, which nobody but root can enter then.
            let has_path = |way: &&Way| !(trial.ordinary && mode == 0o700 && way.args.contains(&"--validate"));
            trial.each(every_way().filter(has_path), quirks, Trial::is_done_in_silence);
        }
    }
}

#[test]
fn a_mode_narrower_than_every_file_is_an_error_before_command_runs() {
    let ways: [&[&str]; 6] =
        [&["f"], &["n"], &["--edit", "f"], &["--backup=simple", "f"], &["--lock", "f"], &["--no-clobber", "n"]];
    for trial in Trial::for_each_caller() {
        for (shown, asked) in
            [(0o777, "600"), (0o777, "640"), (0o777, "755"), (0o777, "000"), (0o700, "600"), (0o700, "644")]
        {
            for chmod in CHMOD {
                for way in ways {
                    begin(&trial, shown, chmod);
                    let run = trial.run(&[&["--mode", asked], way, &COMMAND].concat());
                    let told = format!("{asked} where all is {shown:o}, {chmod:?}, {way:?}: {run:?}");
                    assert_eq!(run.status, Some(125), "{told}");
                    assert!(run.says.contains(": mode: ") && run.says.contains("(unchanged)"), "{told}");
                    assert_eq!((trial.names(), trial.elsewhere.names()), (vec!["f".to_owned()], vec![]), "{told}");
                    assert_eq!(trial.content("f").as_deref(), Some("old\n"), "{told}");
                }
            }
        }
    }
}

#[test]
fn a_mode_narrower_than_every_file_is_an_error_without_command_too() {
    for trial in Trial::for_each_caller() {
        // With --if-changed nothing is written, not even to try, before there is a difference.
        let if_changed = &["--if-changed", "f"][..];
        for way in [if_changed, &["f"], &["n"], &["--append", "f"], &["--from", "f", "n"], &["--validate", "true", "f"]]
        {
            begin(&trial, 0o777, Change::Ignored);
            let run = trial.run(&[&["--mode", "600"], way].concat());
            assert_eq!(run.status, Some(1), "{way:?}: {run:?}");
            assert!(run.says.contains(": mode: ") && run.says.contains("(unchanged)"), "{way:?}: {run:?}");
            assert_eq!(
                (trial.names(), trial.content("f").as_deref()),
                (vec!["f".to_owned()], Some("old\n")),
                "{way:?}"
            );
        }
    }
}

#[test]
fn the_mode_that_every_file_has_can_be_asked_for() {
    for trial in Trial::for_each_caller() {
        for (mode, asked) in [(0o777, "777"), (0o700, "700")] {
            for chmod in CHMOD {
                for target in ["f", "n"] {
                    begin(&trial, mode, chmod);
                    let run = trial.run(&["--mode", asked, target]);
                    assert_eq!((run.status, run.says.as_str()), (Some(0), ""), "{asked}, {chmod:?}, {target}");
                    assert_eq!(trial.content(target).as_deref(), Some("new\n"));
                }
            }
        }
    }
}

#[test]
fn a_mode_that_is_wider_than_every_file_is_one_warning() {
    for trial in Trial::for_each_caller() {
        for way in [&["f"][..], &["n"], &["--backup", "f"], &["--edit", "f", "--", "cat"], &["--append", "n"]] {
            for chmod in CHMOD {
                begin(&trial, 0o700, chmod);
                let run = trial.run(&[&["--mode", "755"], way].concat());
                assert_eq!(run.status, Some(0), "{way:?}, {chmod:?}: {run:?}");
                assert!(run.says.contains("warning: cannot set mode"), "{way:?}, {chmod:?}: {run:?}");
                assert_eq!(run.says.lines().count(), 1, "{way:?}, {chmod:?}: {run:?}");
                begin(&trial, 0o700, chmod);
                let run = trial.run(&[&["-q", "--mode", "755"], way].concat());
                assert_eq!((run.status, run.says.as_str()), (Some(0), ""), "{way:?}, {chmod:?}");
            }
        }
    }
}

#[test]
fn where_nothing_more_can_be_done_a_second_run_says_unchanged() {
    for trial in Trial::for_each_caller() {
        for chmod in CHMOD {
            for (shown, asked) in [(0o700, "755"), (0o700, "700"), (0o777, "777")] {
                begin(&trial, shown, chmod);
                let report = || trial.run(&["-q", "--if-changed", "--report", "--mode", asked, "f"]);
                let (first, second) = (report(), report());
                assert_eq!((first.status, first.tells.as_str()), (Some(0), "replaced\n"), "{asked}: {first:?}");
                assert_eq!((second.status, second.tells.as_str()), (Some(0), "unchanged\n"), "{asked}: {second:?}");
            }
        }
    }
}

// What is overwritten in place keeps a mode that is too wide as well.
#[test]
fn a_mode_that_cannot_be_had_in_place_is_an_error() {
    for trial in Trial::for_each_caller() {
        begin(&trial, 0o777, Change::Ignored);
        trial.set(|quirks| quirks.rename_over = Some(Errno::PERM));
        let run = trial.run(&["--allow-in-place", "--mode", "600", "f"]);
        assert_eq!(run.status, Some(1), "{run:?}");
        assert!(run.says.contains("(unchanged)"), "{run:?}");
        assert_eq!((trial.names(), trial.content("f").as_deref()), (vec!["f".to_owned()], Some("old\n")));
    }
}
