//! Closed descriptors: no file of ours takes their numbers, and a closed standard input is an error.
//!
//! Rows: 6.

use crate::common::needs::needs;
use crate::common::{Scene, stderr};

/// All ways to close some of the three, as a shell writes it.
pub const COMBINATIONS: [&str; 8] = ["", "<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"];

#[test]
fn a_closed_standard_input_is_an_error() {
    needs!(shell, descriptors);
    for closed in COMBINATIONS.iter().filter(|closed| closed.contains("<&-")) {
        for options in ["", "--from -", "-C", "-a", "-P", "--lock"] {
            let scene = Scene::with_old();
            let output = scene.sh(&format!(r#""$AW" {options} f {closed}"#));
            assert_eq!(output.status.code(), Some(1), "{options} {closed}: {output:?}");
            assert_eq!((scene.text("f").as_str(), scene.names().len()), ("old", 1), "{options} {closed}");
            if !closed.contains("2>&-") {
                let line = "atomic-write: f: read: standard input is closed (unchanged)\n";
                assert_eq!(stderr(&output), line, "{options} {closed}");
            }
        }
    }
}

/// What is said, be it a warning or a word, must not go into a file that has taken the descriptor.
#[test]
fn what_is_written_is_the_content_and_nothing_else() {
    needs!(shell, descriptors);
    for closed in COMBINATIONS {
        let scene = Scene::new();
        scene.write("src", "content");
        scene.write("f", "old");
        std::fs::hard_link(scene.path("f"), scene.path("link")).unwrap();
        for options in ["-v", "-v -C", "-v -b", "-v --lock", "-v -D"] {
            let output = scene.sh(&format!(r#""$AW" {options} --from src f {closed}"#));
            assert_eq!(output.status.code(), Some(0), "{options} {closed}: {output:?}");
            assert_eq!((scene.text("f").as_str(), scene.text("src").as_str()), ("content", "content"));
        }
        assert_eq!(scene.text("link"), "old");
    }
}

#[test]
fn a_pipe_as_standard_input_is_read_whatever_else_is_closed() {
    needs!(shell, descriptors);
    for closed in COMBINATIONS.iter().filter(|closed| !closed.contains("<&-")) {
        let scene = Scene::new();
        let output = scene.sh(&format!(r#"printf new | "$AW" -v f {closed}"#));
        assert!(output.status.success(), "{closed}");
        assert_eq!((scene.text("f").as_str(), scene.names().len()), ("new", 1), "{closed}");
    }
}

#[test]
fn a_command_gets_nothing_of_ours_in_their_place() {
    needs!(shell, descriptors);
    for closed in COMBINATIONS {
        let scene = Scene::with_old();
        // The command writes to its standard error, and reads its standard input.
        let output = scene.sh(&format!(r#""$AW" -v f -- sh -c 'echo noise >&2; cat; echo new' {closed} </dev/null"#));
        assert!(output.status.success(), "{closed}: {output:?}");
        assert_eq!((scene.text("f").as_str(), scene.names().len()), ("new\n", 1), "{closed}");
        let output = scene.sh(&format!(r#""$AW" f -- sh -c 'echo noise >&2; echo newer' {closed}"#));
        assert!(matches!(output.status.code(), Some(0 | 2)), "{closed}: {output:?}");
        assert_eq!(scene.names().len(), 1, "{closed}");
    }
}
