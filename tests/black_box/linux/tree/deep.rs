//! Trees of any depth, and names of any bytes.
//!
//! Rows: 103.

use std::ffi::OsStr;
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};

use crate::common::needs::needs;
use crate::common::{Scene, stderr, tool};
use crate::portable::tree::{NEW, done, run, tree};

const LEVELS: usize = 1000;
/// As many levels are longer than `PATH_MAX`.
const NAME: &str = "directory";

fn open(directory: &OwnedFd, name: &str, flags: OFlags) -> OwnedFd {
    openat(directory, name, flags, Mode::from_raw_mode(0o600)).unwrap()
}

/// A directory with so many levels in it, the last of which holds `f`.
fn make(scene: &Scene, name: &str) {
    let mut here = openat(CWD, scene.mkdir(name), OFlags::DIRECTORY, Mode::empty()).unwrap();
    for _ in 0..LEVELS {
        mkdirat(&here, NAME, Mode::from_raw_mode(0o700)).unwrap();
        here = open(&here, NAME, OFlags::DIRECTORY);
    }
    open(&here, "f", OFlags::CREATE | OFlags::WRONLY);
}

#[track_caller]
fn is_deep(path: &Path) {
    let mut here = openat(CWD, path, OFlags::DIRECTORY, Mode::empty()).unwrap();
    for _ in 0..LEVELS {
        here = open(&here, NAME, OFlags::DIRECTORY);
    }
    open(&here, "f", OFlags::RDONLY);
}

/// The standard library cannot with so few descriptors.
fn clean(scene: &Scene) {
    for name in scene.names() {
        tool("rm", &["-rf", scene.path(name).to_str().unwrap()]);
    }
}

#[test]
fn a_thousand_levels_are_copied_edited_and_removed() {
    needs!(exchange);
    let scene = Scene::new();
    make(&scene, "src");
    let output = scene.cmd().args(["--tree", "--from", "src", "d"]).output().unwrap();
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    is_deep(&scene.path("d"));
    done(&scene, &["--edit", "d"], &["write {}/g new"]);
    is_deep(&scene.path("d"));
    assert_eq!(scene.text("d/g"), "new");
    let output = run(&scene, &["--edit", "--report", "--validate", "exit 0", "d"], &["list {}"]);
    assert_eq!(crate::common::stdout(&output), format!("{NAME}\ng\nunchanged\n"), "{output:?}");
    done(&scene, &["-b", "d"], &NEW);
    is_deep(&scene.path("d~"));
    // Removes the older backup.
    done(&scene, &["-b", "d"], &NEW);
    assert_eq!(
        (tree(&scene, "d~"), scene.names()),
        (vec!["f = new".to_owned()], ["d", "d~", "src"].map(str::to_owned).to_vec())
    );
    clean(&scene);
}

#[test]
fn few_open_files_are_enough() {
    needs!(exchange);
    let scene = Scene::new();
    make(&scene, "src");
    for _ in 0..2 {
        let output = scene.sh("ulimit -n 64; exec \"$AW\" --tree --from src d");
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
        is_deep(&scene.path("d"));
    }
    assert_eq!(scene.names(), ["d", "src"]);
    clean(&scene);
}

/// A level on the stack would be more than a kilobyte.
#[test]
fn a_small_stack_is_enough() {
    needs!(exchange);
    let scene = Scene::new();
    make(&scene, "src");
    for _ in 0..2 {
        let output = scene.sh("ulimit -s 1024; exec \"$AW\" --tree --from src d");
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    }
    clean(&scene);
}

#[test]
fn names_are_bytes() {
    needs!(exchange, any_names);
    let names: [&[u8]; 9] =
        [b"\xff\xfe", b"a\nb", b"\"quoted\"", b"'", b"-rf", b" ", b"\x01", b"*", "\u{e4}".as_bytes()];
    let scene = Scene::new();
    scene.mkdir("src");
    for name in names {
        let name = OsStr::from_bytes(name);
        scene.mkdir(Path::new("src").join(name));
        scene.write(Path::new("src").join(name).join(name), name.as_bytes());
        let mut longest = name.as_bytes().to_vec();
        longest.resize(255, b'x');
        scene.write(Path::new("src").join(OsStr::from_bytes(&longest)), "x");
    }
    for target in names {
        let target = OsStr::from_bytes(target);
        for _ in 0..2 {
            let mut command = scene.cmd();
            command.args(["--tree", "--from", "src", "--"]).arg(target).assert().success().stderr("");
        }
        let list = |top: &Path| {
            let mut names: Vec<_> =
                fs::read_dir(scene.path(top)).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            names
        };
        assert_eq!(list(target.as_ref()), list("src".as_ref()));
        for name in names.map(OsStr::from_bytes) {
            assert_eq!(scene.read(Path::new(target).join(name).join(name)), name.as_bytes());
        }
    }
    assert_eq!(fs::read_dir(scene.root()).unwrap().count(), names.len() + 1);
}

#[test]
fn the_longest_name_of_target_works() {
    needs!(exchange);
    let scene = Scene::new();
    let name = "n".repeat(255);
    done(&scene, &[&name], &NEW);
    done(&scene, &["--edit", &name], &["append {}/f er"]);
    assert_eq!((tree(&scene, &name), scene.names()), (vec!["f = newer".to_owned()], vec![name]));
}
