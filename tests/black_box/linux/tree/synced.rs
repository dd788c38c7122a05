//! What is on the disk before what: the tree, its name, the removal of the old one.
//!
//! Rows: 105.

use crate::common::needs::needs;
use crate::common::strace::{Calls, Strace, Traced};
use crate::common::{Disk, Scene, names_in, stderr};
use crate::portable::tree::{made, make, tree, with_tree};

const SYNCS: [&str; 3] = ["fsync", "fdatasync", "syncfs"];

fn scene() -> Scene {
    let scene = with_tree();
    make(&scene, "src", "new");
    scene
}

fn run(scene: &Scene, args: &[&str]) -> Traced {
    let traced = Strace::new(scene, &[&["--tree", "--from", "src"], args].concat()).run();
    assert_eq!((traced.output.status.code(), stderr(&traced.output).as_str()), (Some(0), ""));
    traced
}

/// The path behind the descriptor of a sync, from the scene on.
fn synced(scene: &Scene, calls: &Calls) -> Vec<String> {
    let syncs = calls.0.iter().filter(|call| SYNCS.contains(&call.name.as_str()));
    let root = format!("{}/", scene.root().display());
    syncs
        .map(|call| {
            let path = call.args.split(['<', '>']).nth(1).unwrap();
            let path = path.strip_prefix(&root).unwrap_or(path);
            // Without the random name.
            let path =
                path.split_once('/').filter(|(first, _)| first.starts_with(".aw-")).map_or(path, |(_, rest)| rest);
            format!("{} {path}", call.name)
        })
        .collect()
}

#[test]
fn a_small_tree_is_synced_file_by_file_before_the_exchange() {
    needs!(strace, exchange);
    for backup in [false, true] {
        let scene = scene();
        let calls = run(&scene, if backup { &["-b", "d"] } else { &["d"] }).calls;
        let root = scene.root().display().to_string();
        let all = synced(&scene, &calls);
        assert_eq!(all, ["fsync d/f", "fsync d/sub/g", "fsync d/sub", "fsync d", "fsync d", &format!("fsync {root}")]);
        // Nothing is changed after it was synced.
        let exchange = calls.at("renameat2", &["\"d\"", "RENAME_EXCHANGE"]);
        let last_sync = calls.0[..exchange].iter().rposition(|call| call.name == "fsync").unwrap();
        for name in ["fchmod", "fchown", "fsetxattr", "utimensat", "mkdirat", "write"] {
            assert!(!calls.0[last_sync..exchange].iter().any(|call| call.name == name), "{name}");
        }
        let old = if backup { ("renameat2", &["\"d~\""][..]) } else { ("fsync", &[root.as_str()][..]) };
        calls.in_order(&[
            ("fsync", &["/d/sub/g>"]),
            ("renameat2", &["\"d\"", "RENAME_EXCHANGE"]),
            old,
            ("unlinkat", &[".aw-", "AT_REMOVEDIR"]),
        ]);
        let removal = |call: &crate::common::strace::Call| call.name == "unlinkat" && call.args.contains("/d>");
        let removed = calls.0.iter().position(removal);
        let parent = calls.at("fsync", &[&format!("<{root}>")]);
        assert!(exchange < parent && removed.is_none_or(|removed| parent < removed), "{calls:#?}");
        assert_eq!(removed.is_none(), backup);
    }
}

#[test]
fn a_new_directory_is_synced_in_the_same_order() {
    needs!(strace);
    let scene = scene();
    let calls = run(&scene, &["new"]).calls;
    let root = scene.root().display().to_string();
    let all = synced(&scene, &calls);
    assert_eq!(
        all,
        ["fsync new/f", "fsync new/sub/g", "fsync new/sub", "fsync new", "fsync new", &format!("fsync {root}")]
    );
    calls.in_order(&[
        ("fsync", &["/new>"]),
        ("renameat2", &["\"new\"", "NOREPLACE"]),
        ("fsync", &[&format!("<{root}>")]),
    ]);
}

#[test]
fn a_large_tree_is_synced_with_its_file_system_at_once() {
    needs!(root, strace, exchange);
    // With a journal, and without.
    let (journaled, other) = (Disk::new("ext4", 32, ""), Disk::new("ext2", 32, ""));
    for (disk, count, by_file) in [(&journaled, 61, true), (&journaled, 62, false), (&other, 62, true)] {
        let scene = Scene::on(disk.root());
        make(&scene, "d", "old");
        make(&scene, "src", "new");
        for number in 0..count {
            scene.write(format!("src/{number:03}"), "x");
        }
        let calls = run(&scene, &["d"]).calls;
        let (all, root) = (synced(&scene, &calls), scene.root().display().to_string());
        if by_file {
            assert_eq!(all.len(), count + 3 + 3, "{all:?}");
            assert!(!calls.has("syncfs", &[]));
        } else {
            assert_eq!(all, ["syncfs d", "fsync d", &format!("fsync {root}")]);
            calls.in_order(&[("syncfs", &[]), ("renameat2", &["\"d\"", "RENAME_EXCHANGE"])]);
        }
    }
}

#[test]
fn less_is_synced_where_less_is_asked_for() {
    needs!(strace, exchange);
    let scene = scene();
    let calls = run(&scene, &["--sync", "none", "d"]).calls;
    assert_eq!(synced(&scene, &calls), [""; 0]);
    let calls = run(&scene, &["--sync", "none", "new"]).calls;
    assert_eq!(synced(&scene, &calls), [""; 0]);
    let calls = run(&scene, &["--sync", "file", "newer"]).calls;
    assert_eq!(
        synced(&scene, &calls),
        ["fsync newer/f", "fsync newer/sub/g", "fsync newer/sub", "fsync newer", "fsync newer"]
    );
    // The old tree may not be removed before the name is there to stay.
    let calls = run(&scene, &["--sync", "file", "d"]).calls;
    let root = format!("fsync {}", scene.root().display());
    assert_eq!(synced(&scene, &calls).last(), Some(&root));
}

#[test]
fn a_sync_that_fails_before_the_exchange_changes_nothing() {
    needs!(strace, exchange);
    let plain = run(&scene(), &["d"]).calls;
    for (call, parts) in [("fsync", &["/d/f>"][..]), ("fsync", &["/d/sub>"]), ("fsync", &["/d>"])] {
        let scene = scene();
        let injection = plain.inject(call, parts, "error=EIO");
        let traced = Strace::new(&scene, &["--tree", "--from", "src", "d"]).inject(injection).run();
        assert_eq!(traced.output.status.code(), Some(1), "{parts:?}: {:?}", traced.output);
        assert!(stderr(&traced.output).contains("d: sync: "), "{:?}", traced.output);
        assert!(stderr(&traced.output).ends_with("I/O error (unchanged)\n"), "{:?}", traced.output);
        assert_eq!(
            (tree(&scene, "d"), names_in(scene.root())),
            (made("old"), ["d", "src"].map(str::to_owned).to_vec())
        );
    }
}

/// After a power cut the old tree may be TARGET.
#[test]
fn where_the_directory_cannot_be_synced_the_old_tree_is_kept() {
    needs!(strace, exchange);
    let plain = run(&scene(), &["d"]).calls;
    let scene = scene();
    let last = plain.0.iter().rposition(|call| call.name == "fsync").unwrap();
    let injection = format!("fsync:error=EIO:when={}+", plain.when(last));
    let traced =
        Strace::new(&scene, &["--tree", "--from", "src", "d"]).inject(injection).inject("syncfs:error=EIO").run();
    assert_eq!(traced.output.status.code(), Some(4), "{:?}", traced.output);
    let says = stderr(&traced.output);
    assert!(says.contains("d: sync directory: I/O error (replaced, may not survive a power cut)"), "{says}");
    let names = scene.names();
    let [private, d, src] = &names[..] else { panic!("{names:?}") };
    assert!(private.starts_with(".aw-") && d == "d" && src == "src", "{names:?}");
    assert!(says.contains(&format!("{private}/d")), "{says}");
    assert_eq!((tree(&scene, "d"), tree(&scene, &format!("{private}/d"))), (made("new"), made("old")));
}

/// Several files of a large tree are open at once, but not more than there may be.
#[test]
fn few_open_files_are_enough_for_a_large_tree() {
    needs!(prlimit, exchange);
    for limit in ["--nofile=24", "--nofile=40"] {
        let scene = scene();
        for number in 0..200 {
            scene.write(format!("src/{number}"), "x");
        }
        let output = scene.through(&["prlimit", limit]).args(["--tree", "--from", "src", "d"]).output().unwrap();
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{limit}");
        assert_eq!(names_in(&scene.path("d")).len(), 202);
    }
}
