//! Rows 91 and 92: clients of NFS and SMB do not leave a file that is held where it is when it is renamed over. TARGET is
//! never absent on our account, and what is lost is not called unchanged.

use std::fs::File;

use rustix::io::Errno;

use super::{EXISTING, Run, Trial, Way};
use crate::common::quirks::Held;

/// What the test is about: TARGET is what it was or what it was to be, or a path is printed that has it.
fn is_not_lost(trial: &Trial, way: &Way, run: &Run) {
    let told = format!("{way:?}, ordinary user: {}: {run:?}, {:?}", trial.ordinary, trial.names());
    match trial.content("f").as_deref() {
        Some("old\n") => assert!(run.has_failed() && run.says.contains("(unchanged)"), "{told}"),
        Some(content) => {
            assert_eq!(content, way.becomes, "{told}");
            assert!(matches!(run.status, Some(0 | 4 | 121)), "{told}");
        }
        None => {
            assert!(!run.says.contains("(unchanged)") && matches!(run.status, Some(5 | 122)), "{told}");
            let names = trial.names();
            let copies = names.iter().filter(|name| run.says.contains(name.as_str()));
            assert!(copies.into_iter().any(|name| trial.content(name).as_deref() == Some(way.becomes)), "{told}");
        }
    }
    assert!(run.tells_of(&trial.names()) || trial.content("f").is_none(), "{told}");
}

#[test]
fn on_a_client_of_nfs_target_is_never_absent_on_our_account() {
    for trial in Trial::for_each_caller() {
        trial.each(
            &EXISTING,
            |quirks| quirks.rename_over_held = Some(Held::RenamedAway),
            |trial, way, run| {
                trial.is_done_or_says_why(way, run);
                assert!(run.status == Some(0) || way.locks(), "{way:?}: {run:?}");
                assert_eq!(trial.absences(), 0, "{way:?}: {run:?}");
            },
        );
    }
}

#[test]
fn on_a_client_of_smb_target_is_not_removed_on_our_account() {
    for trial in Trial::for_each_caller() {
        let quirk = Some(Held::Removed(Errno::ACCESS));
        trial.each(
            &EXISTING,
            |quirks| quirks.rename_over_held = quirk,
            |trial, way, run| {
                trial.is_done_or_says_why(way, run);
                assert!(run.status == Some(0) || way.locks(), "{way:?}: {run:?}");
                assert_eq!(trial.absences(), 0, "{way:?}: {run:?}");
            },
        );
    }
}

// Another program's handle is nothing that we could close.
#[test]
fn what_another_program_holds_is_not_lost() {
    for trial in Trial::for_each_caller() {
        for held in [Held::RenamedAway, Held::Removed(Errno::ACCESS), Held::Removed(Errno::IO)] {
            for way in &EXISTING {
                trial.begin(way.before());
                let _reader = File::open(trial.path("f")).unwrap();
                trial.set(|quirks| quirks.rename_over_held = Some(held));
                let run = trial.run(way.args);
                is_not_lost(&trial, way, &run);
            }
        }
    }
}

#[test]
fn a_rename_that_fails_and_has_removed_target_does_not_lose_it() {
    for trial in Trial::for_each_caller() {
        for errno in [Errno::ACCESS, Errno::IO, Errno::PERM] {
            trial.each(&EXISTING, |quirks| quirks.rename_removes = Some(errno), is_not_lost);
        }
    }
}

// And nothing of it can be put back.
#[test]
fn where_no_rename_works_any_more_the_path_of_the_new_content_is_told() {
    for trial in Trial::for_each_caller() {
        trial.each(
            &EXISTING,
            |quirks| {
                quirks.rename_removes = Some(Errno::ACCESS);
                quirks.create = None;
                quirks.link = Some(Errno::PERM);
            },
            is_not_lost,
        );
    }
}
