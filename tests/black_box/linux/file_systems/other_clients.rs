//! Clients of NFS and SMB do not leave a file that is held where it is when it is renamed over. TARGET is never absent on
//! our account, and what is lost is not called unchanged.
//!
//! Rows: 91, 92.

use std::fs::{self, File, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::process::Stdio;

use rustix::io::Errno;

use super::{EXISTING, Run, Trial, Way};
use crate::common::events::until;
use crate::common::quirks::Held;
use crate::common::{stderr, stdout};

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

/// Only a lock of ours can be in the way.
fn is_never_absent(trial: &Trial, way: &Way, run: &Run) {
    trial.is_done_or_says_why(way, run);
    assert!(run.status == Some(0) || way.needs_lock(), "{way:?}: {run:?}");
    assert_eq!(trial.absences(), 0, "{way:?}: {run:?}");
}

#[test]
fn on_a_client_of_nfs_target_is_never_absent_on_our_account() {
    for trial in Trial::for_each_caller() {
        trial.each(&EXISTING, |quirks| quirks.rename_over_held = Some(Held::RenamedAway), is_never_absent);
    }
}

#[test]
fn on_a_client_of_smb_target_is_not_removed_on_our_account() {
    for trial in Trial::for_each_caller() {
        for held in [Held::Removed(Errno::ACCESS), Held::DeletePending(Errno::ACCESS)] {
            trial.each(&EXISTING, |quirks| quirks.rename_over_held = Some(held), is_never_absent);
        }
    }
}

// The kernel has the name in its cache, and the file is gone on the server.
#[test]
fn a_target_that_another_client_has_replaced_is_looked_up_again() {
    for trial in Trial::for_each_caller() {
        for way in &EXISTING {
            trial.begin(way.before());
            trial.set(|quirks| quirks.cached_names = true);
            assert_eq!(trial.mode("f"), 0o640);
            let (theirs, target) = (trial.behind("theirs"), trial.behind("f"));
            fs::write(&theirs, "old\n").unwrap();
            fs::set_permissions(&theirs, Permissions::from_mode(0o600)).unwrap();
            let owner = target.metadata().unwrap();
            chown(&theirs, Some(owner.uid()), Some(owner.gid())).unwrap();
            fs::rename(&theirs, &target).unwrap();
            let run = trial.run(way.args);
            trial.is_done(way, &run);
            assert_eq!(target.metadata().unwrap().mode() & 0o777, 0o600, "{way:?}: {run:?}");
        }
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
fn where_no_rename_works_the_path_of_the_content_is_told() {
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

/// The file whose path a hint gives, in these words.
fn told_of<'r>(run: &'r Run, words: &str) -> Option<&'r str> {
    let prefix = format!("hint: the {words} is ");
    run.says.lines().find_map(|line| line.strip_prefix(&prefix))
}

/// Asserts that TARGET, which has its name until the reader closes it, is not said to be unchanged, and that everything is
/// where the messages say.
fn says_what_is_missing(trial: &Trial, way: &Way, run: &Run, reader: File) {
    let told = format!("{way:?}, ordinary user: {}: {run:?}, {:?}", trial.ordinary, trial.names());
    assert_eq!(run.status, Some(if way.args.contains(&"--") { 122 } else { 5 }), "{told}");
    let (mut lines, failed) = (run.says.lines(), "atomic-write: f: rename: Permission denied");
    assert!(lines.next().is_some_and(|line| line.starts_with(failed) && line.ends_with(" (missing)")), "{told}");
    assert!(!run.says.contains("unchanged"), "{told}");
    let new = told_of(run, "whole new content").unwrap_or_else(|| panic!("{told}"));
    let old = told_of(run, "old content");
    assert_eq!(old.is_some(), way.backs_up(), "{told}");
    let is_there = || {
        assert_eq!(trial.content(new).as_deref(), Some(way.becomes), "{told}");
        assert!(old.is_none_or(|old| trial.content(old).as_deref() == Some("old\n")), "{told}");
    };
    let names = |target: Option<&'static str>| {
        // It may be in a private directory.
        let new = new.split('/').next();
        let mut names: Vec<&str> = [new, old, target, Some("source")].into_iter().flatten().collect();
        names.sort_unstable();
        names
    };
    is_there();
    assert_eq!(trial.names(), names(Some("f")), "{told}");
    // It was not overwritten either.
    let mut text = String::new();
    (&reader).read_to_string(&mut text).unwrap();
    assert_eq!(text, "old\n", "{told}");
    drop(reader);
    // A file is closed some time after the last descriptor.
    until("TARGET is gone", || trial.names() == names(None));
    is_there();
    assert_eq!(trial.elsewhere.names(), [""; 0], "{told}");
}

// What SMB clients of Linux 5.10 to 6.12 show of it: a name that is listed, of a file without links.
#[test]
fn a_target_that_vanishes_with_its_reader_is_said_to_be_missing() {
    for trial in Trial::for_each_caller() {
        for options in [&[][..], &["--allow-in-place"]] {
            // Each waits two seconds for the reader.
            let is_first = |way: &&Way| !way.locks() && !way.args.contains(&"--force");
            let ways = EXISTING.iter().filter(is_first).take(if trial.ordinary { 3 } else { 9 });
            for way in ways.filter(|way| options.is_empty() || !way.backs_up()) {
                trial.begin(way.before());
                let reader = File::open(trial.path("f")).unwrap();
                trial.set(|quirks| quirks.rename_over_held = Some(Held::DeletePending(Errno::ACCESS)));
                let run = trial.run(&[options, way.args].concat());
                says_what_is_missing(&trial, way, &run, reader);
            }
        }
    }
}

// Most readers are done soon.
#[test]
fn a_target_whose_reader_closes_it_soon_is_replaced() {
    let Some(trial) = Trial::for_each_caller().next() else { return };
    for way in &EXISTING {
        trial.begin(way.before());
        let reader = File::open(trial.path("f")).unwrap();
        trial.set(|quirks| quirks.rename_over_held = Some(Held::DeletePending(Errno::ACCESS)));
        let before = trial.absences();
        let mut program = trial.process();
        program.args(way.args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut program = program.spawn().unwrap();
        program.stdin.take().unwrap().write_all(b"new\n").unwrap();
        until("a rename has failed", || trial.absences() > before);
        drop(reader);
        let output = program.wait_with_output().unwrap();
        let run = Run { status: output.status.code(), says: stderr(&output), tells: stdout(&output) };
        trial.is_done(way, &run);
    }
}

// Then its links are some before and some after.
#[test]
fn a_vanishing_target_with_other_names_is_said_to_be_missing() {
    for trial in Trial::for_each_caller() {
        for options in [&[][..], &["--allow-in-place"]] {
            trial.begin(&["f", "source"]);
            // Where the listing does not show it.
            std::fs::hard_link(trial.behind("f"), trial.behind("../../other")).unwrap();
            let reader = File::open(trial.path("f")).unwrap();
            trial.set(|quirks| quirks.rename_over_held = Some(Held::DeletePending(Errno::ACCESS)));
            let run = trial.run(&[options, &["f"]].concat());
            says_what_is_missing(&trial, &EXISTING[0], &run, reader);
            std::fs::remove_file(trial.behind("../../other")).unwrap();
        }
    }
}

// It has been marked before: nothing of it is ours to tell.
#[test]
fn a_target_that_vanishes_on_anothers_account_is_not_overwritten() {
    for trial in Trial::for_each_caller() {
        for options in [&[][..], &["--allow-in-place"]] {
            for way in EXISTING.iter().filter(|way| options.is_empty() || !way.backs_up()) {
                trial.begin(&["f", "source"]);
                let reader = File::open(trial.path("f")).unwrap();
                trial.set(|quirks| quirks.rename_over_held = Some(Held::DeletePending(Errno::ACCESS)));
                std::fs::rename(trial.path("source"), trial.path("f")).unwrap_err();
                let run = trial.run(&[options, way.args].concat());
                let told = format!("{options:?} {way:?}, ordinary user: {}: {run:?}", trial.ordinary);
                assert!(matches!(run.status, Some(1 | 125)), "{told}");
                assert_eq!(trial.names(), ["f", "source"], "{told}");
                let mut text = String::new();
                (&reader).read_to_string(&mut text).unwrap();
                assert_eq!(text, "old\n", "{told}");
                drop(reader);
                until("TARGET is gone", || trial.names() == ["source"]);
            }
        }
    }
}
