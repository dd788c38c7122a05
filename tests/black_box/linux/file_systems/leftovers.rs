//! Promise 5: what could not be removed is told, whatever `-q` says.
//!
//! Rows: none.

use rustix::io::Errno;

use super::{FAILING, Trial, every_way, way};

#[test]
fn what_cannot_be_removed_is_told_in_each_way_and_with_quiet() {
    for trial in Trial::for_each_caller() {
        for errno in [Errno::PERM, Errno::BUSY] {
            for way in every_way() {
                for quiet in [&[][..], &["-q"]] {
                    trial.begin(way.before());
                    trial.set(|quirks| quirks.unlink = Some(errno));
                    let run = trial.run(&[quiet, way.args].concat());
                    trial.is_done_or_says_why(way, &run);
                }
            }
        }
    }
}

#[test]
fn a_spare_name_that_stays_is_told_with_a_numbered_backup() {
    for trial in Trial::for_each_caller() {
        for quiet in [&[][..], &["-q"]] {
            trial.begin(&["f"]);
            trial.set(|quirks| quirks.unlink = Some(Errno::PERM));
            let run = trial.run(&[quiet, &["--backup=numbered", "f"]].concat());
            let names = trial.names();
            assert_eq!(run.status, Some(0), "{run:?}");
            assert_eq!(trial.content("f").as_deref(), Some("new\n"), "{run:?}");
            assert_eq!(trial.content("f.~1~").as_deref(), Some("old\n"), "{run:?}");
            assert!(run.tells_of(&names), "{run:?}, {names:?}");
            assert!(run.says.lines().all(|line| line.contains("is left behind")), "{run:?}");
        }
    }
}

#[test]
fn what_a_failed_run_cannot_remove_is_told_as_well() {
    let with_backup: (&[&str], i32) = (&["--backup=numbered", "--edit", "f", "--", "false"], 1);
    for trial in Trial::for_each_caller() {
        for (args, status) in FAILING.into_iter().chain([with_backup]) {
            for quiet in [&[][..], &["-q"]] {
                trial.begin(&["f"]);
                trial.set(|quirks| quirks.unlink = Some(Errno::PERM));
                let run = trial.run(&[quiet, args].concat());
                let names = trial.names();
                assert_eq!(run.status, Some(status), "{args:?}: {run:?}");
                assert!(run.says.contains("(unchanged)"), "{args:?}: {run:?}");
                assert!(names.len() > 1 && run.tells_of(&names), "{args:?}: {run:?}, {names:?}");
            }
        }
    }
}

// A check of the check: nothing is told where nothing is left.
#[test]
fn where_everything_can_be_removed_nothing_is_left_and_nothing_told() {
    for trial in Trial::for_each_caller() {
        trial.each(every_way(), |_| {}, Trial::is_done_in_silence);
        trial.begin(&["f"]);
        let failed = way(&["--validate", "false", "f"]);
        let run = trial.run(failed.args);
        assert_eq!((run.status, trial.names()), (Some(3), vec!["f".to_owned()]), "{run:?}");
    }
}
