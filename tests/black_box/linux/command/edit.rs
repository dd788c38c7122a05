//! `--edit`: TARGET's content is COMMAND's input, and must still be TARGET's when it is replaced.
//!
//! Rows: none.

use crate::common::{Scene, stderr};
use crate::portable::input::sha256;

#[test]
fn a_file_that_may_not_be_read_cannot_be_edited() {
    let scene = Scene::with_old();
    scene.chmod("f", 0o200);
    let output = scene.ordinary().args(["-e", "f", "--", "touch", "ran"]).output().unwrap();
    assert_eq!(output.status.code(), Some(125), "{output:?}");
    assert!(stderr(&output).contains("read: Permission denied"), "{}", stderr(&output));
    scene.chmod("f", 0o600);
    assert_eq!(scene.text("f"), "old");
    assert_eq!(scene.names(), ["f"]);
}

/// A hint that --force helps would lead nowhere.
#[test]
fn what_may_neither_be_read_nor_written_gets_no_hint() {
    let scene = Scene::with_old();
    scene.chmod("", 0o777);
    scene.chmod("f", 0);
    let digest = sha256(b"old");
    let words = "atomic-write: f: replace: neither read nor write permission on the file (unchanged)\n";
    for options in [&["-e"][..], &["-a"], &["-C"], &["--if-match", &digest]] {
        let command: &[&str] = if options == ["-e"] { &["--", "touch", "ran"] } else { &[] };
        let run = |force: &[&str]| scene.ordinary().args(options).args(force).arg("f").args(command).output().unwrap();
        assert_eq!(stderr(&run(&[])), words, "{options:?}");
        let text = stderr(&run(&["-f"]));
        assert!(text.contains("read: Permission denied") && !text.contains("hint"), "{options:?}: {text}");
    }
    let hint = "hint: --force replaces it anyway\n";
    let forced = scene.ordinary().arg("f").output().unwrap();
    assert!(stderr(&forced).ends_with(hint), "{forced:?}");
    // It can be read.
    scene.chmod("f", 0o444);
    let forced = scene.ordinary().args(["-a", "f"]).output().unwrap();
    assert!(stderr(&forced).ends_with(hint), "{forced:?}");
    scene.ordinary().args(["-f", "-a", "f"]).write_stdin("er").assert().success();
    assert_eq!((scene.text("f").as_str(), scene.names().len()), ("older", 1));
}
