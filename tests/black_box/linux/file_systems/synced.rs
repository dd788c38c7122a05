//! Syncs that a file system does not know, and those that fail.
//!
//! Rows: 14, 15.

use rustix::io::Errno;

use super::{EXISTING, Trial, every_way};

const UNSUPPORTED: [Errno; 2] = [Errno::INVAL, Errno::OPNOTSUPP];

#[test]
fn a_sync_that_is_not_supported_names_the_option() {
    for trial in Trial::for_each_caller() {
        for errno in UNSUPPORTED {
            trial.each(
                every_way().filter(|way| way.syncs()),
                |quirks| quirks.fsync = Some(errno),
                |trial, way, run| {
                    trial.is_unchanged(way, run);
                    assert!(run.says.contains(": sync: "), "{way:?}, {errno}: {run:?}");
                    assert!(run.says.contains("hint: ") && run.says.contains("--sync"), "{way:?}, {errno}: {run:?}");
                },
            );
        }
    }
}

#[test]
fn an_unsupported_sync_of_unchanged_content_names_the_option() {
    for trial in Trial::for_each_caller() {
        trial.begin(&[]);
        trial.write("f", "new\n");
        trial.give_to_user("f");
        trial.set(|quirks| quirks.fsync = Some(Errno::OPNOTSUPP));
        let run = trial.run(&["--if-changed", "f"]);
        assert_eq!(run.status, Some(1), "{run:?}");
        assert!(run.says.contains("(unchanged)") && run.says.contains("--sync"), "{run:?}");
    }
}

#[test]
fn without_a_sync_none_is_missed() {
    for trial in Trial::for_each_caller() {
        for errno in UNSUPPORTED {
            for way in every_way().filter(|way| way.syncs()) {
                trial.begin(way.before());
                trial.set(|quirks| (quirks.fsync, quirks.fsyncdir) = (Some(errno), Some(errno)));
                let run = trial.run(&[&["--sync", "none"], way.args].concat());
                trial.is_done_in_silence(way, &run);
            }
        }
    }
}

#[test]
fn directories_that_cannot_be_synced_are_synced_with_their_file_system() {
    for trial in Trial::for_each_caller() {
        for errno in UNSUPPORTED {
            trial.each(every_way(), |quirks| quirks.fsyncdir = Some(errno), Trial::is_done_in_silence);
        }
    }
}

// The kernel takes it for success.
#[test]
fn a_file_system_without_any_sync_is_not_known_as_one() {
    for trial in Trial::for_each_caller() {
        let quirks = |quirks: &mut crate::common::quirks::Quirks| {
            (quirks.fsync, quirks.fsyncdir) = (Some(Errno::NOSYS), Some(Errno::NOSYS));
        };
        trial.each(every_way(), quirks, Trial::is_done_in_silence);
    }
}

#[test]
fn a_sync_that_fails_leaves_target_unchanged_and_is_not_talked_away() {
    for trial in Trial::for_each_caller() {
        for errno in [Errno::IO, Errno::NOSPC, Errno::DQUOT] {
            trial.each(
                EXISTING.iter().filter(|way| way.syncs()),
                |quirks| quirks.fsync = Some(errno),
                |trial, way, run| {
                    trial.is_unchanged(way, run);
                    assert!(!run.says.contains("--sync"), "{way:?}: {run:?}");
                },
            );
        }
    }
}

#[test]
fn a_sync_of_the_directory_that_fails_says_replaced() {
    for trial in Trial::for_each_caller() {
        trial.each(
            every_way().filter(|way| way.syncs()),
            |quirks| quirks.fsyncdir = Some(Errno::IO),
            |trial, way, run| {
                let told = format!("{way:?}: {run:?}");
                assert!(matches!(run.status, Some(4 | 121)), "{told}");
                assert!(run.says.contains("(replaced, may not survive a power cut)"), "{told}");
                assert_eq!(trial.content(way.target()).as_deref(), Some(way.becomes), "{told}");
                assert_eq!(trial.names(), way.after(), "{told}");
            },
        );
    }
}
