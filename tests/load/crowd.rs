//! Many at once.

use std::fs::{self, File};
use std::io::Write;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use crate::common::{Scene, stderr};
use crate::{share, staging_names, tell};

/// A content that shows when it is torn or mixed: one letter, and as long as its first bytes say.
pub(crate) fn content(writer: usize, round: usize) -> Vec<u8> {
    let letter = b'A' + u8::try_from(writer % 26).unwrap();
    let length = 100 + (writer * 7919 + round * 104_729) % 200_000;
    let mut bytes = format!("{length:08}").into_bytes();
    bytes.resize(length, letter);
    bytes
}

pub(crate) fn is_whole(bytes: &[u8]) -> bool {
    let length = bytes.get(..8).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    // All are alike when each is like the next: one comparison, so that a million reads take minutes.
    length == Some(bytes.len()) && bytes[9..] == bytes[8..bytes.len() - 1]
}

pub(crate) fn feed(mut child: Child, bytes: &[u8]) -> std::process::Output {
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    child.wait_with_output().unwrap()
}

/// Rows 57 and 62: every open finds one writer's whole input, and never nothing.
#[test]
fn readers_of_a_contended_target_see_whole_contents_only() {
    let scene = Scene::new();
    let (writers, rounds) = (64, share(2, 10, 200));
    let wanted = share(0, 50_000, 1_000_000);
    let target = scene.write("f", content(0, 0));
    let (done, reads) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) || reads.load(Ordering::Relaxed) < wanted {
                    let bytes = fs::read(&target).unwrap();
                    assert!(is_whole(&bytes), "torn: {} bytes", bytes.len());
                    reads.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let running: Vec<_> = (0..writers)
            .map(|writer| {
                let scene = &scene;
                scope.spawn(move || {
                    for round in 0..rounds {
                        let child = scene.process().arg("f").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
                        let output = feed(child.unwrap(), &content(writer, round));
                        assert!(output.status.success(), "{}", stderr(&output));
                    }
                })
            })
            .collect();
        let results: Vec<_> = running.into_iter().map(thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Relaxed);
        assert!(results.iter().all(Result::is_ok));
    });
    tell(&format!("{} writes, {} whole reads", writers * rounds, reads.into_inner()));
    assert_eq!(scene.names(), ["f"]);
}

/// Rows 58 and 59: with the lock no update is lost.
#[test]
fn increments_under_the_lock_lose_none() {
    let scene = Scene::new();
    let (writers, each) = (50, share(2, 20, 200));
    scene.write("n", "0\n");
    thread::scope(|scope| {
        for _ in 0..writers {
            let scene = &scene;
            scope.spawn(move || {
                for _ in 0..each {
                    let mut command = scene.process();
                    command.args(["--lock", "--edit", "n", "--", "sh", "-c", "read n; echo $((n + 1))"]);
                    let output = command.output().unwrap();
                    assert!(output.status.success(), "{}", stderr(&output));
                }
            });
        }
    });
    assert_eq!(scene.text("n"), format!("{}\n", writers * each));
    assert_eq!(scene.names(), ["n"]);
}

#[test]
fn a_thousand_files_at_once() {
    let scene = Scene::new();
    let count = share(200, 1000, 1000);
    let start = |number: usize| {
        let mut command = scene.process();
        command.arg(format!("f{number}")).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    // All of them wait for their input before the first gets any.
    let mut children: Vec<Child> = (0..count).map(start).collect();
    for (number, child) in children.iter_mut().enumerate() {
        child.stdin.take().unwrap().write_all(number.to_string().as_bytes()).unwrap();
    }
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    }
    assert_eq!(scene.names().len(), count);
    assert!((0..count).all(|number| scene.text(format!("f{number}")) == number.to_string()));
}

/// Created, replaced and backed up among many others.
#[test]
fn a_directory_with_a_hundred_thousand_entries() {
    let scene = Scene::new();
    let count = share(5000, 20_000, 100_000);
    for number in 0..count {
        File::create(scene.path(format!("entry{number}"))).unwrap();
    }
    for options in [&[][..], &[], &["--backup=numbered"], &["--backup=numbered"], &["--lock", "--if-changed"]] {
        scene.cmd().args(options).arg("f").write_stdin(format!("{options:?}")).assert().success().stderr("");
    }
    assert_eq!(staging_names(scene.root()), [""; 0]);
    // TARGET and two backups.
    assert_eq!(fs::read_dir(scene.root()).unwrap().count(), count + 3);
}
