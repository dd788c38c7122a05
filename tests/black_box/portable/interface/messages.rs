//! Statuses, the shape of what is said, and when nothing is.
//!
//! Rows: none.

use predicates::str::{contains, is_match};

use crate::common::needs::needs;
use crate::common::{Scene, does, its_name};

/// A scene with `f`, and with `g` of more than one link, whose replacement warns.
pub fn scene() -> Scene {
    let scene = Scene::with_old();
    scene.write("g", "old");
    // Where there are no links nothing is warned of.
    let _ = std::fs::hard_link(scene.path("g"), scene.path("link"));
    scene
}

#[test]
fn a_failure_is_one_line_of_path_step_reason_and_state() {
    let scene = scene();
    scene.mkdir("d");
    scene.cmd().arg("d").assert().code(1).stdout("").stderr("atomic-write: d: replace: is a directory (unchanged)\n");
    let words = format!("command '{}' exited with status 7 (unchanged)", its_name());
    let failed = scene.cmd().args(["--", "./f", "--"]).args(does(&["exit 7"])).assert().code(7);
    failed.stdout("").stderr(format!("atomic-write: ./f: replace: {words}\n"));
}

#[test]
fn a_refusal_is_three_and_with_a_command_123() {
    let scene = scene();
    let line = is_match(r"^atomic-write: f: no-clobber: .+ \(unchanged\)\n").unwrap();
    scene.cmd().args(["-n", "f"]).write_stdin("new").assert().code(3).stderr(line.clone());
    scene.cmd().args(["-n", "f", "--", "echo"]).assert().code(123).stderr(line);
    assert_eq!(scene.text("f"), "old");
}

#[test]
fn a_failure_is_one_and_with_a_command_125() {
    let scene = scene();
    scene.cmd().arg("f/").write_stdin("new").assert().code(1);
    scene.cmd().args(["f/", "--", "echo"]).assert().code(125);
}

#[test]
fn usage_is_two_with_and_without_a_command() {
    let scene = scene();
    scene.cmd().args(["--bogus", "f"]).assert().code(2);
    scene.cmd().args(["--bogus", "f", "--", "echo"]).assert().code(2);
}

#[test]
fn a_hint_is_a_second_line() {
    let scene = scene();
    let lines = r"^atomic-write: nowhere/f: open directory: .+ \(unchanged\)\nhint: --parents [^\n]+\n$";
    scene.cmd().arg("nowhere/f").assert().code(1).stderr(is_match(lines).unwrap());
}

#[test]
fn success_is_silent_and_a_warning_does_not_fail() {
    needs!(hard_links);
    let scene = scene();
    scene.cmd().arg("f").write_stdin("new").assert().success().stdout("").stderr("");
    let warning = is_match(r"^atomic-write: g: warning: [^\n]*hard link[^\n]*\n$").unwrap();
    scene.cmd().arg("g").write_stdin("new").assert().success().stdout("").stderr(warning);
}

#[test]
fn quiet_silences_warnings_and_not_errors() {
    needs!(hard_links);
    let scene = scene();
    scene.cmd().args(["-q", "g"]).write_stdin("new").assert().success().stdout("").stderr("");
    scene.cmd().args(["-q", "f/"]).assert().code(1).stderr(contains("f/: replace: "));
}

#[test]
fn verbose_is_one_line_about_what_was_done() {
    let scene = scene();
    for (args, words) in [
        (&["-v", "new"][..], "^atomic-write: new: created .*3 bytes.*\n$"),
        (&["-v", "f"], "^atomic-write: f: replaced .*3 bytes.*\n$"),
        (&["-v", "-C", "f"], "^atomic-write: f: unchanged.*\n$"),
        (&["-vq", "f"], "^atomic-write: f: replaced .*\n$"),
    ] {
        scene.cmd().args(args).write_stdin("new").assert().success().stdout("").stderr(is_match(words).unwrap());
    }
}

#[test]
fn report_is_one_word_on_standard_output() {
    let scene = scene();
    for (args, word) in [
        (&["--report", "new"][..], "created\n"),
        (&["--report", "new"], "replaced\n"),
        (&["--report", "-C", "new"], "unchanged\n"),
        (&["--report", "new", "--"], "replaced\n"),
    ] {
        let command = if args.ends_with(&["--"]) { does(&["print new"]) } else { Vec::new() };
        scene.cmd().args(args).args(command).write_stdin("new").assert().success().stdout(word).stderr("");
    }
    scene.cmd().args(["--report", "-n", "new"]).assert().code(3).stdout("");
}

/// The word could not be said, which is found while nothing has been done yet.
#[test]
fn report_on_closed_standard_output_fails_early() {
    needs!(shell, descriptors);
    let scene = scene();
    let output = scene.sh(r#"printf new | "$AW" --report f >&-"#);
    assert_eq!((output.status.code(), scene.text("f").as_str()), (Some(1), "old"));
}
