//! `--success-status`: further statuses of COMMAND that are success.
//!
//! Rows: none.

use crate::common::needs::needs;
use crate::common::{Scene, does, stderr};

#[test]
fn a_status_of_the_list_is_success_and_no_other() {
    for (list, status, ended) in [
        (&["--success-status", "1"][..], 1, 0),
        (&["--success-status=1,4"], 4, 0),
        (&["--success-status", "1", "--success-status", "4"], 1, 0),
        (&["--success-status", "1", "--success-status", "4"], 4, 0),
        // Beside 0.
        (&["--success-status", "1"], 0, 0),
        (&["--success-status", "1,4"], 2, 2),
        (&["--success-status", "255"], 255, 0),
        (&["--success-status", "121"], 121, 0),
        (&["--success-status", "1"], 121, 125),
        (&[], 1, 1),
    ] {
        let scene = Scene::with_old();
        let command = does(&["print new", &format!("exit {status}")]);
        let output = scene.cmd().args(list).args(["f", "--"]).args(command).output().unwrap();
        assert_eq!(output.status.code(), Some(ended), "{list:?} {status}: {output:?}");
        scene.has_only("f", if ended == 0 { "new" } else { "old" });
    }
}

/// As of a grep that found nothing.
#[test]
fn nothing_is_refused_all_the_same() {
    let scene = Scene::with_old();
    let command = does(&["exit 1"]);
    let run = |options: &[&str]| {
        let options = [&["--success-status", "1"], options, &["f", "--"]].concat();
        scene.cmd().args(options).args(&command).output().unwrap()
    };
    for options in [&[][..], &["-e"], &["--non-empty"]] {
        let output = run(options);
        assert_eq!(output.status.code(), Some(123), "{options:?}: {output:?}");
        scene.has_only("f", "old");
    }
    assert!(run(&["--allow-empty"]).status.success());
    scene.has_only("f", "");
    // Nothing in, nothing out.
    assert!(run(&["-e"]).status.success());
}

#[test]
fn edits_files_written_by_name_and_trees_have_it_too() {
    for (args, steps) in [
        (&["-e", "f", "--"][..], &["upper", "exit 1"][..]),
        (&["-I", "{}", "f", "--"], &["make OLD {}", "exit 1"]),
        (&["-a", "g", "--"], &["print OLD", "exit 1"]),
    ] {
        let scene = Scene::with_old();
        scene.cmd().args(args).args(does(steps)).assert().code(1);
        scene.has_only("f", "old");
        scene.cmd().args(["--success-status", "1"]).args(args).args(does(steps)).assert().success();
        assert_eq!(scene.text(if args.contains(&"g") { "g" } else { "f" }), "OLD");
    }
    let scene = Scene::new();
    let command = does(&["make new {}/file", "exit 1"]);
    let args = ["--success-status", "1", "--tree", "-I", "{}", "d", "--"];
    scene.cmd().args(args).args(&command).assert().success();
    assert_eq!(scene.text("d/file"), "new");
    let args = ["--tree", "-I", "{}", "e", "--"];
    scene.cmd().args(args).args(&command).assert().code(1);
    assert_eq!(scene.names(), ["d"]);
}

#[test]
fn a_list_that_is_none_is_a_usage_error() {
    let scene = Scene::with_old();
    for list in ["", "0", "256", "-1", "one", "1;2", "1,", ",1", "1,,2", "1,256", "0x1", "1 2", "1-3"] {
        let args = [&format!("--success-status={list}"), "f", "--"];
        let output = scene.cmd().args(args).args(does(&["write ran"])).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{list}: {output:?}");
        assert!(stderr(&output).contains("--success-status"), "{output:?}");
        scene.has_only("f", "old");
    }
}

#[test]
fn death_by_a_signal_is_no_status() {
    needs!(native_program, shell, signals);
    let scene = Scene::with_old();
    let list: Vec<String> = (1..=255).map(|status| status.to_string()).collect();
    let script = ["sh", "-c", "echo new; kill -9 $$"];
    scene.cmd().args(["--success-status", &list.join(","), "f", "--"]).args(script).assert().code(137);
    scene.has_only("f", "old");
}
