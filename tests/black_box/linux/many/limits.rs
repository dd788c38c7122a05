//! Groups: open files stay few, whatever the number and the size of the files.
//!
//! Rows: 110.

use std::fs::{self, File};

use super::{args, content, sources};
use crate::common::needs::needs;
use crate::common::strace::{Call, Strace};
use crate::common::{Scene, names_in, stderr};

fn all_new(scene: &Scene, count: usize) {
    assert!((0..count).all(|number| scene.text(format!("d/{number}")) == content(number)));
    assert_eq!(names_in(&scene.path("d")).len(), count);
}

#[test]
fn few_open_files_are_enough_for_many() {
    needs!(prlimit);
    let few = [&[][..], &["-C"], &["-b"], &["-C", "-b", "--append", "--no-lock"], &["--lock"]];
    // Copies elsewhere need more of them.
    let elsewhere = [&["-q", "--in-place"][..], &["-q", "--in-place", "-b"], &["--validate", "true", "-b"]];
    let cases = few.map(|options| (options, "--nofile=80")).into_iter();
    for (options, limit) in cases.chain(elsewhere.map(|options| (options, "--nofile=300"))) {
        let scene = Scene::new();
        let files = sources(&scene, 300);
        for number in 0..200 {
            scene.write(format!("d/{number}"), "");
        }
        let output = scene.through(&["prlimit", limit]).args(args(options, &files)).output().unwrap();
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{options:?}");
        for number in 0..300 {
            assert_eq!(scene.text(format!("d/{number}")), content(number), "{options:?}");
        }
    }
}

#[test]
fn open_files_are_bounded_whatever_the_number() {
    needs!(strace);
    let scene = Scene::new();
    let files = sources(&scene, 700);
    let traced = Strace::new(&scene, &args(&[], &files)).run();
    assert_eq!((traced.output.status.code(), stderr(&traced.output).as_str()), (Some(0), ""));
    let opened = traced.calls.all("openat", &[]).filter_map(Call::returned).max();
    assert!(opened < Some(600), "{opened:?}");
    all_new(&scene, 700);
    // A second time they are all replaced.
    let traced = Strace::new(&scene, &args(&[], &files)).run();
    let opened = traced.calls.all("openat", &[]).filter_map(Call::returned).max();
    assert!(traced.output.status.success() && opened < Some(900), "{opened:?}");
    all_new(&scene, 700);
}

#[test]
fn a_large_file_among_small_ones_is_a_group_of_its_own() {
    needs!(strace);
    let scene = Scene::new();
    let mut files = sources(&scene, 20);
    let large = File::create(scene.path("src/large")).unwrap();
    large.set_len(65 << 20).unwrap();
    files.insert(10, "src/large".to_owned());
    let traced = Strace::new(&scene, &args(&["--report"], &files)).run();
    assert_eq!((traced.output.status.code(), stderr(&traced.output).as_str()), (Some(0), ""));
    let report = String::from_utf8_lossy(&traced.output.stdout).into_owned();
    assert_eq!(report.lines().nth(10), Some("created large"));
    let named = |name: &str| traced.calls.at("linkat", &[&format!("\"{name}\"")]);
    // The ones before it are in place before it is staged, and it before those after it.
    let is_large = |at: &usize| traced.calls.0[*at].is("openat", &["src/large"]);
    let staged = (0..traced.calls.0.len()).find(is_large).unwrap();
    assert!(named("9") < staged && named("large") < named("10"));
    assert_eq!(fs::metadata(scene.path("d/large")).unwrap().len(), 65 << 20);
    fs::remove_file(scene.path("d/large")).unwrap();
    all_new(&scene, 20);
}

/// The limit is not all for this program.
#[test]
fn inherited_descriptors_make_groups_smaller() {
    needs!(bash);
    for options in [&[][..], &["-C", "-b"]] {
        let scene = Scene::new();
        let files = sources(&scene, 60);
        for number in 0..40 {
            scene.write(format!("d/{number}"), "");
        }
        // Some twenty are left.
        let script = "for fd in {20..240}; do eval \"exec $fd</dev/null\"; done; ulimit -n 250; exec \"$@\"";
        let output = scene.through(&["bash", "-c", script, "bash"]).args(args(options, &files)).output().unwrap();
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{options:?}");
        assert!((0..60).all(|number| scene.text(format!("d/{number}")) == content(number)));
    }
}

#[test]
fn ten_thousand_names_are_dealt_with() {
    let scene = Scene::new();
    sources(&scene, 1);
    let mut list = Vec::new();
    for number in 1..10_000 {
        list.extend_from_slice(format!("missing/{number}\0").as_bytes());
    }
    list.extend_from_slice(b"src/0\0");
    let output = scene.cmd().args(["-t", "d", "--files0-from=-"]).write_stdin(list).output().unwrap();
    assert!(stderr(&output).ends_with("10000 files: 9999 failed, 1 created\n"), "{:?}", output.status);
    all_new(&scene, 1);
}
