//! `-I` and `--tree`, with readers and with many writers.

use std::fs::{self, File};
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use rustix::fs::{Dir, Mode, OFlags, openat};
use rustix::io::Errno;

use crate::common::{Over, Scene, stderr};
use crate::crowd::{content, feed, is_whole};
use crate::{share, tell};

fn succeed(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
}

/// Row 62: what a command writes by name appears as a whole.
#[test]
fn readers_of_a_target_written_by_name_see_whole_contents_only() {
    let scene = Scene::new();
    let (writers, rounds) = (8, share(4, 40, 400));
    let target = scene.write("f", content(0, 0));
    let (done, reads) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let bytes = fs::read(&target).unwrap();
                    assert!(is_whole(&bytes), "torn: {} bytes", bytes.len());
                    reads.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        // The readers end with the writers, whatever becomes of those.
        let _over = Over(&done);
        thread::scope(|scope| {
            for writer in 0..writers {
                let scene = &scene;
                scope.spawn(move || {
                    for round in 0..rounds {
                        let mut command = scene.process();
                        // In several pieces.
                        let script = "head -c 4000 >\"$1\"; cat >>\"$1\"";
                        command.args(["-I", "{}", "f", "--", "sh", "-c", script, "sh", "{}"]);
                        let child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
                        let output = feed(child.unwrap(), &content(writer, round));
                        assert!(output.status.success(), "{}", stderr(&output));
                    }
                });
            }
        });
    });
    tell(&format!("{} writes by name, {} whole reads", writers * rounds, reads.into_inner()));
    assert_eq!(scene.names(), ["f"]);
}

/// Row 58: as with what a command prints.
#[test]
fn increments_by_name_under_the_lock_lose_none() {
    let scene = Scene::new();
    let (writers, each) = (20, share(2, 20, 200));
    scene.write("n", "0\n");
    thread::scope(|scope| {
        for _ in 0..writers {
            let scene = &scene;
            scope.spawn(move || {
                for _ in 0..each {
                    let mut command = scene.process();
                    let script = "read n <\"$1\"; echo $((n + 1)) >\"$1\"";
                    command.args(["--lock", "--edit", "-I", "{}", "n", "--", "sh", "-c", script, "sh", "{}"]);
                    succeed(&mut command);
                }
            });
        }
    });
    assert_eq!(scene.text("n"), format!("{}\n", writers * each));
    assert_eq!(scene.names(), ["n"]);
}

/// The names in a tree, of which half are in a directory.
const NAMES: [&str; 16] =
    ["a", "b", "c", "d", "e", "f", "g", "h", "sub/a", "sub/b", "sub/c", "sub/d", "sub/e", "sub/f", "sub/g", "sub/h"];

fn write_tree(scene: &Scene, top: &str, version: &str) {
    scene.mkdir(top);
    scene.mkdir(format!("{top}/sub"));
    for name in NAMES {
        scene.write(format!("{top}/{name}"), version);
    }
}

/// What was read through one open directory.
#[derive(Default)]
struct Pass {
    versions: Vec<String>,
}

impl Pass {
    /// What disappears meanwhile is left out.
    fn read(&mut self, directory: impl AsFd) {
        let entries = Dir::read_from(&directory).unwrap();
        for entry in entries {
            // A directory that has been removed has no entries any more.
            let Ok(entry) = entry else { return };
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let opened = openat(&directory, name, OFlags::RDONLY | OFlags::NOFOLLOW, Mode::empty());
            match opened.map(File::from) {
                Ok(opened) if opened.metadata().unwrap().is_dir() => self.read(&opened),
                Ok(mut file) => {
                    let mut text = String::new();
                    file.read_to_string(&mut text).unwrap();
                    self.versions.push(text);
                }
                Err(Errno::NOENT) => {}
                Err(errno) => panic!("{name:?}: {errno}"),
            }
        }
    }
}

/// Returns whether the tree was complete.
fn read_once(target: &Path) -> bool {
    let directory = File::open(target).expect("TARGET is never absent");
    let mut pass = Pass::default();
    pass.read(&directory);
    pass.versions.sort_unstable();
    let complete = pass.versions.len() == NAMES.len();
    pass.versions.dedup();
    assert!(pass.versions.len() <= 1, "versions in one tree: {:?}", pass.versions);
    // From the old tree everything disappears, but only once it is not TARGET any more.
    let is_current = fs::metadata(target).unwrap().ino() == directory.metadata().unwrap().ino();
    assert!(complete || !is_current, "something is missing in TARGET");
    complete
}

/// Whoever opens the directory gets one tree.
#[test]
fn readers_of_a_tree_see_one_version_only() {
    let scene = Scene::new();
    let exchanges = share(20, 500, 10_000);
    for (top, version) in [("d", "first"), ("one", "first"), ("two", "second")] {
        write_tree(&scene, top, version);
    }
    let target = scene.path("d");
    let (done, passes, whole) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    whole.fetch_add(usize::from(read_once(&target)), Ordering::Relaxed);
                    passes.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let _over = Over(&done);
        for number in 0..exchanges {
            let mut command = scene.process();
            // What reaches the disk is not the question here.
            command.args(["--sync=none", "--tree", "--from", ["two", "one"][number % 2], "d"]);
            succeed(&mut command);
        }
    });
    let (passes, whole) = (passes.into_inner(), whole.into_inner());
    tell(&format!("{exchanges} trees exchanged, {passes} passes of readers, {whole} of them complete"));
    assert!(whole > 0);
    assert_eq!(scene.names(), ["d", "one", "two"]);
}
