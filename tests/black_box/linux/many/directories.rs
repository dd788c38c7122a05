//! The directory, and what stands in the way of a file in it or of a source.
//!
//! Rows: 22, 27, 107.

use std::fs;
use std::os::unix::net::UnixListener;

use super::{args, content, sources};
use crate::common::needs::needs;
use crate::common::strace::Strace;
use crate::common::{Mounted, Scene, USER, names_in, stderr, tool};

/// One line for the directory and not one for each file.
#[track_caller]
fn one_error(output: &std::process::Output, line: &str) {
    assert_eq!((output.status.code(), stderr(output).as_str()), (Some(1), line));
}

/// As an ordinary user, also where root runs the tests: root may read everything.
#[test]
fn a_source_that_may_not_be_read_fails_alone() {
    let scene = Scene::new();
    let files = sources(&scene, 3);
    scene.chmod("src/1", 0);
    let output = scene.ordinary().args(args(&[], &files)).output().unwrap();
    let says = "atomic-write: d/1: open: src/1: Permission denied (unchanged)\natomic-write: d: 3 files: 1 failed, 2 created\n";
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(1), says));
    assert_eq!(names_in(&scene.path("d")), ["0", "2"]);
}

#[test]
fn a_directory_in_which_nothing_can_be_done_is_told_once() {
    needs!(root);
    let scene = Scene::new();
    let files = sources(&scene, 9);
    scene.write("d/0", "old");
    // As an ordinary user.
    let output = scene.through(crate::common::as_user()).args(args(&[], &files)).output().unwrap();
    one_error(&output, "atomic-write: d: replace: no write permission on directory d (unchanged)\n");
    // Read-only.
    let bound = Mounted::bind(&scene.path("d"), &scene.path("d"));
    tool("mount", &["-o", "remount,bind,ro", scene.path("d").to_str().unwrap()]);
    let output = scene.cmd().args(args(&[], &files)).output().unwrap();
    one_error(&output, "atomic-write: d: replace: directory d: Read-only file system (unchanged)\n");
    drop(bound);
    assert_eq!((scene.text("d/0").as_str(), names_in(&scene.path("d")).len()), ("old", 1));
}

#[test]
fn what_cannot_be_replaced_fails_alone() {
    needs!(root, chattr);
    let disk = crate::common::Disk::new("ext4", 16, "");
    let files = sources(&disk, 7);
    disk.write("d/0", "old");
    tool("chattr", &["+i", disk.path("d/0").to_str().unwrap()]);
    tool("mkfifo", &[disk.path("d/1").to_str().unwrap()]);
    disk.mkdir("d/2");
    let _socket = UnixListener::bind(disk.path("d/3")).unwrap();
    disk.write("d/4", "old");
    disk.write("other", "other");
    let bound = Mounted::bind(&disk.path("other"), &disk.path("d/4"));
    let output = disk.cmd().args(args(&["--report"], &files)).output().unwrap();
    tool("chattr", &["-i", disk.path("d/0").to_str().unwrap()]);
    let text = stderr(&output);
    for line in [
        "d/0: replace: is immutable (unchanged)\n",
        "d/1: replace: is a FIFO, not a regular file (unchanged)\n",
        "d/2: replace: is a directory (unchanged)\n",
        "d/3: replace: is a socket, not a regular file (unchanged)\n",
        "d/4: replace: is a mount point (unchanged)\n",
        "atomic-write: d: 7 files: 5 failed, 2 created\n",
    ] {
        assert!(text.contains(line), "{line:?} is not in {text:?}");
    }
    assert_eq!(output.stdout, b"created 5\ncreated 6\n");
    // Where only the rename is impossible it can be overwritten.
    let output = disk.cmd().args(args(&["--allow-in-place", "--report"], &files[4..])).output().unwrap();
    assert_eq!(
        (output.status.code(), output.stdout.as_slice()),
        (Some(0), &b"replaced 4\nreplaced 5\nreplaced 6\n"[..])
    );
    assert_eq!(disk.text("other"), content(4));
    drop(bound);
}

#[test]
fn a_directory_without_read_permission_is_synced_by_its_file_system() {
    needs!(root, strace, setpriv);
    let scene = Scene::new();
    let files = sources(&scene, 12);
    scene.give_to_user("d");
    scene.chmod("d", 0o300);
    let traced = Strace::new(&scene, &args(&["--report"], &files)).by(crate::common::as_user()).run();
    let output = traced.output;
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 12);
    let last_name =
        traced.calls.0.iter().rposition(|call| ["linkat", "renameat"].contains(&call.name.as_str())).unwrap();
    assert!(
        traced.calls.0[last_name..].iter().any(|call| call.name == "syncfs" && call.succeeded()),
        "{:#?}",
        traced.calls
    );
    assert_eq!(names_in(&scene.path("d")).len(), 12);
}

#[test]
fn anothers_file_in_a_sticky_directory_fails_alone() {
    needs!(root);
    let scene = Scene::new();
    let files = sources(&scene, 3);
    scene.chmod("d", 0o1777);
    scene.write("d/1", "old");
    scene.chmod("d/1", 0o666);
    let output = scene.through(crate::common::as_user()).args(args(&[], &files)).output().unwrap();
    let text = stderr(&output);
    assert!(text.starts_with("atomic-write: d/1: replace: ") && text.contains("sticky"), "{text}");
    assert!(text.ends_with("3 files: 1 failed, 2 created\n"), "{text}");
    assert_eq!((scene.text("d/1").as_str(), scene.owner("d/2")), ("old", (USER, USER)));
}

/// Everything goes to the directory that was opened.
#[test]
fn a_directory_that_is_renamed_meanwhile_is_held() {
    needs!(strace);
    let scene = Scene::new();
    let files = sources(&scene, 3);
    scene.write("d/0", "old");
    let recorded = Strace::new(&scene, &args(&[], &files)).run().calls;
    let first = recorded.stop("linkat", &["\"1\""]);
    for name in ["0", "1", "2"] {
        fs::remove_file(scene.path("d").join(name)).unwrap();
    }
    scene.write("d/0", "old");
    let stopped = Strace::new(&scene, &args(&[], &files)).stopped_after(&first);
    fs::rename(scene.path("d"), scene.path("moved")).unwrap();
    scene.mkdir("d");
    let traced = stopped.resume();
    assert_eq!(traced.output.status.code(), Some(0), "{traced:?}");
    assert_eq!(
        (names_in(&scene.path("moved")), names_in(&scene.path("d")).len()),
        (["0", "1", "2"].map(str::to_owned).to_vec(), 0)
    );
}

#[test]
fn a_directory_that_is_removed_meanwhile_is_told() {
    needs!(strace);
    let scene = Scene::new();
    let files = sources(&scene, 3);
    let recorded = Strace::new(&scene, &args(&[], &files)).run().calls;
    for name in ["0", "1", "2"] {
        fs::remove_file(scene.path("d").join(name)).unwrap();
    }
    let stop = recorded.stop("openat", &["src/2"]);
    let stopped = Strace::new(&scene, &args(&[], &files)).stopped_after(&stop);
    fs::remove_dir(scene.path("d")).unwrap();
    let traced = stopped.resume();
    let text = stderr(&traced.output);
    assert_eq!((traced.output.status.code(), scene.names()), (Some(1), vec!["src".to_owned()]), "{traced:?}");
    assert!(text.ends_with("atomic-write: d: 3 files: 3 failed\n"), "{text}");
}

#[test]
fn a_source_that_changes_while_it_is_read_fails_alone() {
    needs!(strace);
    let scene = Scene::new();
    let files = sources(&scene, 3);
    scene.write("d/1", "old");
    let recorded = Strace::new(&scene, &args(&[], &files)).run().calls;
    for name in ["0", "2"] {
        fs::remove_file(scene.path("d").join(name)).unwrap();
    }
    scene.write("d/1", "old");
    let stopped = Strace::new(&scene, &args(&[], &files)).stopped_after(&recorded.stop("openat", &["src/1"]));
    let before = fs::metadata(scene.path("src/1")).unwrap().modified().unwrap();
    crate::common::events::until("its time is another", || {
        scene.write("src/1", "something else");
        fs::metadata(scene.path("src/1")).unwrap().modified().unwrap() != before
    });
    let traced = stopped.resume();
    let text = stderr(&traced.output);
    // It may be so early that nothing of it has been looked at.
    if traced.output.status.code() == Some(0) {
        assert_eq!(scene.text("d/1"), "something else");
    } else {
        assert!(text.contains("atomic-write: d/1: read: ") && text.contains("1 failed, 2 created"), "{text}");
        assert_eq!(scene.text("d/1"), "old");
    }
    assert_eq!((scene.text("d/0"), scene.text("d/2")), (content(0), content(2)));
}

#[test]
fn the_directory_may_be_on_another_file_system() {
    needs!(root);
    let scene = Scene::new();
    let files = sources(&scene, 20);
    let far = Mounted::with(&scene, "far", &["-t", "tmpfs", "none"]);
    scene.cmd().args(["-D", "-t", "far/x/y"]).args(&files).assert().success().stderr("");
    assert_eq!(names_in(&far.path().join("x/y")).len(), 20);
}
