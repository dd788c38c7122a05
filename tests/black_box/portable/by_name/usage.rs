//! The option itself: which words are replaced, and what is a usage error.
//!
//! Rows: none.

use super::run;
use crate::common::{Scene, does, stderr, stdout};

#[test]
fn every_form_of_the_option_names_the_placeholder() {
    let forms: [&[&str]; 5] = [
        &["-I", "{}", "f"],
        &["-I{}", "f"],
        &["--placeholder", "{}", "f"],
        &["f", "--placeholder={}"],
        &["-vI", "{}", "f"],
    ];
    for form in forms {
        let scene = Scene::with_old();
        scene.cmd().args(form).arg("--").args(does(&["write {} new"])).assert().success();
        scene.has_only("f", "new");
    }
}

#[test]
fn any_word_can_be_the_placeholder() {
    for word in ["%", "OUTPUT", "{", "-o", "--", "$1", "'"] {
        let scene = Scene::with_old();
        let command = does(&[&format!("write {word} new")]);
        let (_, arguments) = command.split_first().unwrap();
        if arguments.iter().filter(|argument| argument.contains(word)).count() > 1 {
            // It is in what makes the test program that tool.
            continue;
        }
        let placeholder = format!("--placeholder={word}");
        scene.cmd().args([&placeholder, "f", "--"]).args(command).assert().success();
        scene.has_only("f", "new");
    }
}

#[test]
fn every_occurrence_becomes_the_path_within_words_too() {
    let scene = Scene::new();
    let output = run(&scene, &[], &["write {} new", "print [{}]{}{", "print }{}}"]);
    assert!(output.status.success(), "{output:?}");
    let printed = stdout(&output);
    let path = printed.trim_start_matches('[').split(']').next().unwrap();
    assert_eq!(printed, format!("[{path}]{path}{{}}{path}}}"));
    assert_eq!(scene.text("f"), "new");
}

/// COMMAND itself is no argument: a path of a file that does not exist yet is no program.
#[test]
fn the_program_is_no_place_for_it() {
    let scene = Scene::with_old();
    for command in [&["{}"][..], &["{}", "f"], &["true"], &["true", "{ }"]] {
        let output = scene.cmd().args(["-I", "{}", "f", "--"]).args(command).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(stderr(&output).contains("no argument of COMMAND contains {}"), "{output:?}");
    }
    scene.has_only("f", "old");
}

#[test]
fn what_it_contradicts_is_a_usage_error() {
    let scene = Scene::with_old();
    let command = does(&["write {} new"]);
    for (args, words) in [
        (&["-I", "", "f"][..], "STR is an empty word"),
        (&["-a", "-I", "{}", "f"], "--append appends what COMMAND prints"),
        (&["--from", "f", "-I", "{}", "f"], "the content comes from --from SOURCE or from COMMAND"),
    ] {
        let output = scene.cmd().args(args).arg("--").args(&command).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(stderr(&output).contains(words), "{output:?}");
    }
    for args in [&["-I", "{}", "f"][..], &["--placeholder={}", "--from", "f", "g"], &["-I", "{}", "-e", "f"]] {
        let output = scene.cmd().args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(stderr(&output).contains("command"), "{output:?}");
    }
    scene.has_only("f", "old");
}
