//! `ATOMIC_WRITE_SYNC`, the default for `--sync`. What `--backup` reads of the environment is tested with it.
//!
//! Rows: none.

use std::ffi::OsStr;
use std::process::Output;

use crate::common::system::argument;
use crate::common::{Scene, stderr};

fn run(scene: &Scene, options: &[&str], word: &OsStr) -> Output {
    scene.cmd().args(options).arg("f").env("ATOMIC_WRITE_SYNC", word).write_stdin("new").output().unwrap()
}

#[test]
fn a_word_of_sync_or_none_at_all() {
    for word in ["full", "file", "none", ""] {
        let scene = Scene::with_old();
        let output = run(&scene, &[], word.as_ref());
        assert!(output.status.success() && output.stderr.is_empty(), "{word}: {output:?}");
        scene.has_only("f", "new");
    }
}

#[test]
fn another_word_is_a_usage_error_that_names_the_variable() {
    for word in ["all", "Full", "none ", "full,none", "0"] {
        for options in [&[][..], &["-C"]] {
            let scene = Scene::with_old();
            let output = run(&scene, options, word.as_ref());
            let words = format!("atomic-write: invalid ATOMIC_WRITE_SYNC '{word}' (choose from full, file, none)\n");
            assert!(output.status.code() == Some(2) && stderr(&output).starts_with(&words), "{output:?}");
            scene.has_only("f", "old");
        }
    }
    let Some(word) = argument(b"\xff\x1b") else { return };
    let output = run(&Scene::new(), &[], &word);
    assert!(stderr(&output).starts_with("atomic-write: invalid ATOMIC_WRITE_SYNC '"), "{output:?}");
    assert!(stderr(&output).contains(r"\xff\x1b"), "{output:?}");
}

#[test]
fn what_is_wrong_does_not_matter_where_the_option_is_given() {
    let scene = Scene::with_old();
    assert!(run(&scene, &["--sync", "file"], "all".as_ref()).status.success());
}
