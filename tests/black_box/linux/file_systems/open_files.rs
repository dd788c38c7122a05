//! A file that is open can be in the way of opening it again, of renaming and of removing it.
//!
//! Rows: 80, 91.

use std::fs::File;

use rustix::io::Errno;

use super::{EXISTING, FAILING, Trial, every_way};
use crate::common::quirks::Quirks;

/// As the shared folders of a virtual machine on Windows.
fn in_the_way(quirks: &mut Quirks) {
    quirks.rename_open = Some(Errno::TXTBSY);
    quirks.unlink_open = Some(Errno::TXTBSY);
}

// As rclone.
#[test]
fn a_staging_file_need_not_be_opened_while_it_is_written() {
    for trial in Trial::for_each_caller() {
        for errno in [Errno::PERM, Errno::BUSY, Errno::ACCESS, Errno::TXTBSY] {
            trial.each(every_way(), |quirks| quirks.open_while_written = Some(errno), Trial::is_done_in_silence);
        }
    }
}

#[test]
fn a_staging_file_need_not_be_renamed_while_it_is_open() {
    for trial in Trial::for_each_caller() {
        trial.each(every_way(), in_the_way, Trial::is_done_in_silence);
    }
}

#[test]
fn a_failed_run_leaves_no_file_that_was_open() {
    let others: [(&[&str], i32); 2] =
        [(&["--backup", "--edit", "f", "--", "false"], 1), (&["--from", "absent", "f"], 1)];
    for trial in Trial::for_each_caller() {
        for (args, status) in FAILING.into_iter().chain(others) {
            trial.begin(&["f"]);
            trial.set(|quirks| {
                in_the_way(quirks);
                quirks.open_while_written = Some(Errno::BUSY);
            });
            let run = trial.run(args);
            assert_eq!((run.status, trial.names()), (Some(status), vec!["f".to_owned()]), "{args:?}: {run:?}");
        }
    }
}

// Nothing of ours is open on it: the lock is on the directory.
#[test]
fn a_target_need_not_be_renamed_over_while_it_is_open() {
    for trial in Trial::for_each_caller() {
        trial.each(&EXISTING, |quirks| quirks.rename_over_open = Some(Errno::TXTBSY), Trial::is_done_in_silence);
    }
}

#[test]
fn a_target_that_another_has_open_is_unchanged_with_a_hint() {
    for trial in Trial::for_each_caller() {
        for way in EXISTING.iter().filter(|way| !way.backs_up()) {
            trial.begin(way.before());
            let _reader = File::open(trial.path("f")).unwrap();
            trial.set(|quirks| quirks.rename_over_open = Some(Errno::TXTBSY));
            let run = trial.run(way.args);
            trial.is_unchanged(way, &run);
            assert!(run.says.contains("hint: ") && run.says.contains("--allow-in-place"), "{way:?}: {run:?}");
        }
    }
}
