//! What is refused before COMMAND runs.
//!
//! Rows: 101.

use super::{fails, made, make, run, tree, with_tree};
use crate::common::needs::needs;
use crate::common::{Scene, does, stderr};

#[test]
fn a_file_is_no_directory() {
    let scene = Scene::with_old();
    let inode = scene.inode("f");
    let says = "atomic-write: f: replace: is not a directory, and --tree replaces one (unchanged)\n";
    let output = run(&scene, &["f"], &["write ran x"]);
    assert_eq!((output.status.code(), stderr(&output).contains("no argument of COMMAND")), (Some(2), true));
    let output = run(&scene, &["f"], &["write {}/f new", "write ran x"]);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(125), says));
    scene.mkdir("src");
    let output = scene.cmd().args(["--tree", "--from", "src", "f"]).output().unwrap();
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(1), says));
    assert_eq!(
        (scene.text("f").as_str(), scene.inode("f"), scene.names()),
        ("old", inode, vec!["f".to_owned(), "src".to_owned()])
    );
}

#[test]
fn a_directory_without_the_means_is_refused() {
    // Where names can be exchanged, other tests say what happens.
    if !crate::common::needs::lacks_any(&[crate::common::needs::Need::Exchange]) {
        return;
    }
    let scene = with_tree();
    let output = run(&scene, &["d"], &["write {}/f new", "write ran x"]);
    fails(&scene, &output, 125, "cannot exchange two names");
}

#[test]
fn a_directory_that_holds_the_working_directory_is_refused() {
    needs!(exchange);
    for (from, target) in [("d", "../d"), ("d/sub", "../../d"), ("d/sub", "../../d/")] {
        let scene = with_tree();
        let mut command = scene.cmd();
        command.current_dir(scene.path(from)).args(["--tree", "-I", "{}", target, "--"]);
        let output = command.args(does(&["write {}/f new", "write ran x"])).output().unwrap();
        fails(
            &scene,
            &output,
            125,
            "replace: holds the working directory, which would be removed with the old tree (unchanged)",
        );
    }
}

#[test]
fn names_that_are_no_entry_of_a_directory_are_refused() {
    let scene = with_tree();
    for target in [".", "..", "/", "d/..", ""] {
        let output = run(&scene, &[target], &["write {}/f new", "write ran x"]);
        fails(&scene, &output, 125, "(unchanged)");
    }
}

#[test]
fn a_source_that_holds_target_is_refused() {
    let scene = with_tree();
    for (source, target) in [(".", "new"), ("d", "d/new"), ("d", "d/sub/new"), (".", "d"), ("d", "d/sub")] {
        if scene.path(target).exists() {
            needs!(exchange);
        }
        let output = scene.cmd().args(["--tree", "--from", source, target]).output().unwrap();
        fails(&scene, &output, 1, "replace: is in SOURCE, which would be copied into itself (unchanged)");
    }
}

#[test]
fn a_source_inside_target_is_refused() {
    needs!(exchange);
    let scene = with_tree();
    let output = scene.cmd().args(["--tree", "--from", "d/sub", "d"]).output().unwrap();
    fails(&scene, &output, 1, "d: replace: SOURCE is in TARGET, and would be removed with the old tree (unchanged)");
}

#[test]
fn a_source_that_is_no_directory_or_missing_is_told() {
    let scene = with_tree();
    let output = scene.cmd().args(["--tree", "--from", "none", "new"]).output().unwrap();
    fails(&scene, &output, 1, "new: open: none: ");
    let output = scene.cmd().args(["--tree", "--from", "d/f", "new"]).output().unwrap();
    fails(&scene, &output, 1, "new: open: d/f: ");
}

#[test]
fn an_empty_source_is_fine_unless_it_is_excluded() {
    let scene = with_tree();
    scene.mkdir("src");
    let output = scene.cmd().args(["--tree", "--non-empty", "--from", "src", "new"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert_eq!(stderr(&output), "atomic-write: new: non-empty: the new directory is empty (unchanged)\n");
    scene.cmd().args(["--tree", "--from", "src", "new"]).assert().success().stderr("");
    assert_eq!((tree(&scene, "new"), scene.names()), (vec![], ["d", "new", "src"].map(str::to_owned).to_vec()));
}

#[test]
fn a_parent_that_is_missing_is_told_before_the_command_runs() {
    let scene = with_tree();
    let output = run(&scene, &["none/new"], &["write {}/f new", "write ran x"]);
    fails(&scene, &output, 125, "none/new: ");
    make(&scene, "e", "old");
    assert_eq!(tree(&scene, "e"), made("old"));
}
