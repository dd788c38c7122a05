//! What is on the disk before what.
//!
//! Rows: 109.

use std::fs;

use super::{args, sources, with_unwritten};
use crate::common::needs::needs;
use crate::common::strace::{Call, Calls, Strace};
use crate::common::{Disk, Mounted, Scene, stderr};

const SYNCS: [&str; 3] = ["fsync", "fdatasync", "syncfs"];

/// Where the system has nothing else to write, as far as can be seen.
fn run_at_rest(scene: &Scene, args: &[&str]) -> Calls {
    let launcher = with_unwritten(scene, 0);
    succeeded(&Strace::new(scene, args).by(&launcher.each_ref().map(String::as_str)))
}

fn run(scene: &Scene, args: &[&str]) -> Calls {
    succeeded(&Strace::new(scene, args))
}

fn succeeded(strace: &Strace<'_>) -> Calls {
    let traced = strace.run();
    assert_eq!((traced.output.status.code(), stderr(&traced.output).as_str()), (Some(0), ""));
    traced.calls
}

/// Gives a file in the directory its name, or a short one.
fn names(call: &Call) -> bool {
    let is_trial = call.name == "linkat" && call.quoted() == "." || call.args.contains("\".\"");
    ["linkat", "renameat", "renameat2"].contains(&call.name.as_str()) && !is_trial && call.succeeded()
}

fn positions(calls: &Calls, is: impl Fn(&Call) -> bool) -> Vec<usize> {
    (0..calls.0.len()).filter(|&at| is(&calls.0[at])).collect()
}

/// The syncs, those of the directory aside, and those of the directory.
fn syncs(calls: &Calls) -> [Vec<usize>; 2] {
    let of_directory = |call: &Call| call.name == "fsync" && call.args.ends_with("/d>");
    let is_sync = |call: &Call| SYNCS.contains(&call.name.as_str());
    [positions(calls, |call| is_sync(call) && !of_directory(call)), positions(calls, of_directory)]
}

#[test]
fn few_files_are_synced_each_before_any_has_a_name() {
    needs!(strace);
    for count in [1, 2, 7] {
        let scene = Scene::new();
        let files = sources(&scene, count);
        scene.write("d/0", "old");
        let calls = run(&scene, &args(&[], &files));
        let ([mut syncs, of_directory], names) = (syncs(&calls), positions(&calls, names));
        // On btrfs once more with the name.
        syncs.retain(|sync| *sync < names[0]);
        assert_eq!((syncs.len(), of_directory.len()), (count, 1), "{calls:#?}");
        assert!(syncs.iter().all(|&at| calls.0[at].name == "fsync"), "{calls:#?}");
        assert!(names.len() >= count && syncs.last() < names.first(), "{calls:#?}");
        assert!(names.last() < of_directory.first(), "{calls:#?}");
    }
}

#[test]
fn many_files_are_synced_by_one_call_for_their_file_system() {
    needs!(root, strace, mount_namespaces, "mkfs.xfs", "mkfs.btrfs");
    for (kind, size) in [("ext4", 32), ("xfs", 300), ("btrfs", 120)] {
        let disk = Disk::new(kind, size, "");
        for count in [8, 20] {
            let scene = Scene::on(disk.root());
            let files = sources(&scene, count);
            scene.write("d/0", "old");
            let calls = run_at_rest(&scene, &args(&[], &files));
            let ([syncs, of_directory], names) = (syncs(&calls), positions(&calls, names));
            let [sync] = syncs[..] else { panic!("{kind}: {syncs:?} {calls:#?}") };
            assert_eq!((calls.0[sync].name.as_str(), of_directory.len()), ("syncfs", 1), "{kind}: {calls:#?}");
            assert!(
                names.len() >= count && Some(&sync) < names.first() && names.last() < of_directory.first(),
                "{kind}"
            );
        }
    }
}

/// Metadata belongs to what is synced.
#[test]
fn metadata_is_set_before_the_sync() {
    needs!(strace);
    let scene = Scene::new();
    let files = sources(&scene, 9);
    for number in 0..9 {
        scene.write(format!("d/{number}"), "old");
        scene.chmod(format!("d/{number}"), 0o640);
    }
    let calls = run(&scene, &args(&[], &files));
    let first = positions(&calls, |call| SYNCS.contains(&call.name.as_str()))[0];
    let changes = ["fchmod", "fchown", "fsetxattr", "fremovexattr", "copy_file_range", "pwrite64", "write"];
    let changes = positions(&calls, |call| changes.contains(&call.name.as_str()) && call.args.contains("/d"));
    assert!(changes.len() >= 18 && changes.last() < Some(&first), "{calls:#?}");
}

#[test]
fn each_group_is_synced_before_its_names_and_the_directory_once() {
    needs!(root, strace, mount_namespaces);
    let disk = Disk::new("ext4", 64, "");
    let files = sources(&disk, 300);
    let calls = run_at_rest(&disk, &args(&[], &files));
    let ([syncs, of_directory], names) = (syncs(&calls), positions(&calls, names));
    let [one, other] = syncs[..] else { panic!("{syncs:?}") };
    assert_eq!((names.len(), of_directory.len()), (300, 1));
    assert_eq!(names.iter().filter(|&&at| at < other).count(), 256);
    assert!(one < names[0] && other < names[256] && names[299] < of_directory[0]);
}

/// They are synced there, each by itself.
#[test]
fn targets_behind_links_are_synced_where_they_are() {
    needs!(root, strace);
    let scene = Scene::new();
    let files = sources(&scene, 10);
    scene.mkdir("near");
    let far = Mounted::image(&scene, "ext4", 16, "");
    let far_name = far.path().file_name().unwrap().to_str().unwrap();
    fs::write(far.path().join("old"), "old").unwrap();
    for (to, name) in
        [("../near/x", "d/0"), (&format!("../{far_name}/old"), "d/1"), (&format!("../{far_name}/new"), "d/2")]
    {
        scene.symlink(to, name);
    }
    let calls = run(&scene, &args(&[], &files));
    for (directory, name, count) in [("near", "x", 1), (far_name, "old", 2), (far_name, "new", 2)] {
        let path = format!("/{directory}>");
        let syncs = positions(&calls, |call| call.name == "fsync" && call.args.ends_with(&path));
        assert_eq!(syncs.len(), count, "{directory}: {calls:#?}");
        let mut file = positions(&calls, |call| call.name == "fsync" && call.args.contains(&format!("/{directory}/")));
        let named = positions(&calls, |call| names(call) && call.args.contains(&format!("\"{name}\"")));
        file.retain(|sync| *sync < named[0]);
        assert_eq!(file.len(), count, "{name}: {calls:#?}");
        assert!(named.last() < syncs.last(), "{name}");
    }
    assert_eq!(fs::read_to_string(far.path().join("old")).unwrap(), "new 1");
    assert_eq!(scene.text("near/x"), "new 0");
}

#[test]
fn sync_file_leaves_the_directory_out_and_none_everything() {
    needs!(root, strace, mount_namespaces);
    let disk = Disk::new("ext4", 32, "");
    for (how, expected) in [("file", 1), ("none", 0)] {
        for by_environment in [false, true] {
            let scene = Scene::on(disk.root());
            let files = sources(&scene, 12);
            let calls = if by_environment {
                let environment = ["env".to_owned(), format!("ATOMIC_WRITE_SYNC={how}")];
                let launcher = [&with_unwritten(&scene, 0)[..], &environment].concat();
                let launcher: Vec<&str> = launcher.iter().map(String::as_str).collect();
                succeeded(&Strace::new(&scene, &args(&[], &files)).by(&launcher))
            } else {
                run_at_rest(&scene, &args(&["--sync", how], &files))
            };
            let [syncs, of_directory] = syncs(&calls);
            assert_eq!((syncs.len(), of_directory.len()), (expected, 0), "{how}");
        }
    }
}

#[test]
fn a_dry_run_syncs_and_names_nothing() {
    needs!(strace);
    let scene = Scene::new();
    let files = sources(&scene, 12);
    let calls = run(&scene, &args(&["--dry-run"], &files));
    assert!(positions(&calls, names).is_empty(), "{calls:#?}");
    assert!(!calls.has("syncfs", &[]), "{calls:#?}");
}
