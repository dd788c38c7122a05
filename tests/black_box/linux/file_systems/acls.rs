//! No ACLs, and attributes that cannot be listed. A refusal that changes nothing is no error.
//!
//! Rows: 79.

use rustix::io::Errno;

use super::{EXISTING, Trial, every_way};
use crate::common::quirks::{Change, Quirks, Quirky};

/// As exFAT, FAT and ntfs-3g are mounted: everything belongs to one user, everybody may do everything.
fn without_modes(quirks: &mut Quirks) {
    quirks.acl = Some(Errno::PERM);
    quirks.listxattr = Some(Errno::OPNOTSUPP);
    quirks.chown = Change::Refused(Errno::PERM);
    quirks.owner = Some((12, 13));
    quirks.mode = Some(0o777);
}

/// As sshfs: the server decides, and the owner that is shown is a number of its own.
fn remote(quirks: &mut Quirks) {
    quirks.acl = Some(Errno::PERM);
    quirks.listxattr = Some(Errno::OPNOTSUPP);
    quirks.chown = Change::Refused(Errno::PERM);
    quirks.owner = Some((12, 13));
}

#[test]
fn anothers_files_without_modes_and_acls_are_replaced_in_each_way() {
    for trial in Trial::for_each_caller() {
        for chmod in [Change::Ignored, Change::Refused(Errno::PERM)] {
            let quirks = |quirks: &mut Quirks| {
                without_modes(quirks);
                quirks.chmod = chmod;
            };
            trial.each(every_way(), quirks, Trial::is_done_in_silence);
        }
    }
}

#[test]
fn anothers_files_on_a_server_that_decides_are_replaced_in_each_way() {
    for trial in Trial::on(Quirky::permissive) {
        trial.each(every_way(), remote, |trial, way, run| {
            trial.is_done_in_silence(way, run);
            if way.target() == "f" {
                assert_eq!(trial.mode("f"), 0o640, "{way:?}");
            }
        });
    }
}

// A mode can be had there, though the file is another's.
#[test]
fn a_mode_is_set_on_a_server_that_decides() {
    for trial in Trial::on(Quirky::permissive) {
        for (target, options) in [("f", &["-m", "600"][..]), ("n", &["-m", "600"]), ("f", &["--edit", "-m", "600"])] {
            trial.begin(&["f"]);
            trial.set(remote);
            let command: &[&str] = if options.len() > 2 { &["--", "cat"] } else { &[] };
            let run = trial.run(&[options, &["--force", target], command].concat());
            assert_eq!((run.status, run.says.as_str()), (Some(0), ""), "{options:?}");
            assert_eq!(trial.mode(target), 0o600, "{options:?}");
        }
    }
}

#[test]
fn acls_that_cannot_be_removed_and_are_absent_do_not_matter() {
    for trial in Trial::for_each_caller() {
        for errno in [Errno::PERM, Errno::ACCESS, Errno::OPNOTSUPP] {
            trial.each(every_way(), |quirks| quirks.acl = Some(errno), Trial::is_done_in_silence);
            trial.begin(&["f"]);
            trial.set(|quirks| quirks.acl = Some(errno));
            for target in ["f", "n"] {
                let run = trial.run(&["-m", "604", target]);
                assert_eq!((run.status, run.says.as_str()), (Some(0), ""), "{target}, {errno}");
                assert_eq!(trial.mode(target), 0o604);
            }
        }
    }
}

// As rclone answers.
#[test]
fn attributes_that_cannot_be_listed_are_a_warning_at_most() {
    for trial in Trial::for_each_caller() {
        for errno in [Errno::IO, Errno::PERM, Errno::NOSYS] {
            trial.each(
                every_way(),
                |quirks| quirks.listxattr = Some(errno),
                |trial, way, run| {
                    trial.is_done(way, run);
                    let warnings = run.warnings().len();
                    assert!(warnings <= 1 && run.says.lines().count() == warnings, "{way:?}: {run:?}");
                    assert!(way.target() == "f" || warnings == 0, "{way:?}: {run:?}");
                },
            );
            for way in &EXISTING {
                trial.begin(way.before());
                trial.set(|quirks| quirks.listxattr = Some(errno));
                let run = trial.run(&[&["-q"], way.args].concat());
                trial.is_done_in_silence(way, &run);
            }
        }
    }
}
