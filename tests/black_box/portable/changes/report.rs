//! `--report`: one word on standard output, for those who reload only what changed.
//!
//! Rows: none.

use crate::common::needs::needs;
use crate::common::{Scene, does, stderr};

#[test]
fn one_word_tells_what_became_of_the_target() {
    let scene = Scene::new();
    let run = |options: &[&str], input: &str, word: &str| {
        let assert = scene.cmd().arg("--report").args(options).arg("f").write_stdin(input).assert();
        assert.success().stdout(format!("{word}\n")).stderr("");
    };
    run(&[], "one", "created");
    run(&[], "one", "replaced");
    run(&["-C"], "one", "unchanged");
    run(&["-C"], "two", "replaced");
    run(&["-b", "--lock"], "three", "replaced");
    run(&["-C", "--sync", "none"], "three", "unchanged");
    let command = |args: &[&str], steps: &[&str]| scene.cmd().args(args).args(does(steps)).assert().success();
    command(&["--report", "-C", "f", "--"], &["print three"]).stdout("unchanged\n");
    command(&["--report", "g", "--"], &["print out\n", "error err\n"]).stdout("created\n");
}

#[test]
fn no_word_is_printed_where_nothing_was_done() {
    let scene = Scene::with_old();
    scene.cmd().args(["--report", "-n", "f"]).assert().code(3).stdout("");
    scene.cmd().args(["--report", "f", "--"]).args(does(&["exit 1"])).assert().code(1).stdout("");
    scene.cmd().args(["--report", "--non-empty", "f"]).assert().code(3).stdout("");
    scene.cmd().args(["--report", "missing/f"]).assert().code(1).stdout("");
}

#[test]
fn a_closed_standard_output_is_found_before_anything_is_done() {
    needs!(shell, descriptors);
    let scene = Scene::with_old();
    scene.write("in", "for others");
    let output = scene.sh("{ $AW --report f >&-; cat; } <in");
    assert_eq!(output.stdout, b"for others");
    assert!(stderr(&output).contains("f: report: standard output is closed (unchanged)"), "{output:?}");
    assert_eq!(scene.text("f"), "old");
}
