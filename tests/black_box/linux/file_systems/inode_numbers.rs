//! Inode numbers that change, and errors that last. No loop is without end, nothing is left in silence.
//!
//! Rows: 78.

use rustix::io::Errno;

use super::{EXISTING, Trial, every_way};
use crate::common::quirks::Inodes;

/// Those that change from one look to the next.
const CHANGING: [Inodes; 2] = [Inodes::PerLookup, Inodes::PerGetattr];

#[test]
fn with_inode_numbers_that_change_each_way_works_or_says_why() {
    for trial in Trial::for_each_caller() {
        for inodes in CHANGING.into_iter().chain([Inodes::PerPath]) {
            trial.each(every_way(), |quirks| quirks.inodes = inodes, Trial::is_done_or_says_why);
        }
    }
}

// Such as of a Go program that hashes paths.
#[test]
fn with_inode_numbers_made_from_the_path_each_way_works() {
    for trial in Trial::for_each_caller() {
        trial.each(every_way(), |quirks| quirks.inodes = Inodes::PerPath, Trial::is_done);
    }
}

#[test]
fn without_a_lock_changing_inode_numbers_do_not_matter() {
    for trial in Trial::for_each_caller() {
        for inodes in CHANGING {
            trial.begin(&["f"]);
            trial.set(|quirks| quirks.inodes = inodes);
            for (args, target) in [(&["f"][..], "f"), (&["f", "--", "cat"], "f"), (&["n"], "n"), (&["n"], "n")] {
                let run = trial.run(args);
                assert_eq!((run.status, run.says.as_str()), (Some(0), ""), "{args:?}, {inodes:?}");
                assert_eq!(trial.content(target).as_deref(), Some("new\n"), "{args:?}, {inodes:?}");
            }
            assert_eq!(trial.names(), ["f", "n"], "{inodes:?}");
        }
    }
}

#[test]
fn a_lock_on_changing_inode_numbers_is_refused_before_command_runs() {
    const COMMAND: [&str; 5] = ["f", "--", "sh", "-c", "echo ran >\"$TMPDIR/ran\"; echo new"];
    let options: [&[&str]; 4] =
        [&["--lock"], &["--lock-timeout", "30"], &["--lock", "--edit"], &["--lock", "--backup"]];
    for trial in Trial::for_each_caller() {
        for inodes in CHANGING {
            for options in options {
                trial.begin(&["f"]);
                trial.set(|quirks| quirks.inodes = inodes);
                let run = trial.run(&[options, &COMMAND].concat());
                assert_eq!(run.status, Some(125), "{options:?}, {inodes:?}: {run:?}");
                assert!(run.says.contains(": lock: ") && run.says.contains("inode number"), "{run:?}");
                assert!(run.says.contains("(unchanged)"), "{run:?}");
                assert_eq!((trial.names(), trial.elsewhere.names()), (vec!["f".to_owned()], vec![]), "{options:?}");
                assert_eq!(trial.content("f").as_deref(), Some("old\n"));
            }
        }
    }
}

#[test]
fn names_that_all_seem_to_exist_end_in_an_error() {
    for trial in Trial::for_each_caller() {
        trial.each(
            every_way(),
            |quirks| quirks.create = Some(Errno::EXIST),
            |trial, way, run| {
                trial.is_unchanged(way, run);
                assert!(
                    run.says.contains(": create staging file: ") && run.says.contains("File exists"),
                    "{way:?}: {run:?}"
                );
            },
        );
    }
}

// Of a name that is made at the commit.
#[test]
fn links_that_all_seem_to_exist_end_in_an_error_if_needed() {
    for trial in Trial::for_each_caller() {
        trial.each(every_way(), |quirks| quirks.link = Some(Errno::EXIST), Trial::is_done_or_says_why);
    }
}

#[test]
fn stale_handles_that_last_end_in_an_error_or_are_not_needed() {
    for trial in Trial::for_each_caller() {
        trial.each(&EXISTING, |quirks| quirks.open = Some(Errno::STALE), Trial::is_done_or_says_why);
    }
}
