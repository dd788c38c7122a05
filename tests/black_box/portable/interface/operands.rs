//! TARGET, `--` and COMMAND.
//!
//! Rows: 46.

use super::usage;
use crate::common::needs::needs;
use crate::common::{Scene, does};

/// Runs the program in an empty scene; must succeed. A COMMAND that is called `echo` prints `hello`.
fn run(args: &[&str]) -> Scene {
    let scene = Scene::new();
    let (args, command) = match args {
        [args @ .., "--", "echo"] => ([args, &["--"]].concat(), does(&["print hello\n"])),
        _ => (args.to_vec(), Vec::new()),
    };
    scene.cmd().args(args).args(command).write_stdin("new").assert().success().stdout("").stderr("");
    scene
}

#[test]
fn after_dashes_comes_the_target_where_none_was_given() {
    for name in ["f", "-f", "--help", "--"] {
        let scene = run(&["--", name]);
        assert_eq!((scene.names(), scene.text(name).as_str()), (vec![name.to_owned()], "new"));
    }
}

#[test]
fn a_second_pair_of_dashes_then_starts_the_command() {
    let scene = run(&["-q", "--", "-f", "--", "echo"]);
    assert_eq!((scene.names(), scene.text("-f").as_str()), (vec!["-f".to_owned()], "hello\n"));
    let scene = run(&["--", "--", "--", "echo"]);
    assert_eq!((scene.names(), scene.text("--").as_str()), (vec!["--".to_owned()], "hello\n"));
}

#[test]
fn everything_after_the_commands_name_is_the_commands() {
    needs!(echo);
    for args in
        [&["f", "--", "echo", "-q", "--", "--from", "f"][..], &["--", "f", "--", "echo", "-q", "--", "--from", "f"]]
    {
        assert_eq!(run(args).text("f"), "-q -- --from f\n");
    }
    assert_eq!(run(&["f", "--", "echo", "--"]).text("f"), "--\n");
    assert_eq!(run(&["--", "f", "--", "echo", "--"]).text("f"), "--\n");
}

/// `f -- $cmd` with an empty `$cmd` would otherwise empty `f`.
#[test]
fn dashes_without_a_command_are_an_error() {
    for args in [&["f", "--"][..], &["--edit", "f", "--"], &["--", "f", "--"]] {
        usage(args, "no COMMAND after --");
    }
    for args in [&["f", "--", ""][..], &["--", "f", "--", ""]] {
        usage(args, "COMMAND is an empty word");
    }
}

#[test]
fn a_command_called_dashes_is_looked_for() {
    needs!(native_program);
    for args in [&["f", "--", "--"][..], &["--", "f", "--", "--"]] {
        let scene = Scene::with_old();
        // A directory that may not be searched would make it 126, as for env(1).
        scene.cmd().args(args).env("PATH", scene.root()).assert().code(127);
        assert_eq!(scene.text("f"), "old");
    }
}

#[test]
fn a_missing_target_is_an_error() {
    for args in [&[][..], &["-q"], &["--"], &["-q", "--"], &["--from", "src"]] {
        usage(args, "TARGET is missing");
    }
}

#[test]
fn a_forgotten_pair_of_dashes_is_answered_by_the_line_with_it() {
    for (args, line) in [
        (&["f", "second"][..], "f -- second"),
        (&["f", "-q", "second"], "f -q -- second"),
        (&["-e", "f", "sed", "s/a b/c/"], "-e f -- sed 's/a b/c/'"),
        (&["-e", "f", "sed", "-E", "s/x{1,2}/y/"], "-e f -- sed -E 's/x{1,2}/y/'"),
        (&["-S", "f", "f", "f", "it's"], r"-S f f -- f 'it'\''s'"),
    ] {
        let second = line.trim_start_matches("-- ").split_once("-- ").unwrap().1.split(' ').next().unwrap();
        let says =
            format!("unexpected argument '{second}'\nhint: to run a command, put -- before it: atomic-write {line}\n");
        usage(args, &says);
    }
}

#[test]
fn with_a_command_a_second_operand_is_no_forgotten_pair_of_dashes() {
    usage(&["f", "second", "--", "true"], "unexpected argument 'second': there is one TARGET\n");
}

#[test]
fn a_forgotten_target_is_answered_by_its_place() {
    for (args, line) in [
        (&["--", "sort", "-u"][..], "TARGET -- sort -u"),
        (&["-q", "--", "sed", "s/a/b/", "f"], "-q TARGET -- sed s/a/b/ f"),
        (&["-I", "app", "--", "gcc", "main.c"], "-I app TARGET -- gcc main.c"),
    ] {
        let hint = format!("hint: TARGET stands before --: atomic-write {line}\n");
        assert!(usage(args, "unexpected argument '").contains(&hint), "{args:?}");
    }
}

/// Row 46.
#[test]
fn target_dash_is_refused_with_the_way_to_name_such_a_file() {
    for args in [&["-"][..], &["--", "-"], &["-", "--", "true"], &["-", "--from", "src"]] {
        let text = usage(args, "TARGET is -");
        assert!(text.contains("\nhint: ") && text.contains("./-"), "{text}");
    }
    assert_eq!(run(&["./-"]).names(), ["-"]);
}
