//! Long names and long paths, and PATH_MAX.
//!
//! Rows: 32.

use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};

use crate::common::Scene;
use crate::common::needs::needs;
use crate::portable::names::long::LONGEST;

/// As long as a path can be, in bytes, without the byte that ends it.
const LONGEST_PATH: usize = 4095;

/// Creates directories so that a file `f` in the innermost has a path of `length` bytes. Returns that path, relative
/// to the scene.
fn deep(scene: &Scene, length: usize) -> String {
    let mut here = openat(CWD, scene.root(), OFlags::PATH, Mode::empty()).unwrap();
    let mut path = String::new();
    while path.len() < length - 1 {
        // Not so much that less than one letter and a slash would be left.
        let left = length - 1 - path.len();
        let name = "d".repeat(if left > 202 { 199 } else { left - 1 });
        mkdirat(&here, &name, Mode::from_raw_mode(0o755)).unwrap();
        here = openat(&here, &name, OFlags::PATH, Mode::empty()).unwrap();
        path.push_str(&name);
        path.push('/');
    }
    path.push('f');
    assert_eq!(path.len(), length);
    path
}

/// Where the staging file needs a name, that does not make it longer.
#[test]
fn the_longest_name_needs_no_room_for_the_staging_name() {
    use crate::common::strace::Strace;
    needs!(strace);
    let scene = Scene::new();
    let name = "n".repeat(LONGEST);
    for content in ["one", "two"] {
        let traced = Strace::new(&scene, &[&name]).input(content).without_unnamed("EOPNOTSUPP").run();
        assert!(traced.output.status.success(), "{traced:?}");
        assert_eq!((scene.text(&name).as_str(), scene.names()), (content, vec![name.clone()]));
    }
}

#[test]
fn the_longest_path_is_created_and_replaced() {
    let scene = Scene::new();
    let path = deep(&scene, LONGEST_PATH);
    for content in ["one", "two"] {
        scene.cmd().args(["--report", &path]).write_stdin(content).assert().success().stderr("");
        let shown = scene.other("cat").arg(&path).output().unwrap();
        assert_eq!(crate::common::stdout(&shown), content);
    }
}

/// In a directory that has no path of its own any more, as it would be too long.
#[test]
fn a_working_directory_deeper_than_any_path_works() {
    let scene = Scene::new();
    let path = deep(&scene, LONGEST_PATH);
    let (directory, more) = (path.strip_suffix("/f").unwrap(), "e".repeat(200));
    let script = r#"mkdir "$0" && printf new | env -C "$0" "$AW" f && env -C "$0" cat f"#;
    let mut command = scene.other("env");
    command.args(["-C", directory, "sh", "-c", script, &more]).env("AW", crate::common::program());
    let output = command.output().unwrap();
    assert_eq!((crate::common::stdout(&output).as_str(), output.status.code()), ("new", Some(0)), "{output:?}");
}

/// Each link begins anew, as it does for the kernel.
#[test]
fn links_of_the_longest_text_are_followed() {
    for length in [1023, LONGEST_PATH] {
        let scene = Scene::new();
        let path = deep(&scene, length);
        match std::os::unix::fs::symlink(&path, scene.path("link")) {
            // XFS takes no more.
            Err(error) if error.kind() == std::io::ErrorKind::InvalidFilename && length > 1023 => continue,
            linked => linked.unwrap(),
        }
        scene.cmd().arg("link").write_stdin("new").assert().success().stdout("").stderr("");
        assert_eq!(scene.text("link"), "new");
    }
}
