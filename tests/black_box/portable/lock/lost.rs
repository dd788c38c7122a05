//! Many at once: no update is lost, no two hold the lock.
//!
//! Rows: 58, 59.

use std::process::Child;

use crate::common::events::{end_of, shell_status};
use crate::common::needs::{lacks, needs};
use crate::common::{Scene, does, rounds};

/// Starts `count` writers at once; returns how they ended.
pub fn at_once(count: usize, start: impl Fn(usize) -> Child) -> Vec<i32> {
    let mut children: Vec<Child> = (0..count).map(start).collect();
    children.iter_mut().map(|child| shell_status(end_of(child))).collect()
}

fn increment(scene: &Scene, name: &str) -> Child {
    scene.process().args(["--edit", "--lock", name, "--"]).args(does(&["increment"])).spawn().unwrap()
}

#[test]
fn fifty_concurrent_increments_lose_none() {
    needs!(open_files_give_way);
    let scene = Scene::new();
    scene.write("counter", "0\n");
    let link = if lacks!(symlinks) { "counter" } else { "link" };
    if link == "link" {
        scene.symlink("counter", link);
    }
    for round in 1..=rounds(3) {
        let ends = at_once(50, |number| increment(&scene, if number % 5 == 0 { link } else { "counter" }));
        assert_eq!(ends, [0; 50]);
        assert_eq!(scene.text("counter"), format!("{}\n", round * 50));
    }
    assert!(scene.names().iter().all(|name| name == "counter" || name == link));
}

/// Of a file that is not there, all begin at once.
#[test]
fn no_line_is_lost_of_a_file_that_all_create() {
    needs!(open_files_give_way);
    for _ in 0..rounds(8) {
        let scene = Scene::new();
        let ends = at_once(20, |number| {
            let command = does(&[&format!("print {number}\n")]);
            scene.process().args(["--append", "--lock", "f", "--"]).args(command).spawn().unwrap()
        });
        assert_eq!(ends, [0; 20]);
        let mut lines: Vec<usize> = scene.text("f").lines().map(|line| line.parse().unwrap()).collect();
        lines.sort_unstable();
        assert_eq!(lines, (0..20).collect::<Vec<_>>());
        assert_eq!(scene.names(), ["f"]);
    }
}

#[test]
fn no_two_locks_overlap() {
    needs!(open_files_give_way);
    for before in [true, false] {
        let scene = Scene::new();
        if before {
            scene.write("f", "old");
        }
        // Whoever finds the mark of another fails.
        let command = does(&["mkdir busy", "pause", "rmdir busy", "print new\n"]);
        let ends = at_once(20, |_| scene.process().args(["--lock", "f", "--"]).args(&command).spawn().unwrap());
        assert_eq!(ends, [0; 20]);
        assert_eq!(scene.names(), ["f"]);
    }
}
