//! Writers that do not wait for each other.
//!
//! Rows: 57, 58, 65, 74.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use super::{tagged, writer_of};
use crate::common::events::{end_of, shell_status};
use crate::common::needs::{lacks, needs};
use crate::common::{Over, Scene, does, rounds};

/// Row 57: each file that appears is one writer's whole input.
#[test]
fn writers_without_the_lock_do_not_mix() {
    const LINES: usize = 30_000;
    needs!(open_files_give_way);
    for options in [&[][..], &["--validate", "exit 0"], &["-b"], &["-D"]] {
        for before in [true, false] {
            let scene = Scene::new();
            if before {
                scene.write("f", tagged(0, LINES));
            }
            let mut children: Vec<Child> = (0..12)
                .map(|_| scene.process().args(options).arg("f").stdin(Stdio::piped()).spawn().unwrap())
                .collect();
            // All of them a part at a time, so that each is in the midst while the others are.
            let mut inputs: Vec<_> = children.iter_mut().map(|child| child.stdin.take().unwrap()).collect();
            let contents: Vec<Vec<u8>> = (1..=12).map(|writer| tagged(writer, LINES)).collect();
            for part in 0..10 {
                let range = part * LINES..(part + 1) * LINES;
                for (input, content) in inputs.iter_mut().zip(&contents) {
                    input.write_all(&content[range.clone()]).unwrap();
                }
            }
            drop(inputs);
            for child in &mut children {
                assert_eq!(shell_status(end_of(child)), 0, "{options:?}");
            }
            assert!(writer_of(&scene.read("f"), LINES) > 0);
            let names = scene.names();
            assert!(names == ["f"] || options.contains(&"-b") && names == ["f", "f~"], "{options:?} {names:?}");
        }
    }
}

/// Starts writers whose COMMANDs print their numbers and have these statuses; returns how they ended.
fn race(scene: &Scene, count: usize, options: &[&str], status: impl Fn(usize) -> usize) -> Vec<i32> {
    let mut children: Vec<Child> = (1..=count)
        .map(|writer| {
            let command = does(&[&format!("print {writer}\n"), &format!("exit {}", status(writer))]);
            scene.process().args(options).arg("--").args(command).stderr(Stdio::null()).spawn().unwrap()
        })
        .collect();
    children.iter_mut().map(|child| shell_status(end_of(child))).collect()
}

#[test]
fn of_many_who_create_exactly_one_wins() {
    for options in [&["-n", "f"][..], &["-n", "--lock", "f"]] {
        for _ in 0..rounds(5) {
            let scene = Scene::new();
            let ends = race(&scene, 16, options, |_| 0);
            let winners: Vec<usize> = (1..=16).filter(|writer| ends[writer - 1] == 0).collect();
            assert!(ends.iter().all(|&end| end == 0 || end == 123), "{ends:?}");
            assert_eq!(winners.len(), 1, "{ends:?}");
            assert_eq!(scene.text("f"), format!("{}\n", winners[0]));
            assert_eq!(scene.names(), ["f"]);
        }
    }
}

/// Row 65: and nobody ever sees what a loser wrote.
#[test]
fn of_many_who_expect_the_same_content_exactly_one_wins() {
    const OLD: &str = "sha256:cba06b5736faf67e54b07b561eae94395e774c517a7d910a54369e1263ccfbd4";
    needs!(open_files_give_way);
    for _ in 0..rounds(5) {
        let scene = Scene::new();
        let path = scene.write("f", "old");
        let done = AtomicBool::new(false);
        let (ends, seen) = std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut seen = BTreeSet::new();
                while !done.load(Ordering::Relaxed) {
                    seen.insert(std::fs::read_to_string(&path).unwrap());
                }
                seen
            });
            let over = Over(&done);
            let ends = race(&scene, 16, &["--lock", "--if-match", OLD, "f"], |_| 0);
            drop(over);
            (ends, reader.join().unwrap())
        });
        let winners: Vec<usize> = (1..=16).filter(|writer| ends[writer - 1] == 0).collect();
        assert_eq!(winners.len(), 1, "{ends:?}");
        assert!(ends.iter().all(|&end| end == 0 || end == 123), "{ends:?}");
        let new = format!("{}\n", winners[0]);
        assert_eq!(scene.text("f"), new);
        assert!(seen.iter().all(|content| *content == "old" || *content == new), "{seen:?}");
    }
}

/// Row 74: what another writer's roll-back takes away is created again, and what others put there then is replaced.
#[test]
fn a_directory_that_is_taken_away_meanwhile_is_created_again() {
    const REMOVE: [&str; 3] = ["rmdir a/b/c", "rmdir a/b", "rmdir a"];
    const AGAIN: [&str; 4] = ["mkdir a", "mkdir a/b", "mkdir a/b/c", "write a/b/c/f other\n"];
    // Else the staging file is in it.
    needs!(unnamed_files);
    for (remove, again, mode) in [
        (&REMOVE[..], &[][..], &[][..]),
        (&REMOVE[..1], &[], &[]),
        (&REMOVE, &AGAIN, &[]),
        (&REMOVE, &AGAIN, &["mode a/b/c/f 604"]),
    ] {
        if !mode.is_empty() && lacks!(permissions) {
            continue;
        }
        let scene = Scene::new();
        let steps = [remove, again, mode, &["print new\n"]].concat();
        scene.cmd().args(["-D", "a/b/c/f", "--"]).args(does(&steps)).assert().success().stderr("");
        assert_eq!(scene.text("a/b/c/f"), "new\n", "{steps:?}");
        assert_eq!(crate::common::names_in(&scene.path("a/b/c")), ["f"]);
        assert!(mode.is_empty() || scene.mode("a/b/c/f") == 0o604);
        // Without --parents nothing is created.
        let scene = Scene::new();
        std::fs::create_dir_all(scene.path("a/b/c")).unwrap();
        let steps = [&REMOVE[..], &["print new\n"]].concat();
        scene.cmd().args(["a/b/c/f", "--"]).args(does(&steps)).assert().code(125);
        assert!(scene.names().is_empty());
    }
}

/// Row 74: and who says that it has written has.
#[test]
fn writers_that_fail_take_no_directory_from_those_that_succeed() {
    for options in [&["-D", "a/b/c/f"][..], &["-D", "--sync", "none", "a/b/c/f"]] {
        for _ in 0..rounds(10) {
            let scene = Scene::new();
            let ends = race(&scene, 16, options, |writer| writer % 2);
            // The directory may be gone before anything can be staged in it, which is a failure, and said so.
            for (writer, &end) in (1..).zip(&ends) {
                assert!(end == writer % 2 || end == 125, "{ends:?}");
            }
            if ends.contains(&0) {
                assert_eq!(scene.text("a/b/c/f").trim().parse::<usize>().unwrap() % 2, 0);
                assert_eq!(crate::common::names_in(&scene.path("a/b/c")), ["f"]);
            }
        }
    }
}
