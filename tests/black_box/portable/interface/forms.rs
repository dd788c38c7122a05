//! The four forms, with options before and after TARGET.
//!
//! Rows: none.

use crate::common::{Scene, does};

/// A scene with a file `f` and a source, on which the program is run with success and in silence; what `f` is then.
fn becomes(args: &[&str], input: &str) -> String {
    let scene = Scene::new();
    scene.write("f", "old\n");
    scene.write("src", "source\n");
    let command = match args {
        [.., "--"] if args.contains(&"-e") || args.contains(&"--edit") => does(&["upper"]),
        [.., "--"] => does(&["cat src"]),
        _ => Vec::new(),
    };
    scene.cmd().args(args).args(command).write_stdin(input).assert().success().stdout("").stderr("");
    assert_eq!(scene.names(), ["f", "src"], "{args:?}");
    scene.text("f")
}

#[test]
fn standard_input_becomes_the_target() {
    let scene = Scene::new();
    scene.cmd().arg("f").write_stdin("new").assert().success().stdout("").stderr("");
    assert_eq!(scene.text("f"), "new");
    assert_eq!(scene.names(), ["f"]);
}

#[test]
fn each_form_works_with_options_before_and_after_the_target() {
    for args in [["f", "--sync=none"], ["--sync=none", "f"]] {
        assert_eq!(becomes(&args, "new"), "new");
    }
    for args in [["--from", "src", "f"], ["f", "--from", "src"]] {
        assert_eq!(becomes(&args, "not read"), "source\n");
    }
    for args in [["-q", "f", "--"], ["f", "-q", "--"]] {
        assert_eq!(becomes(&args, "not read"), "source\n");
    }
    for args in [["--edit", "f", "--"], ["f", "-e", "--"]] {
        assert_eq!(becomes(&args, "not read"), "OLD\n");
    }
}

#[test]
fn short_options_can_be_bundled() {
    assert_eq!(becomes(&["-qam644", "f"], "new"), "old\nnew");
}

#[test]
fn the_last_of_a_repeated_option_counts() {
    assert_eq!(becomes(&["--from", "missing", "--from", "src", "f"], ""), "source\n");
    assert_eq!(becomes(&["-q", "-q", "f"], "new"), "new");
}

#[test]
fn source_dash_is_standard_input() {
    assert_eq!(becomes(&["--from", "-", "f"], "new"), "new");
}

#[test]
fn a_value_may_begin_with_a_dash() {
    let scene = Scene::new();
    scene.write("-src", "source");
    scene.cmd().args(["--from", "-src", "f", "-S", "-old"]).assert().success();
    scene.cmd().args(["f", "-S", "-old"]).write_stdin("new").assert().success();
    assert_eq!(scene.names(), ["-src", "f", "f-old"]);
    assert_eq!((scene.text("f").as_str(), scene.text("f-old").as_str()), ("new", "source"));
}
