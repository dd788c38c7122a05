//! `--files0-from`: names that are ended by zeros.
//!
//! Rows: 47, 107.

use std::process::Output;

use super::{found, many, said, says, with_files};
use crate::common::Scene;
use crate::common::needs::needs;
use crate::common::system::argument;

/// The list, on standard input and in a file; both must come to the same.
#[track_caller]
fn listed(scene: &dyn Fn() -> Scene, list: &[u8]) -> (Scene, Output) {
    let on_stdin = scene();
    let output = on_stdin.cmd().args(["-t", "d", "--files0-from=-"]).write_stdin(list).output().unwrap();
    let in_file = scene();
    in_file.write("list", list);
    let other = many(&in_file, &["--files0-from", "list"]);
    assert_eq!((output.status, said(&output)), (other.status, said(&other)));
    assert_eq!(found(&on_stdin), found(&in_file));
    (on_stdin, output)
}

#[track_caller]
fn refused(list: &[u8], words: &str) {
    let (scene, output) = listed(&with_files, list);
    says(&output, 2, "", &format!("atomic-write: d: names: {words}"));
    assert_eq!(found(&scene), ["a = old a", "b = old b"]);
}

#[test]
fn the_last_zero_may_be_missing() {
    for list in [&b"src/a\0src/c\0"[..], b"src/a\0src/c"] {
        let (scene, output) = listed(&with_files, list);
        says(&output, 0, "", "");
        assert_eq!(found(&scene), ["a = new a", "b = old b", "c = new c"]);
    }
}

#[test]
fn an_empty_list_is_no_work() {
    let (scene, output) = listed(&with_files, b"");
    says(&output, 0, "", "");
    assert_eq!(found(&scene), ["a = old a", "b = old b"]);
}

/// The first of them decides.
#[test]
fn a_list_without_end_is_refused() {
    needs!(shell);
    let scene = with_files();
    let output = scene.cmd().args(["-t", "d", "--files0-from=/dev/zero"]).output().unwrap();
    says(&output, 2, "", "atomic-write: d: names: '': the name is empty (unchanged)\n");
    assert_eq!(found(&scene), ["a = old a", "b = old b"]);
}

#[test]
fn names_that_lead_to_no_file_are_refused_at_once() {
    let empty = "'': the name is empty (unchanged)\n";
    refused(b"src/a\0\0src/b\0", empty);
    refused(b"\0", empty);
    refused(b"src/a\0src/", "src/: ends in a slash, so it names a directory (unchanged)\n");
    refused(b"src/a\0..", "..: names a directory, the parent (..) (unchanged)\n");
    refused(b"src/a\0src/.", "src/.: names a directory, the one that holds it (.) (unchanged)\n");
    refused(b"src/a\0-", "-, standard input, has no name (unchanged)\nhint: for a file of that name use ./-\n");
    refused(&vec![b'a'; 300_000], "a name is longer than any path (unchanged)\n");
    refused(b"src/a\0d/a", "src/a and d/a have the same name (unchanged)\n");
}

#[test]
fn a_name_is_any_bytes_but_zero() {
    needs!(any_names);
    for name in ["a\nb", " ", "-n", "--", "a'b\"", "\u{1b}[31m"] {
        let scene = || {
            let scene = with_files();
            scene.write(format!("src/{name}"), "new");
            scene
        };
        let (scene, output) = listed(&scene, format!("src/{name}").as_bytes());
        says(&output, 0, "", "");
        assert_eq!(scene.text(format!("d/{name}")), "new");
    }
}

/// So a name with a line feed is no second line.
#[test]
fn the_report_has_a_line_for_each_name() {
    needs!(any_names);
    let scene = with_files();
    scene.write("src/x\nreplaced y", "new");
    let output = many(&scene, &["--report", "src/x\nreplaced y", "src/a b"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "created $'x\\nreplaced y'\n");
    scene.write("src/a b", "new");
    says(&many(&scene, &["--report", "src/a b"]), 0, "created a b\n", "");
}

#[test]
fn a_name_need_not_be_text() {
    needs!(any_names);
    let Some(name) = argument(b"\xff\xfe") else { return };
    let scene = with_files();
    scene.write(scene.path("src").join(&name), "new");
    let list = b"src/\xff\xfe\0missing\xff\0".as_slice();
    let output = scene.cmd().args(["-t", "d", "--files0-from=-"]).write_stdin(list).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).is_ascii(), "{output:?}");
    assert_eq!(scene.read(scene.path("d").join(&name)), b"new");
}

#[test]
fn a_list_that_cannot_be_read_is_told() {
    let scene = with_files();
    let output = many(&scene, &["--files0-from", "missing"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).starts_with("atomic-write: d: open: missing: "), "{output:?}");
    let output = many(&scene, &["--files0-from", "src"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(found(&scene), ["a = old a", "b = old b"]);
}

#[test]
fn a_list_is_longer_than_a_buffer() {
    let scene = with_files();
    let directories = "./".repeat(100);
    let mut list = String::new();
    for number in 0..3000 {
        list.extend([directories.as_str(), "missing-", &number.to_string(), "\0"]);
    }
    list += "src/a";
    let output = scene.cmd().args(["-t", "d", "--files0-from=-"]).write_stdin(list).output().unwrap();
    let text = said(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(text.ends_with("atomic-write: d: 3001 files: 3000 failed, 1 replaced\n"), "{text}");
    assert_eq!(scene.text("d/a"), "new a");
}
