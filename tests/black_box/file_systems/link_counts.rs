//! Row 89: a link that is made and removed again stays in the count of links for a while, and the next run warns of hard
//! links that are not there.

use rustix::io::Errno;

use super::{ABSENT, Trial, every_way};

const WARNING: &str = "(hard links)";

#[test]
fn a_second_run_does_not_warn_of_links_that_the_first_one_removed() {
    for trial in Trial::for_each_caller() {
        for first in &ABSENT {
            trial.begin(&["source"]);
            trial.set(|quirks| quirks.stale_link_counts = true);
            for args in [first.args, &["n"], &["--edit", "n", "--", "sed", "s/new/newer/"], &["--append", "n"]] {
                let run = trial.run(args);
                assert_eq!((run.status, run.says.as_str()), (Some(0), ""), "{args:?} after {:?}", first.args);
            }
            assert_eq!(trial.names(), ["n", "source"], "{:?}", first.args);
        }
    }
}

#[test]
fn runs_with_backups_do_not_warn_of_links_that_they_removed() {
    let runs: [&[&str]; 6] = [
        &["--backup=simple", "f"],
        &["--backup=simple", "f"],
        &["f"],
        &["--backup=numbered", "f"],
        &["--backup=numbered", "f"],
        &["f"],
    ];
    for trial in Trial::for_each_caller() {
        trial.begin(&["f"]);
        trial.set(|quirks| quirks.stale_link_counts = true);
        for args in runs {
            let run = trial.run(args);
            assert_eq!((run.status, run.says.as_str()), (Some(0), ""), "{args:?}");
        }
        assert_eq!(trial.names(), ["f", "f.~1~", "f.~2~", "f~"]);
    }
}

#[test]
fn links_that_are_there_are_warned_of() {
    for trial in Trial::for_each_caller() {
        std::fs::hard_link(trial.path("f"), trial.path("g")).unwrap();
        trial.set(|quirks| quirks.stale_link_counts = true);
        let run = trial.run(&["f"]);
        assert_eq!(run.status, Some(0), "{run:?}");
        assert!(run.says.contains(WARNING) && run.warnings().len() == 1, "{run:?}");
    }
}

// Where renames have flags, not even `--no-clobber` needs a link.
#[test]
fn where_a_rename_does_no_link_is_made() {
    for trial in Trial::for_each_caller() {
        trial.each(
            every_way(),
            |quirks| {
                quirks.rename_flags = true;
                quirks.link = Some(Errno::PERM);
            },
            Trial::is_done_in_silence,
        );
        let without_flags = every_way().filter(|way| !way.args.contains(&"--no-clobber"));
        trial.each(without_flags, |quirks| quirks.link = Some(Errno::PERM), Trial::is_done_in_silence);
    }
}
