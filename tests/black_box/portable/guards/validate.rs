//! `--validate`: what the command sees, what its end means, and that it may not change anything.
//!
//! Rows: 73.

use std::time::{Duration, SystemTime};

use super::refused;
use crate::common::needs::{lacks, needs};
use crate::common::{Scene, does, stderr, stdout};

pub fn run(scene: &Scene, script: &str) -> std::process::Output {
    scene.cmd().args(["--validate", script, "f"]).write_stdin("new").output().unwrap()
}

#[test]
fn the_command_sees_content_and_target_and_writes_to_our_standard_error() {
    needs!(validation_by_sh);
    let scene = Scene::with_old();
    let output = run(&scene, r#"cat; echo; cat "$1"; echo; cat "$2"; echo " $2 $#"; echo err >&2"#);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(stderr(&output), "new\nnew\nold f 2\nerr\n");
    assert_eq!(stdout(&output), "");
    assert_eq!(scene.text("f"), "new");
}

#[test]
fn the_target_is_named_as_it_was_typed() {
    needs!(validation_by_sh);
    let scene = Scene::new();
    scene.mkdir("a b");
    let args = ["--validate", r#"printf '%s\n' "$2""#, "./a b/new"];
    scene.cmd().args(args).write_stdin("new").assert().success().stderr("./a b/new\n");
}

#[test]
fn grandchildren_see_the_path_too() {
    needs!(validation_by_sh);
    let scene = Scene::new();
    let output = run(&scene, r#"sh -c 'sh -c "cat \"\$1\"; :" sh "$1"; :' sh "$1"; (cd / && cat "$1"); cat "$1" "$1""#);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(stderr(&output), "newnewnewnew");
}

#[test]
fn the_whole_new_content_is_looked_at() {
    needs!(validation_by_sh);
    let scene = Scene::with_old();
    scene.cmd().args(["-a", "--validate", "cat", "f"]).write_stdin("new").assert().success().stderr("oldnew");
    let args = ["-e", "-b", "--lock", "--validate", "cat", "f", "--"];
    scene.cmd().args(args).args(does(&["upper"])).assert().success().stderr("OLDNEW");
    scene.cmd().args(["-C", "--validate", "cat", "f"]).write_stdin("OLDNEW!").assert().success().stderr("OLDNEW!");
}

#[test]
fn a_refusal_replaces_nothing() {
    let scene = Scene::with_old();
    refused(&scene, &run(&scene, "exit 7"), "validate: command 'exit 7' exited with status 7");
    scene.cmd().args(["--validate", "exit 1", "f", "--"]).args(does(&["print new\n"])).assert().code(123);
    scene.cmd().args(["--validate", "exit 1", "g"]).assert().code(3);
    assert_eq!(scene.names(), ["f"]);
    needs!(validation_by_sh);
    refused(&scene, &run(&scene, "kill -9 $$"), "validate: command 'kill -9 $$' was killed by signal 9");
    refused(&scene, &run(&scene, "grep -q old"), "validate: command 'grep -q old' exited with status 1");
}

#[test]
fn several_validators_are_asked_in_order_until_one_refuses() {
    needs!(validation_by_sh);
    let scene = Scene::with_old();
    let asks = |scripts: &[&str]| {
        let options = scripts.iter().flat_map(|script| ["--validate", script]);
        scene.cmd().args(options).arg("f").write_stdin("new").output().unwrap()
    };
    // Each has all of the content.
    let output = asks(&["printf 1; cat", "printf 2; cat", "printf 3; cat"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!((stderr(&output).as_str(), scene.text("f").as_str()), ("1new2new3new", "new"));
    scene.write("f", "old");
    let refusal = "atomic-write: f: validate: command 'printf 2; exit 7' exited with status 7 (unchanged)\n";
    let output = asks(&["printf 1", "printf 2; exit 7", "printf 3"]);
    assert_eq!((output.status.code(), stderr(&output)), (Some(3), format!("12{refusal}")));
    let output = asks(&["exit 1", "printf 2"]);
    assert!(output.status.code() == Some(3) && !stderr(&output).starts_with('2'), "{output:?}");
    refused(&scene, &asks(&["true", "false"]), "validate: command 'false' exited with status 1");
    // What an earlier one changed does not reach the next.
    let output = asks(&["printf NEW >\"$1\"", "printf 2"]);
    refused(&scene, &output, "validate: the command changed the content that it was to look at");
    refused(
        &scene,
        &asks(&["true", "printf NEW >\"$1\""]),
        "validate: the command changed the content that it was to look at",
    );
}

/// Nothing has been said about the content then.
#[test]
fn a_command_that_could_not_be_run_is_a_failure() {
    needs!(native_program, validation_by_sh);
    let scene = Scene::with_old();
    for script in ["no-such-validator \"$1\"", "./f \"$1\"", "exit 126"] {
        let output = run(&scene, script);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(stderr(&output).contains("f: validate: command '"), "{output:?}");
        assert!(stderr(&output).contains("could not be run"), "{output:?}");
    }
    let output = scene.cmd().env("PATH", "/none").args(["--validate", ":", "f"]).write_stdin("new").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let words = stderr(&output);
    assert!(words.contains("f: validate: sh could not be run: ") && words.contains(" (unchanged)\n"), "{words}");
    scene.cmd().args(["--validate", "exit 127", "f", "--", "echo", "new"]).assert().code(125);
    assert_eq!(scene.text("f"), "old");
    assert_eq!(scene.names(), ["f"]);
}

#[test]
fn content_that_the_command_changed_is_refused() {
    needs!(validation_by_sh);
    let changes = [
        "echo more >>\"$1\"",
        ": >\"$1\"",
        "printf NEW >\"$1\"",
        // In the same second, of the same size.
        "printf N | dd of=\"$1\" conv=notrunc status=none",
        "sh -c 'printf NEW >\"$1\"' sh \"$1\"",
    ];
    for change in changes {
        for options in [&[][..], &["--sync", "none"], &["-m", "644"], &["--lock"]] {
            let scene = Scene::with_old();
            let args = ["--validate", change, "f"];
            let output = scene.cmd().args(options).args(args).write_stdin("new").output().unwrap();
            refused(&scene, &output, "validate: the command changed the content that it was to look at");
        }
    }
}

#[test]
fn a_look_leaves_no_trace_in_the_finished_file() {
    let scene = Scene::new();
    let before = SystemTime::now() - Duration::from_secs(5);
    let look = if lacks!(validation_by_sh) { "exit 0" } else { "cat \"$1\" >/dev/null" };
    assert!(run(&scene, look).status.success());
    let times = std::fs::metadata(scene.path("f")).unwrap();
    assert!(times.modified().unwrap() >= before && times.accessed().unwrap() >= before, "{times:?}");
}
