//! An ACL of NFSv4 is carried, or group and other get nothing and that is told. An ACL that says what the
//! mode says need not be carried.
//!
//! Rows: 90, 94.

use rustix::fs::{XattrFlags, getxattr, setxattr};
use rustix::io::Errno;

use super::{ABSENT, EXISTING, Run, Trial, Way};
use crate::common::quirks::Nfs4Acl;
use crate::common::quirks::nfs4::{self, Allow};

const REFUSALS: [Errno; 4] = [Errno::PERM, Errno::ACCESS, Errno::OPNOTSUPP, Errno::INVAL];

fn value(trial: &Trial, name: &str) -> Vec<u8> {
    let mut value = vec![0; 4096];
    let length = getxattr(trial.path(name), nfs4::NAME, value.as_mut_slice()).unwrap();
    value.truncate(length);
    value
}

/// Begins with a TARGET of this ACL; then ACLs behave like that. Returns its mode.
fn begin(trial: &Trial, way: &Way, acl: &[u8], then: Nfs4Acl) -> u32 {
    trial.begin(way.before());
    trial.set(|quirks| quirks.nfs4_acl = Some(Nfs4Acl::default()));
    setxattr(trial.path("f"), nfs4::NAME, acl, XattrFlags::empty()).unwrap();
    trial.set(|quirks| quirks.nfs4_acl = Some(then));
    trial.mode("f")
}

/// ACLs that say more than the mode.
fn acls(mode: u32) -> [Vec<u8>; 2] {
    let group = Allow { who: "staff@example.org", bits: 4, is_group: true };
    [nfs4::with_user(mode, "1234", 6), nfs4::acl(&[Allow { who: "OWNER@", bits: 6, is_group: false }, group])]
}

fn is_told_once(run: &Run) {
    assert!(run.says.lines().count() == 1 && run.warnings().len() == 1, "{run:?}");
    assert!(run.says.contains("cannot keep "), "{run:?}");
    assert!(run.says.contains(nfs4::NAME) || run.says.contains("access control list"), "{run:?}");
}

#[test]
fn an_acl_that_can_be_set_is_kept_in_each_way() {
    for trial in Trial::for_each_caller() {
        for chmod_resets in [false, true] {
            for way in &EXISTING {
                for acl in acls(0o640) {
                    let mode = begin(&trial, way, &acl, Nfs4Acl { set: None, chmod_resets });
                    let run = trial.run(way.args);
                    trial.is_done_in_silence(way, &run);
                    assert_eq!(value(&trial, "f"), acl, "{way:?}, a chmod resets it: {chmod_resets}");
                    assert_eq!(trial.mode("f"), mode, "{way:?}");
                }
            }
        }
    }
}

#[test]
fn where_an_acl_cannot_be_set_group_and_other_get_nothing() {
    for trial in Trial::for_each_caller() {
        for way in &EXISTING {
            for acl in acls(0o664) {
                begin(&trial, way, &acl, Nfs4Acl { set: Some(Errno::OPNOTSUPP), chmod_resets: false });
                let run = trial.run(way.args);
                trial.is_done(way, &run);
                is_told_once(&run);
                assert_eq!(format!("{:o}", trial.mode("f")), "600", "{way:?}");
            }
        }
    }
}

#[test]
fn whatever_the_refusal_and_the_mode_access_is_narrowed_and_told() {
    for trial in Trial::for_each_caller() {
        for errno in REFUSALS {
            for mode in [0o660, 0o755, 0o604, 0o777] {
                let refused = Nfs4Acl { set: Some(errno), chmod_resets: true };
                let way = &EXISTING[0];
                begin(&trial, way, &nfs4::with_user(mode, "1234", 6), refused);
                let run = trial.run(way.args);
                trial.is_done(way, &run);
                is_told_once(&run);
                assert_eq!(format!("{:o}", trial.mode("f")), format!("{:o}", mode & 0o700), "{mode:o}, {errno}");
                begin(&trial, way, &nfs4::with_user(mode, "1234", 6), refused);
                trial.is_done_in_silence(way, &trial.run(&["-q", "f"]));
                assert_eq!(format!("{:o}", trial.mode("f")), format!("{:o}", mode & 0o700), "{mode:o}, {errno}");
            }
        }
    }
}

#[test]
fn an_acl_that_says_what_the_mode_says_is_not_missed() {
    for trial in Trial::for_each_caller() {
        for way in &EXISTING {
            for mode in [0o640, 0o755, 0o600] {
                begin(&trial, way, &nfs4::trivial(mode), Nfs4Acl { set: Some(Errno::PERM), chmod_resets: true });
                let run = trial.run(way.args);
                trial.is_done_in_silence(way, &run);
                assert_eq!(format!("{:o}", trial.mode("f")), format!("{mode:o}"), "{way:?}");
            }
        }
    }
}

#[test]
fn a_new_file_has_no_acl_to_lose() {
    for trial in Trial::for_each_caller() {
        for set in [None, Some(Errno::PERM)] {
            let acl = Nfs4Acl { set, chmod_resets: true };
            trial.each(&ABSENT, |quirks| quirks.nfs4_acl = Some(acl), Trial::is_done_in_silence);
        }
    }
}

#[test]
fn a_mode_that_is_asked_for_wins_over_the_acl() {
    for trial in Trial::for_each_caller() {
        for set in [None, Some(Errno::PERM)] {
            let acl = nfs4::with_user(0o660, "1234", 6);
            begin(&trial, &EXISTING[0], &acl, Nfs4Acl { set, chmod_resets: false });
            let run = trial.run(&["--mode", "644", "f"]);
            assert_eq!((run.status, trial.mode("f")), (Some(0), 0o644), "{run:?}");
            assert_ne!(value(&trial, "f"), acl);
        }
    }
}

#[test]
fn what_stays_as_it_is_keeps_its_acl_without_a_word() {
    for trial in Trial::for_each_caller() {
        let acl = nfs4::with_user(0o664, "1234", 6);
        let mode = begin(&trial, &EXISTING[0], &acl, Nfs4Acl { set: Some(Errno::PERM), chmod_resets: true });
        std::fs::write(trial.behind("f"), "new\n").unwrap();
        let run = trial.run(&["--if-changed", "f"]);
        assert_eq!((run.status, run.says.as_str()), (Some(0), ""));
        assert_eq!((value(&trial, "f"), trial.mode("f")), (acl, mode));
    }
}

// The backup is a copy where it cannot be a link.
#[test]
fn a_backup_that_is_a_copy_is_narrowed_as_well() {
    for trial in Trial::for_each_caller() {
        let acl = nfs4::with_user(0o664, "1234", 6);
        begin(&trial, &EXISTING[0], &acl, Nfs4Acl { set: Some(Errno::PERM), chmod_resets: true });
        trial.set(|quirks| quirks.link = Some(Errno::PERM));
        let run = trial.run(&["--backup=simple", "f"]);
        assert_eq!(run.status, Some(0), "{run:?}");
        assert!(run.says.contains("cannot keep "), "{run:?}");
        assert_eq!((trial.mode("f"), trial.mode("f~")), (0o600, 0o600), "{run:?}");
        assert_eq!(trial.content("f~").as_deref(), Some("old\n"));
    }
}
