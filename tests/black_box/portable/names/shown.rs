//! Names are bytes, and are printed safely.
//!
//! Rows: 47.

use std::ffi::OsString;
use std::fs;

use crate::common::needs::{lacks, needs};
use crate::common::system::argument;
use crate::common::{Scene, does, stderr};

/// Names, and how they are shown.
pub const NAMES: [(&[u8], &str); 10] = [
    (b"caf\xe9", r"$'caf\xe9'"),
    (b"\xff", r"$'\xff'"),
    (b"two\nlines", r"$'two\nlines'"),
    (b"\nhint: rm -rf", r"$'\nhint: rm -rf'"),
    (b"\x1b[31mred\x1b]0;title\x07", r"$'\x1b[31mred\x1b]0;title\x07'"),
    (b"back\x08\x7f\r\t", r"$'back\x08\x7f\r\t'"),
    (b"it's\x01", r"$'it\'s\x01'"),
    (b"\xc2\x9b31m", r"$'\xc2\x9b31m'"),
    (b"\xe2\x80\xaetxt.exe", r"$'\xe2\x80\xaetxt.exe'"),
    (b" spaced: 'quoted' \"\\ (unchanged)", " spaced: 'quoted' \"\\ (unchanged)"),
];

/// Those that a file can have here.
fn names() -> impl Iterator<Item = (OsString, &'static str)> {
    let any = !lacks!(any_names);
    // The one that no system minds.
    let fits = move |bytes: &[u8]| any || bytes.ends_with(b"txt.exe");
    NAMES.into_iter().filter(move |(bytes, _)| fits(bytes)).filter_map(|(bytes, shown)| Some((argument(bytes)?, shown)))
}

/// What the program says must be one line of this kind, and nothing that a terminal obeys.
pub fn assert_safe(text: &str, shown: &str) {
    assert_eq!(text.lines().count(), 1 + usize::from(text.contains("\nhint: ")), "{text:?}");
    assert!(!text.chars().any(|letter| letter.is_control() && letter != '\n'), "{text:?}");
    assert!(text.contains(shown), "{text:?}");
}

#[test]
fn every_name_is_written_read_and_led_to() {
    needs!(native_program);
    for (name, _) in names() {
        let (scene, name) = (Scene::new(), &name);
        scene.cmd().arg(name).write_stdin("one").assert().success().stdout("").stderr("");
        let mut by = name.clone();
        if !lacks!(symlinks) {
            scene.symlink(name, "link");
            by = "link".into();
        }
        scene.cmd().arg(by).write_stdin("two").assert().success().stdout("").stderr("");
        scene.cmd().arg("copy").arg("--from").arg(name).assert().success().stdout("").stderr("");
        assert_eq!((scene.text(name).as_str(), scene.text("copy").as_str()), ("two", "two"));
        scene.cmd().arg("-D").arg(scene.path("d").join(name).join("f")).write_stdin("new").assert().success();
        assert_eq!(fs::read(scene.path("d").join(name).join("f")).unwrap(), b"new");
    }
}

#[test]
fn a_target_is_printed_safely() {
    for (name, shown) in names() {
        let (scene, name) = (Scene::new(), &name);
        fs::create_dir(scene.path(name)).unwrap();
        let output = scene.cmd().arg(name).output().unwrap();
        let text = stderr(&output);
        assert_safe(&text, shown);
        assert_eq!(text, format!("atomic-write: {shown}: replace: is a directory (unchanged)\n"));
    }
}

#[test]
fn what_verbose_and_warnings_name_is_printed_safely() {
    for (name, shown) in names() {
        let (scene, name) = (Scene::new(), &name);
        let output = scene.cmd().arg("-v").arg(name).write_stdin("new").output().unwrap();
        assert_safe(&stderr(&output), &format!("atomic-write: {shown}: created"));
        if lacks!(hard_links) {
            continue;
        }
        fs::hard_link(scene.path(name), scene.path("link")).unwrap();
        let output = scene.cmd().arg(name).write_stdin("new").output().unwrap();
        assert_safe(&stderr(&output), &format!("atomic-write: {shown}: warning: "));
    }
}

#[test]
fn a_source_a_directory_and_a_command_are_printed_safely() {
    needs!(native_program);
    for (name, shown) in names() {
        let (scene, name) = (Scene::new(), &name);
        let output = scene.cmd().arg("f").arg("--from").arg(name).output().unwrap();
        assert_safe(&stderr(&output), shown);
        let output = scene.cmd().arg("f").arg("--").arg(name).env("PATH", scene.root()).output().unwrap();
        assert_eq!(output.status.code(), Some(127));
        assert_safe(&stderr(&output), shown.trim_end_matches('\''));
        let output = scene.cmd().arg(scene.path(name).join("f")).output().unwrap();
        assert_safe(&stderr(&output), shown.trim_start_matches("$'").trim_end_matches('\''));
        let output =
            scene.cmd().arg("-D").arg(scene.path(name).join("f")).arg("--").args(does(&["exit 1"])).output().unwrap();
        assert_safe(&stderr(&output), "exited with status 1");
        assert_eq!(scene.names().len(), 0);
    }
}

#[test]
fn a_second_operand_is_printed_safely() {
    for (bytes, shown) in NAMES {
        // Whatever a file can be called, this can be typed.
        let Some(name) = argument(bytes) else { continue };
        let scene = Scene::new();
        let output = scene.cmd().arg("f").arg(name).output().unwrap();
        let text = stderr(&output);
        assert!(text.starts_with(&format!("atomic-write: unexpected argument '{shown}'\nhint: ")), "{text:?}");
        assert!(!text.chars().any(|letter| letter.is_control() && letter != '\n'), "{text:?}");
    }
}

#[test]
fn a_name_that_begins_with_a_dash_works() {
    let scene = Scene::new();
    scene.cmd().args(["--", "-f"]).write_stdin("one").assert().success();
    scene.cmd().arg("./-f").write_stdin("two").assert().success();
    assert_eq!((scene.names(), scene.text("-f").as_str()), (vec!["-f".to_owned()], "two"));
}
