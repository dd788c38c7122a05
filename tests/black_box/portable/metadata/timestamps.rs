//! `--preserve-timestamps`.
//!
//! Rows: none.

use std::fs::{FileTimes, Metadata, OpenOptions, metadata};
use std::time::{Duration, SystemTime};

use crate::common::Scene;
#[cfg(unix)]
use crate::common::needs::needs;
use crate::portable::interface::usage;

/// Gives a file times long ago, `seconds` apart from others.
fn age(scene: &Scene, name: &str, seconds: u64) {
    let long_ago = SystemTime::UNIX_EPOCH + Duration::new(1_000_000_000 + seconds, 123_456_700);
    let times = FileTimes::new().set_accessed(long_ago).set_modified(long_ago + Duration::from_secs(100));
    OpenOptions::new().write(true).open(scene.path(name)).unwrap().set_times(times).unwrap();
}

/// Times of modification and access.
fn times(found: &Metadata) -> (SystemTime, SystemTime) {
    (found.modified().unwrap(), found.accessed().unwrap())
}

fn times_of(scene: &Scene, name: &str) -> (SystemTime, SystemTime) {
    times(&metadata(scene.path(name)).unwrap())
}

/// `f`, and `source` with other content and times long ago.
fn scene() -> Scene {
    let scene = Scene::with_old();
    scene.write("source", "new");
    age(&scene, "source", 0);
    scene
}

#[test]
fn a_copy_has_the_times_of_its_source() {
    for options in [
        &[][..],
        &["--in-place"],
        &["-C"],
        &["-m", "644"],
        &["--sync", "none"],
        &["--validate", "exit 0"],
        &["--backup=simple"],
        &["--lock"],
    ] {
        let scene = scene();
        let before = times_of(&scene, "source");
        for target in ["f", "created"] {
            age(&scene, "source", 0);
            let words = ["--preserve-timestamps", "--from", "source", target];
            scene.cmd().args(options).args(words).assert().success().stderr("");
            let found = metadata(scene.path(target)).unwrap();
            assert_eq!(times(&found).0, before.0, "{options:?} {target}");
            // By Wine, the access time that SOURCE shows once it is open is a new one.
            assert!(cfg!(windows) || times(&found).1 == before.1, "{options:?} {target}: {found:?}");
            assert_eq!(scene.text(target), "new");
        }
    }
}

/// The contract: what has the content is left alone.
#[test]
fn times_alone_are_no_change() {
    let scene = scene();
    scene.write("f", "new");
    age(&scene, "f", 5000);
    let before = times_of(&scene, "f").0;
    let copy = || {
        let words = ["-C", "--report", "--preserve-timestamps", "--from", "source", "f"];
        String::from_utf8(scene.cmd().args(words).output().unwrap().stdout).unwrap()
    };
    assert_eq!(copy(), "unchanged\n");
    assert_eq!(times_of(&scene, "f").0, before);
    scene.write("source", "newer");
    age(&scene, "source", 7000);
    assert_eq!(copy(), "replaced\n");
    assert_ne!(times_of(&scene, "f").0, before);
    assert_eq!(times_of(&scene, "f").0, times_of(&scene, "source").0);
}

#[test]
fn there_must_be_a_source() {
    let says = "--preserve-timestamps keeps SOURCE's times, so it needs --from SOURCE";
    for words in [
        &["f"][..],
        &["--from", "-", "f"],
        &["f", "--", "echo"],
        &["-e", "f", "--", "cat"],
        &["--tree", "-I", "{}", "f", "--", "touch", "{}"],
    ] {
        usage(&[&["--preserve-timestamps"], words].concat(), says);
    }
    let says = "--preserve-timestamps is for a copy of SOURCE, and --append makes none";
    usage(&["--preserve-timestamps", "-a", "--from", "src", "f"], says);
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_has_none_to_keep() {
    let scene = Scene::with_old();
    let says = "atomic-write: f: preserve timestamps: SOURCE is not a regular file (unchanged)\n";
    scene.cmd().args(["--preserve-timestamps", "--from", "/dev/null", "f"]).assert().code(1).stderr(says);
    scene.has_only("f", "old");
}

/// What is in it has them anyway.
#[cfg(unix)]
#[test]
fn a_tree_and_all_in_it_has_the_sources_times() {
    needs!(exchange);
    let scene = Scene::new();
    scene.mkdir("source");
    scene.mkdir("source/inner");
    scene.write("source/inner/x", "new");
    let age_directory = |name: &str| {
        let long_ago = SystemTime::UNIX_EPOCH + Duration::new(1_000_000_000, 123_456_700);
        let open = std::fs::File::open(scene.path(name)).unwrap();
        open.set_times(FileTimes::new().set_accessed(long_ago).set_modified(long_ago)).unwrap();
    };
    for _new_then_old in 0..2 {
        for name in ["source/inner/x", "source/inner", "source"] {
            age_directory(name);
        }
        let before = ["", "/inner", "/inner/x"].map(|inside| times_of(&scene, &format!("source{inside}")));
        let words = ["--preserve-timestamps", "--tree", "--from", "source", "d"];
        scene.cmd().args(words).assert().success().stderr("");
        let after = ["", "/inner", "/inner/x"].map(|inside| metadata(scene.path(format!("d{inside}"))).unwrap());
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(after.modified().unwrap(), before.0);
        }
        // Directories are read by the sync.
        assert_eq!(after[2].accessed().unwrap(), before[2].1);
    }
}
