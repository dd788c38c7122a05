//! A file that fails stops no other; each is told of, and the status is the worst.
//!
//! Rows: 107.

use super::{SOURCES, found, many, said, says, with_files};
use crate::common::needs::needs;
use crate::common::stdout;

#[test]
fn files_that_fail_are_told_and_the_others_are_done() {
    let scene = with_files();
    scene.mkdir("d/c");
    let output = many(&scene, &["--report", "src/a", "src/missing", "src/c", "src", "src/b"]);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(1), "replaced a\nreplaced b\n"));
    let text = said(&output);
    for line in [
        "atomic-write: d/missing: open: src/missing: ",
        "atomic-write: d/c: replace: is a directory (unchanged)\n",
        "atomic-write: d/src: open: src: ",
        "atomic-write: d: 5 files: 3 failed, 2 replaced\n",
    ] {
        assert!(text.contains(line), "{line:?} is not in {text:?}");
    }
    assert!(text.ends_with("2 replaced\n"), "{text}");
    assert_eq!(found(&scene), ["a = new a", "b = new b", "c/"]);
}

#[test]
fn the_report_has_the_order_of_the_sources() {
    let scene = with_files();
    let output = many(&scene, &["--report", "-C", "src/c", "d/b", "src/missing", "src/a"]);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(1), "created c\nunchanged b\nreplaced a\n"));
    assert!(said(&output).ends_with("4 files: 1 failed, 1 created, 1 replaced, 1 unchanged\n"), "{output:?}");
}

#[test]
fn without_a_failure_nothing_is_counted() {
    let scene = with_files();
    says(&many(&scene, &[&["--report"][..], &SOURCES].concat()), 0, "replaced a\nreplaced b\ncreated c\n", "");
}

#[test]
fn one_file_that_fails_is_not_counted() {
    let scene = with_files();
    scene.mkdir("d/c");
    says(&many(&scene, &["src/c"]), 1, "", "atomic-write: d/c: replace: is a directory (unchanged)\n");
}

#[test]
fn verbose_has_a_line_for_each() {
    let scene = with_files();
    let expected = "atomic-write: d/c: created (5 bytes)\natomic-write: d/a: replaced (5 bytes)\n";
    says(&many(&scene, &["-v", "src/c", "src/a"]), 0, "", expected);
    let expected = "atomic-write: d/c: would be replaced (5 bytes)\natomic-write: d/b: would be replaced (5 bytes)\n";
    says(&many(&scene, &["-v", "--dry-run", "src/c", "src/b"]), 0, "", expected);
    assert_eq!(scene.text("d/b"), "old b");
}

#[test]
fn quiet_keeps_warnings_back_and_no_errors() {
    needs!(hard_links);
    let scene = with_files();
    scene.mkdir("d/c");
    std::fs::hard_link(scene.path("d/a"), scene.path("other")).unwrap();
    let warning = "atomic-write: d/a: warning: 1 other hard link still has the old content\n";
    let rest =
        "atomic-write: d/c: replace: is a directory (unchanged)\natomic-write: d: 2 files: 1 failed, 1 replaced\n";
    let output = many(&scene, &["src/a", "src/c"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains(warning) && said(&output).ends_with("1 failed, 1 replaced\n"), "{output:?}");
    let scene = with_files();
    scene.mkdir("d/c");
    std::fs::hard_link(scene.path("d/a"), scene.path("other")).unwrap();
    says(&many(&scene, &["-q", "src/a", "src/c"]), 1, "", rest);
}

#[test]
fn the_status_is_the_worst() {
    // A refusal is 3, a failure 1, whichever comes first.
    for (args, status) in [
        (&["-n", "src/a", "src/c"][..], 3),
        (&["-n", "src/a", "src/missing", "src/c"], 1),
        (&["-n", "src/missing", "src/a", "src/c"], 1),
        (&["--non-empty", "src/a", "src/e"], 3),
        (&["--non-empty", "src/e", "src/missing", "src/a"], 1),
    ] {
        let scene = with_files();
        scene.write("src/e", "");
        let output = many(&scene, args);
        assert_eq!(output.status.code(), Some(status), "{output:?}");
    }
}

#[test]
fn one_error_of_the_directory_is_told_once() {
    let scene = with_files();
    scene.write("f", "");
    let output = scene.cmd().args(["-t", "f"]).args(SOURCES).output().unwrap();
    assert_eq!((output.status.code(), said(&output).lines().count()), (Some(1), 1), "{output:?}");
    let output = scene.cmd().args(["-t", "missing"]).args(SOURCES).output().unwrap();
    assert_eq!((output.status.code(), said(&output).matches("atomic-write: ").count()), (Some(1), 1), "{output:?}");
    assert_eq!(scene.names(), ["d", "f", "src"]);
}
