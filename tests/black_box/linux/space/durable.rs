//! The order of what makes it durable, and what a failing sync does.
//!
//! Rows: 9, 10, 11, 12, 13, 14, 15, 17.

use predicates::prelude::*;

use crate::common::needs::needs;
use crate::common::strace::{Strace, Traced, plain_calls};
use crate::common::{Disk, Scene, as_user, stderr};

const STAGED: &str = "#";

/// The calls that change a file's metadata.
const DRESSING: [&str; 7] = ["fchmod", "fchmodat", "fchown", "fchownat", "fsetxattr", "fremovexattr", "setxattr"];

fn status(traced: &Traced) -> Option<i32> {
    traced.output.status.code()
}

/// The sync of the staging file.
fn at_file_sync(what: &str) -> String {
    plain_calls().inject("fsync", &[STAGED], what)
}

/// The sync of the directory, the last of all.
fn at_directory_sync(what: &str) -> String {
    let calls = plain_calls();
    let last = calls.0.iter().rposition(|call| call.name == "fsync").unwrap();
    format!("fsync:{what}:when={}", calls.when(last))
}

// Rows 11, 12 and 13.
#[test]
fn a_replacement_gets_metadata_a_sync_its_name_and_its_directory_synced() {
    needs!(strace);
    let scene = Scene::with_old();
    scene.chmod("f", 0o640);
    let Traced { output, calls } = Strace::new(&scene, &["f"]).input("new").run();
    assert!(output.status.success());
    let directory = format!("<{}>", scene.root().display());
    calls.in_order(&[
        ("openat", &[&directory, "O_TMPFILE"]),
        ("pwrite64", &["new"]),
        ("fchmod", &["0640"]),
        ("fsync", &[STAGED]),
        ("linkat", &[&directory, ".aw-"]),
        ("renameat", &[".aw-", "\"f\""]),
        ("fsync", &[&directory]),
    ]);
    let synced = calls.at("fsync", &[STAGED]);
    let after = calls.0[synced..].iter().find(|call| DRESSING.contains(&call.name.as_str()));
    assert_eq!(after, None, "metadata after its sync");
    // Row 10: every error of writing shows on the descriptor that wrote.
    let (wrote, synced) = (calls.one("pwrite64", &["new"]).descriptor(), calls.0[synced].descriptor());
    assert_eq!(wrote, synced);
}

// Rows 11 and 13.
#[test]
fn a_new_target_is_synced_before_its_name_the_directory_after() {
    needs!(strace);
    let scene = Scene::new();
    let Traced { output, calls } = Strace::new(&scene, &["-m", "640", "f"]).input("new").run();
    assert!(output.status.success());
    let directory = format!("<{}>", scene.root().display());
    calls.in_order(&[
        ("pwrite64", &["new"]),
        ("fchmod", &["0640"]),
        ("fsync", &[STAGED]),
        ("linkat", &["\"f\""]),
        ("fsync", &[&directory]),
    ]);
    assert!(!calls.has("renameat", &[]), "no name is needed in between");
}

// Rows 11 and 13, where there are no unnamed files.
#[test]
fn a_named_file_is_synced_before_the_rename_its_directory_after() {
    needs!(strace);
    for old in [true, false] {
        let scene = if old { Scene::with_old() } else { Scene::new() };
        let run = Strace::new(&scene, &["f"]).input("new").without_unnamed("EOPNOTSUPP").run();
        assert!(run.output.status.success(), "{run:?}");
        let directory = format!("<{}>", scene.root().display());
        let rename = if old { "renameat" } else { "renameat2" };
        run.calls.in_order(&[
            ("openat", &["O_EXCL"]),
            ("pwrite64", &["new"]),
            ("fchmod", &[]),
            ("fsync", &[".aw-"]),
            (rename, &[".aw-", "\"f\""]),
            ("fsync", &[&directory]),
        ]);
        let synced = run.calls.at("fsync", &[".aw-"]);
        assert!(!run.calls.0[synced..].iter().any(|call| DRESSING.contains(&call.name.as_str())), "{run:?}");
        assert_eq!(scene.names(), ["f"]);
    }
}

#[test]
fn sync_file_leaves_the_directory_out_and_sync_none_syncs_nothing() {
    needs!(strace);
    for how in ["full", "file", "none"] {
        let scene = Scene::with_old();
        let run = Strace::new(&scene, &["--sync", how, "f"]).input("new").run();
        assert!(run.output.status.success());
        let directory = format!("<{}>", scene.root().display());
        let count = |what| run.calls.all("fsync", &[what]).count();
        // The staged file twice on btrfs.
        assert_eq!(run.calls.all("fsync", &[]).count(), count(STAGED) + count(&directory), "--sync {how}");
        assert_eq!(count(&directory), usize::from(how == "full"), "--sync {how}");
        for other in ["syncfs", "sync", "fdatasync"] {
            assert!(!run.calls.has(other, &[]), "--sync {how}: {other}");
        }
        assert_eq!(run.calls.has("fsync", &[STAGED]), how != "none", "--sync {how}");
    }
}

// Row 10.
#[test]
fn a_failed_sync_is_not_tried_again() {
    needs!(strace);
    for errno in ["EIO", "ENOSPC", "EDQUOT"] {
        let scene = Scene::with_old();
        let inode = scene.inode("f");
        let run = Strace::new(&scene, &["f"]).input("new").inject(at_file_sync(&format!("error={errno}"))).run();
        assert_eq!(status(&run), Some(1), "{run:?}");
        assert_eq!(run.calls.all("fsync", &[]).count(), 1, "{errno}");
        assert!(
            predicate::str::is_match("^atomic-write: f: sync: staging file in \\.: .* \\(unchanged\\)\n$")
                .unwrap()
                .eval(&stderr(&run.output))
        );
        assert_eq!((scene.text("f").as_str(), scene.inode("f"), scene.names()), ("old", inode, vec!["f".to_owned()]));
    }
}

// Rows 9 and 10, where there are no unnamed files.
#[test]
fn a_failed_sync_of_a_named_staging_file_removes_it() {
    needs!(strace);
    let scene = Scene::with_old();
    let run =
        Strace::new(&scene, &["f"]).input("new").without_unnamed("EOPNOTSUPP").inject("fsync:error=EIO:when=1").run();
    assert_eq!(status(&run), Some(1), "{run:?}");
    scene.has_only("f", "old");
}

#[test]
fn an_interrupted_sync_was_not_begun_and_is_made_again() {
    needs!(strace);
    for interrupted in [at_file_sync("error=EINTR"), at_directory_sync("error=EINTR")] {
        let scene = Scene::with_old();
        let run = Strace::new(&scene, &["f"]).input("new").inject(interrupted).run();
        assert_eq!(status(&run), Some(0));
        let made = run.calls.all("fsync", &[]).count();
        assert_eq!(made, plain_calls().all("fsync", &[]).count() + 1);
    }
}

// Row 14.
#[test]
fn a_failed_sync_of_the_directory_is_status_4_and_says_replaced() {
    needs!(strace);
    let says = "atomic-write: f: sync directory: I/O error (replaced, may not survive a power cut)\n";
    for (args, expected) in [(vec!["f"], 4), (vec!["f", "--", "echo", "-n", "new"], 121)] {
        let scene = Scene::with_old();
        let run = Strace::new(&scene, &args).input("new").inject(at_directory_sync("error=EIO")).run();
        assert_eq!(status(&run), Some(expected), "{run:?}");
        assert_eq!(stderr(&run.output), says);
        scene.has_only("f", "new");
        assert_eq!(run.calls.all("syncfs", &[]).count(), 0, "EIO is an answer, not a lack");
    }
}

// Row 14, of a new TARGET: it is there, whole.
#[test]
fn a_failed_sync_of_a_new_targets_directory_is_status_4() {
    needs!(strace);
    let scene = Scene::new();
    let run = Strace::new(&scene, &["f"]).input("new").inject(at_directory_sync("error=EIO")).run();
    assert_eq!(status(&run), Some(4), "{run:?}");
    assert_eq!(scene.text("f"), "new");
}

// Rows 14 and 48: TARGET is replaced, so what it did not keep is to be known.
#[test]
fn what_is_not_kept_is_told_with_status_4_too() {
    needs!(strace);
    let scene = Scene::with_old();
    std::fs::hard_link(scene.path("f"), scene.path("g")).unwrap();
    let run = Strace::new(&scene, &["f"]).input("new").inject(at_directory_sync("error=EIO")).run();
    assert_eq!(status(&run), Some(4), "{run:?}");
    let says = "atomic-write: f: warning: 1 other hard link still has the old content\n";
    assert!(stderr(&run.output).ends_with(&format!("power cut)\n{says}")), "{run:?}");
    assert!(!stderr(&run.output).contains("hint: had"), "{run:?}");
    // It is a warning, which nobody wants to hear with this.
    let scene = Scene::with_old();
    std::fs::hard_link(scene.path("f"), scene.path("g")).unwrap();
    let run = Strace::new(&scene, &["-q", "f"]).input("new").inject(at_directory_sync("error=EIO")).run();
    assert_eq!(status(&run), Some(4), "{run:?}");
    assert!(stderr(&run.output).ends_with("power cut)\n"), "{run:?}");
}

// Row 15.
#[test]
fn where_directories_cannot_be_synced_the_file_system_is() {
    needs!(strace);
    for errno in ["EINVAL", "EOPNOTSUPP"] {
        let scene = Scene::with_old();
        let run = Strace::new(&scene, &["f"]).input("new").inject(at_directory_sync(&format!("error={errno}"))).run();
        assert_eq!(status(&run), Some(0), "{run:?}");
        assert_eq!(stderr(&run.output), "");
        run.calls.in_order(&[("renameat", &[]), ("fsync", &[]), ("syncfs", &[])]);
        assert_eq!(run.calls.all("syncfs", &[]).count(), 1, "{run:?}");
    }
}

// Rows 14 and 15.
#[test]
fn if_that_fails_as_well_the_status_is_4() {
    needs!(strace);
    let scene = Scene::with_old();
    let run = Strace::new(&scene, &["f"])
        .input("new")
        .inject(at_directory_sync("error=EINVAL"))
        .inject("syncfs:error=EIO")
        .run();
    assert_eq!(status(&run), Some(4), "{run:?}");
    assert_eq!(scene.text("f"), "new");
}

// Row 15.
#[test]
fn an_unreadable_directory_is_synced_with_its_file_system() {
    needs!(strace);
    for old in [true, false] {
        let scene = Scene::new();
        scene.mkdir("d");
        if old {
            scene.write("d/f", "old");
            scene.give_to_user("d/f");
        }
        scene.give_to_user("d");
        scene.chmod("d", 0o300);
        let run = Strace::new(&scene, &["d/f"]).input("new").by(as_user()).run();
        scene.chmod("d", 0o700);
        assert_eq!(status(&run), Some(0), "{run:?}");
        assert_eq!(stderr(&run.output), "");
        let commit = if old { "renameat" } else { "linkat" };
        run.calls.in_order(&[("fsync", &[STAGED]), (commit, &["\"f\""]), ("syncfs", &[])]);
        assert_eq!(scene.text("d/f"), "new");
    }
}

// Row 17.
#[test]
fn btrfs_is_synced_again_after_the_commit_and_not_before() {
    needs!(root, strace, "mkfs.btrfs");
    let btrfs = Disk::new("btrfs", 128, "");
    for (how, again) in [("full", true), ("file", true), ("none", false)] {
        for name in ["new", "old"] {
            if name == "old" {
                btrfs.write("old", "old");
            }
            let run = Strace::new(&btrfs, &["--sync", how, name]).input("new").run();
            assert_eq!(status(&run), Some(0), "{run:?}");
            let linked = run.calls.0.iter().rposition(|call| call.name == "linkat").unwrap();
            let renamed = run.calls.0.iter().position(|call| call.name == "renameat");
            let (short, after) = run.calls.0[linked..].split_at(renamed.unwrap_or(linked) - linked);
            assert!(short.iter().all(|call| call.name != "fsync"), "--sync {how} {name}: {run:#?}");
            let directory = format!("<{}>", btrfs.root().display());
            let synced = after.iter().position(|call| call.name == "fsync" && !call.args.contains(&directory));
            assert_eq!(synced.is_some(), again, "--sync {how} {name}: {run:#?}");
            let last = after.iter().position(|call| call.is("fsync", &[&directory]));
            assert!(last.is_none_or(|last| synced.is_some_and(|synced| synced < last)), "{run:#?}");
            assert_eq!(run.calls.all("fsync", &[STAGED]).count() > 0, again);
            std::fs::remove_file(btrfs.path(name)).unwrap();
        }
    }
}

// Row 17, and exit 4: the name is there already.
#[test]
fn a_failure_of_that_second_sync_tells_that_target_is_replaced() {
    needs!(root, strace, "mkfs.btrfs");
    let btrfs = Disk::new("btrfs", 128, "");
    btrfs.write("old", "old");
    for (name, expected, content) in [("old", 4, "new"), ("new", 4, "new")] {
        let run = Strace::new(&btrfs, &[name]).input("new").inject("fsync:error=EIO:when=2").run();
        assert_eq!(status(&run), Some(expected), "{run:?}");
        assert_eq!(btrfs.text(name), content);
    }
    assert_eq!(btrfs.names(), ["new", "old"]);
}
