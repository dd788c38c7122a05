//! A rename or a link that is carried out and reported as failed is done.
//!
//! Rows: 25.

use rustix::io::Errno;

use super::{Trial, every_way};

#[test]
fn renames_that_happen_and_are_reported_as_failed_are_done() {
    for trial in Trial::for_each_caller() {
        // The kernel makes a rename of ESTALE once more, and then it is ENOENT.
        for errno in [Errno::IO, Errno::STALE] {
            trial.each(every_way(), |quirks| quirks.rename_reports = Some(errno), Trial::is_done_in_silence);
        }
    }
}

#[test]
fn renames_with_flags_that_happen_and_are_reported_as_failed_are_done() {
    for trial in Trial::for_each_caller() {
        trial.each(
            every_way(),
            |quirks| {
                quirks.rename_flags = true;
                quirks.rename_reports = Some(Errno::IO);
            },
            |trial, way, run| {
                // A trial that cannot be believed.
                let is_tried = way.args.contains(&"--no-clobber");
                if is_tried { trial.is_done_or_says_why(way, run) } else { trial.is_done_in_silence(way, run) }
            },
        );
    }
}

#[test]
fn links_that_happen_and_are_reported_as_failed_are_done() {
    for trial in Trial::for_each_caller() {
        for errno in [Errno::IO, Errno::STALE, Errno::EXIST] {
            trial.each(every_way(), |quirks| quirks.link_reports = Some(errno), Trial::is_done_or_says_why);
        }
    }
}
