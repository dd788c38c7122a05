//! What reads the old content to make the new takes its turn by itself.
//!
//! Rows: 58.

use std::process::Child;

use super::lost::at_once;
use crate::common::needs::needs;
use crate::common::{Scene, does, rounds};

/// Rounds of eight writers at once, without an option that asks for it; how they ended.
fn eight(start: impl Fn(usize) -> Child) -> Vec<i32> {
    (0..rounds(12)).flat_map(|round| at_once(8, |writer| start(round * 8 + writer))).collect()
}

#[test]
fn of_eight_who_append_no_line_is_lost() {
    needs!(open_files_give_way);
    for options in [&["--append"][..], &["-aC"], &["-a", "--validate", "exit 0"], &["-ab"]] {
        let scene = Scene::new();
        let ends = eight(|line| {
            let command = does(&[&format!("print {line}\n")]);
            scene.process().args(options).args(["f", "--"]).args(command).spawn().unwrap()
        });
        assert_eq!(ends, vec![0; ends.len()], "{options:?}");
        let mut lines: Vec<usize> = scene.text("f").lines().map(|line| line.parse().unwrap()).collect();
        lines.sort_unstable();
        assert_eq!(lines, (0..ends.len()).collect::<Vec<_>>(), "{options:?}");
    }
}

#[test]
fn of_eight_who_edit_no_change_is_lost() {
    needs!(open_files_give_way);
    for options in [&["--edit"][..], &["--edit", "--create"], &["-eC"]] {
        let scene = Scene::new();
        if !options.contains(&"--create") {
            scene.write("f", "0\n");
        }
        let started = scene.path("f").exists();
        let command = does(if started { &["increment"] } else { &["copy", "print x\n"] });
        let ends = eight(|_| scene.process().args(options).args(["f", "--"]).args(&command).spawn().unwrap());
        assert_eq!(ends, vec![0; ends.len()], "{options:?}");
        let counted = if started { scene.text("f").trim().parse().unwrap() } else { scene.text("f").lines().count() };
        assert_eq!(counted, ends.len(), "{options:?}");
        assert_eq!(scene.names(), ["f"]);
    }
}
