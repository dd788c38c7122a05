//! A link that is made and removed again stays in the count of links for a while, and the next run warns of hard links that
//! are not there.
//!
//! Rows: 89.

use rustix::io::Errno;

use super::{ABSENT, Trial, every_way};
use crate::common::needs::needs;
use crate::common::{Mounted, Scene};

const WARNING: &str = "other hard link";

#[test]
fn a_second_run_does_not_warn_of_removed_links() {
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
fn bindfs_itself_makes_nobody_warn_of_links_that_are_gone() {
    needs!(root, bindfs);
    let scene = Scene::new();
    let options = ["-t", "fuse.bindfs", "-o", "attr_timeout=60,entry_timeout=60"];
    let behind = scene.mkdir("behind");
    let bound = Mounted::with(&scene, "bound", &[&options[..], &[behind.to_str().unwrap()]].concat());
    for first in [&["n"][..], &["--no-clobber", "n"], &["--backup", "n"], &["--append", "n"]] {
        for args in [first, &["n"], &["n"]] {
            let mut command = scene.cmd();
            command.current_dir(bound.path()).args(args).write_stdin("new").assert().success().stderr("");
        }
        std::fs::remove_file(bound.path().join("n")).unwrap();
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
        // What must not be replaced needs one or the other.
        let without_flags =
            every_way().filter(|way| way.backup != Some("f.~1~") && !way.args.contains(&"--no-clobber"));
        trial.each(without_flags, |quirks| quirks.link = Some(Errno::PERM), Trial::is_done_in_silence);
    }
}

// Nothing says that its number is free. What is then said of TARGET is true all the same.
#[test]
fn a_numbered_backup_without_flags_and_links_works_or_says_why() {
    for trial in Trial::for_each_caller() {
        for way in every_way().filter(|way| way.backup == Some("f.~1~")) {
            trial.begin(way.before());
            let before = trial.inode("f");
            trial.set(|quirks| quirks.link = Some(Errno::PERM));
            let run = trial.run(way.args);
            trial.is_done_or_says_why(way, &run);
            assert!(run.status == Some(0) || trial.inode("f") == before, "{run:?}");
        }
    }
}
