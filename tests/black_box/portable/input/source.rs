//! `--from` in all its kinds, and standard input that is a file.
//!
//! Rows: none.

use std::io::{Read, Seek, SeekFrom};

use crate::common::Scene;
use crate::common::needs::needs;

#[test]
fn a_source_is_left_as_it_is() {
    let scene = Scene::new();
    scene.write("src", "content");
    scene.chmod("src", 0o440);
    let before = std::fs::metadata(scene.path("src")).unwrap();
    scene.cmd().args(["--from", "src", "f"]).assert().success();
    let after = std::fs::metadata(scene.path("src")).unwrap();
    assert_eq!((before.modified().unwrap(), before.permissions()), (after.modified().unwrap(), after.permissions()));
    assert_ne!(scene.inode("src"), scene.inode("f"));
}

#[test]
fn a_link_to_a_source_is_followed() {
    needs!(symlinks);
    let scene = Scene::new();
    scene.write("src", "content");
    scene.symlink("src", "link");
    scene.cmd().args(["--from", "link", "f"]).assert().success();
    assert_eq!(scene.text("f"), "content");
}

/// As cp(1) has it, and only where TARGET is new.
#[test]
fn a_new_file_takes_the_permission_bits_of_its_source() {
    needs!(shell, permissions);
    let scene = Scene::new();
    scene.write("src", "content");
    for (source, umask, expected) in
        [(0o755, "022", 0o755), (0o777, "027", 0o750), (0o400, "022", 0o400), (0o6755, "022", 0o755)]
    {
        scene.chmod("src", source);
        assert!(scene.sh(&format!(r#"umask {umask}; rm -f f; "$AW" f --from src"#)).status.success());
        assert_eq!(scene.mode("f"), expected, "{source:o}");
    }
    scene.chmod("f", 0o640);
    assert!(scene.sh(r#""$AW" f --from src"#).status.success());
    assert_eq!(scene.mode("f"), 0o640);
    // By redirection it is a stream without a mode.
    assert!(scene.sh(r#"umask 022; "$AW" g <src"#).status.success());
    assert_eq!(scene.mode("g"), 0o644);
}

/// The offset is where the input begins, and in the end all of it is taken.
#[test]
fn standard_input_begins_where_the_descriptor_stands() {
    let scene = Scene::new();
    scene.write("src", "one\ntwo\nthree\n");
    // `--from -` is the same descriptor.
    for args in [&["f"][..], &["f", "--from", "-"]] {
        for (offset, content) in [(4, "two\nthree\n"), (0, "one\ntwo\nthree\n"), (14, "")] {
            let mut file = scene.open("src");
            file.seek(SeekFrom::Start(offset)).unwrap();
            let output = scene.with_stdin(args, file.try_clone().unwrap());
            assert_eq!((output.status.code(), scene.text("f").as_str()), (Some(0), content), "{args:?}");
            let mut rest = String::new();
            file.read_to_string(&mut rest).unwrap();
            assert_eq!(rest, "", "{args:?} {offset}");
        }
    }
}

#[test]
fn an_offset_beyond_the_end_is_an_empty_input() {
    let scene = Scene::new();
    let mut file = std::fs::File::open(scene.write("src", "content")).unwrap();
    file.seek(SeekFrom::Start(1000)).unwrap();
    let status = scene.process().arg("f").stdin(file).status().unwrap();
    assert!(status.success());
    assert_eq!(scene.text("f"), "");
}
