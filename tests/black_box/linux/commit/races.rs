//! What others make of TARGET and of its directory between the look and the rename.
//!
//! The program is stopped at a known call, the others act, and it goes on.
//!
//! Rows: 12, 26, 27.

use std::fs;
use std::path::Path;

use crate::common::needs::needs;
use crate::common::strace::{Strace, Traced, look, plain_calls};
use crate::common::{Scene, is_root, names_in, stderr, tool};

fn scene_with_old() -> Scene {
    let scene = Scene::with_old();
    scene.chmod("f", 0o640);
    scene
}

/// Runs it and does `change` once the staged file is complete: TARGET has been looked at, and is looked at again.
fn changed(scene: &Scene, named: bool, args: &[&str], change: impl Fn(&Path)) -> Traced {
    let mut strace = Strace::new(scene, args).input("new");
    if named {
        strace = strace.without_unnamed("EOPNOTSUPP");
    }
    let stopped = strace.stopped_after("fsync:when=1");
    change(&scene.path("f"));
    stopped.resume()
}

/// What others make of the file at this path.
type Change = fn(&Path);

fn remove(target: &Path) {
    if target.symlink_metadata().is_ok() {
        fs::remove_file(target).unwrap();
    }
}

fn directory(target: &Path) {
    remove(target);
    fs::create_dir(target).unwrap();
}

fn symlink(target: &Path) {
    remove(target);
    std::os::unix::fs::symlink("other", target).unwrap();
}

fn fifo(target: &Path) {
    remove(target);
    tool("mkfifo", &[target.to_str().unwrap()]);
}

fn socket(target: &Path) {
    remove(target);
    std::os::unix::net::UnixListener::bind(target).unwrap();
}

fn device(target: &Path) {
    remove(target);
    tool("mknod", &[target.to_str().unwrap(), "c", "1", "3"]);
}

/// Another file, of another mode.
fn another(target: &Path) {
    remove(target);
    fs::write(target, "theirs").unwrap();
    tool("chmod", &["600", target.to_str().unwrap()]);
}

// Row 26.
#[test]
fn a_target_that_becomes_anything_but_a_file_is_refused() {
    needs!(strace);
    let mut changes: Vec<(Change, &str)> = vec![
        (directory, "is a directory"),
        (symlink, "became a symbolic link"),
        (fifo, "is a FIFO, not a regular file"),
        (socket, "is a socket, not a regular file"),
    ];
    if is_root() {
        changes.push((device, "is a device, not a regular file"));
    }
    for (change, says) in changes {
        for (old, named) in [(true, false), (true, true), (false, false), (false, true)] {
            let scene = if old { scene_with_old() } else { Scene::new() };
            scene.write("other", "other");
            let run = changed(&scene, named, &["f"], change);
            assert_eq!(run.output.status.code(), Some(1), "{run:?}");
            assert_eq!(stderr(&run.output), format!("atomic-write: f: replace: {says} (changed meanwhile)\n"));
            assert_eq!((scene.text("other").as_str(), scene.names()), ("other", vec!["f".into(), "other".into()]));
            assert!(!scene.path("f").symlink_metadata().unwrap().is_file());
        }
    }
}

// Row 26: after the last look only the kernel can tell.
#[test]
fn a_target_that_becomes_a_directory_last_is_refused_by_the_kernel() {
    needs!(strace);
    let scene = scene_with_old();
    let looked = plain_calls().stop_last(look(), &["\"f\""]);
    let stopped = Strace::new(&scene, &["f"]).input("new").stopped_after(&looked);
    directory(&scene.path("f"));
    let run = stopped.resume();
    assert_eq!(run.output.status.code(), Some(1), "{run:?}");
    assert_eq!(stderr(&run.output), "atomic-write: f: rename: Is a directory (changed meanwhile)\n");
    assert_eq!(scene.names(), ["f"]);
}

// Row 26.
#[test]
fn a_target_unlinked_meanwhile_is_created_with_its_metadata() {
    needs!(strace);
    for named in [false, true] {
        let scene = scene_with_old();
        let run = changed(&scene, named, &["--report", "f"], remove);
        assert_eq!(run.output.status.code(), Some(0), "{run:?}");
        assert_eq!(run.output.stdout, b"created\n");
        assert_eq!((scene.text("f").as_str(), scene.mode("f"), scene.names()), ("new", 0o640, vec!["f".to_owned()]));
    }
}

// Rows 26 and 12.
#[test]
fn a_target_that_becomes_another_file_gives_metadata_that_is_synced() {
    needs!(strace);
    for (old, named) in [(true, false), (true, true), (false, false), (false, true)] {
        let scene = if old { scene_with_old() } else { Scene::new() };
        let run = changed(&scene, named, &["f"], another);
        assert_eq!(run.output.status.code(), Some(0), "{run:?}");
        assert_eq!((scene.text("f").as_str(), scene.mode("f"), scene.names()), ("new", 0o600, vec!["f".to_owned()]));
        let beside = format!("<{}/", scene.root().display());
        run.calls.in_order(&[
            ("fsync", &[&beside]),
            ("fchmod", &["0600"]),
            ("fsync", &[&beside]),
            ("renameat", &["\"f\""]),
        ]);
    }
}

// Row 26.
#[test]
fn the_mode_asked_for_holds_whatever_target_becomes() {
    needs!(strace);
    let scene = scene_with_old();
    let run = changed(&scene, false, &["-m", "604", "f"], another);
    assert_eq!(run.output.status.code(), Some(0), "{run:?}");
    assert_eq!((scene.text("f").as_str(), scene.mode("f")), ("new", 0o604));
}

// Row 26, and --no-dereference: the link has become a file, which has metadata.
#[test]
fn a_link_that_becomes_a_file_gives_its_metadata() {
    needs!(strace);
    let scene = Scene::new();
    scene.write("other", "other");
    symlink(&scene.path("f"));
    let run = changed(&scene, false, &["-P", "f"], another);
    assert_eq!(run.output.status.code(), Some(0), "{run:?}");
    assert_eq!((scene.text("f").as_str(), scene.mode("f"), scene.text("other").as_str()), ("new", 0o600, "other"));
}

// Row 27.
#[test]
fn a_parent_that_is_renamed_takes_the_file_along() {
    needs!(strace);
    for (old, named) in [(true, false), (true, true), (false, false), (false, true)] {
        let scene = Scene::new();
        for name in ["d", "trap"] {
            scene.mkdir(name);
            if old {
                scene.write(format!("{name}/f"), "old");
            }
        }
        let mut strace = Strace::new(&scene, &["d/f"]).input("new");
        if named {
            strace = strace.without_unnamed("EOPNOTSUPP");
        }
        let stopped = strace.stopped_after("fsync:when=1");
        fs::rename(scene.path("d"), scene.path("moved")).unwrap();
        scene.symlink("trap", "d");
        let run = stopped.resume();
        assert_eq!(run.output.status.code(), Some(0), "{run:?}");
        assert_eq!(scene.text("moved/f"), "new");
        assert_eq!(names_in(&scene.path("moved")), ["f"]);
        assert_eq!(names_in(&scene.path("trap")), if old { vec!["f"] } else { vec![] });
        assert!(!old || scene.text("trap/f") == "old");
    }
}

// Row 27.
#[test]
fn after_the_look_every_name_is_relative_to_the_open_directory() {
    needs!(strace);
    let calls = plain_calls();
    let looked = calls.at("openat", &["\"f\""]);
    for call in calls.0[looked..].iter().filter(|call| call.name != "getrandom") {
        if call.is("statx", &["NULL"]) {
            // Whether there is such a call is asked without a name.
            continue;
        }
        let by_path = call.args.starts_with('"') || call.args.contains("AT_FDCWD");
        assert!(!by_path || call.quoted().starts_with("/proc/self/"), "{call:?}");
    }
}

// Row 27: a directory that is removed meanwhile.
#[test]
fn a_parent_that_is_removed_is_a_failure() {
    needs!(strace);
    let scene = Scene::new();
    scene.mkdir("d");
    let stopped = Strace::new(&scene, &["d/f"]).input("new").stopped_after("fsync:when=1");
    fs::remove_dir(scene.path("d")).unwrap();
    let run = stopped.resume();
    assert_eq!(run.output.status.code(), Some(1), "{run:?}");
    assert_eq!(stderr(&run.output), "atomic-write: d/f: link: directory d/: No such file or directory (unchanged)\n");
    assert_eq!(scene.names(), [""; 0]);
}

// Rows 27 and 49: a link gives nothing to what replaces it, also where it takes the place of a file after the last look.
#[test]
fn a_file_that_becomes_a_link_gives_the_link_owner_nothing() {
    needs!(root, strace);
    let start = || {
        let scene = Scene::new();
        scene.symlink("nowhere", "f");
        scene
    };
    // TARGET is a link at first, and a file when it is looked at for the last time: other than the one whose metadata the new one has.
    let command = "rm f; echo other >f; chmod 644 f; echo new";
    let args = ["-P", "-m", "600", "f", "--", "sh", "-c", command];
    let scene = start();
    let calls = Strace::new(&scene, &args).run().calls;
    let linked = calls.at("linkat", &["\".aw-"]);
    let looked = calls.0[linked..].iter().position(|call| call.is(look(), &["\"f\""])).unwrap() + linked;
    let scene = start();
    let stopped = Strace::new(&scene, &args).stopped_after(&format!("{}:when={}", look(), calls.when(looked)));
    fs::remove_file(scene.path("f")).unwrap();
    scene.symlink("elsewhere", "f");
    scene.give_to_user("f");
    let run = stopped.resume();
    assert_eq!(run.output.status.code(), Some(0), "{run:?}");
    assert_eq!((scene.text("f").as_str(), scene.mode("f"), scene.owner("f")), ("new\n", 0o600, (0, 0)));
}
