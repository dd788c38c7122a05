//! `--in-place`: the order of its calls, what a failure leaves, and what stays with the inode.
//!
//! Rows: 19.

use std::fs;

use crate::common::needs::needs;
use crate::common::strace::{Strace, Traced};
use crate::common::{Mounted, Scene, stderr, tool};

/// More than is written at once.
const LARGE: usize = 600_000;
const BACKUP: [&str; 3] = ["--in-place", "--backup=simple", "f"];

fn traced(scene: &Scene, args: &[&str], input: impl AsRef<[u8]>, injections: &[&str]) -> Traced {
    let mut strace = Strace::new(scene, args).input(input);
    for &injection in injections {
        strace = strace.inject(injection);
    }
    strace.run()
}

#[test]
fn copy_and_backup_are_on_the_disk_before_the_overwrite_begins() {
    needs!(strace);
    for how in ["full", "none"] {
        let scene = Scene::on("/var/tmp".as_ref());
        scene.write("f", "old");
        let run = traced(&scene, &["--sync", how, "--in-place", "--backup=simple", "f"], "new", &[]);
        assert_eq!(run.output.status.code(), Some(0), "{run:?}");
        let directory = format!("<{}>", scene.root().display());
        run.calls.in_order(&[
            ("openat", &[".aw-", "O_CREAT|O_EXCL", "0600"]),
            ("pwrite64", &[".aw-", "new"]),
            ("fsync", &[".aw-"]),
            ("fsync", &[&directory]),
            ("openat", &["\"f\"", "O_WRONLY"]),
            ("openat", &[".aw-", "O_CREAT|O_EXCL", "0600"]),
            ("fsync", &[".aw-"]),
            ("renameat2", &[".aw-", "\"f~\""]),
            ("fsync", &[&directory]),
            ("pwrite64", &["/f>", "new"]),
            ("unlink", &[".aw-"]),
        ]);
        assert!(!run.calls.has("openat", &["\"f\"", "O_TRUNC"]));
        assert_eq!(scene.names(), ["f", "f~"]);
    }
}

#[test]
fn a_failure_in_the_middle_tells_where_both_contents_are() {
    needs!(strace);
    let new = vec![b'n'; LARGE];
    let scene = || {
        let scene = Scene::on("/var/tmp".as_ref());
        scene.write("f", "old");
        scene.write("f~", "older");
        scene
    };
    let recorded = traced(&scene(), &BACKUP, &new, &[]).calls;
    let writes = recorded.0.iter().enumerate().filter(|(_, call)| call.is("pwrite64", &["/f>"]));
    let second = writes.map(|(at, _)| at).nth(1).unwrap();
    for errno in ["EIO", "ENOSPC"] {
        let scene = scene();
        let failure = format!("pwrite64:error={errno}:when={}", recorded.when(second));
        let run = traced(&scene, &BACKUP, &new, &[&failure]);
        assert_eq!(run.output.status.code(), Some(5), "{run:?}");
        let names = scene.names();
        let copy = names.iter().find(|name| name.starts_with(".aw-")).unwrap();
        let says = stderr(&run.output);
        assert!(says.contains(&format!("hint: the whole new content is {copy}\n")), "{says}");
        assert!(says.ends_with("hint: the old content is f~\n"), "{says}");
        assert_eq!((scene.read(copy), scene.text("f~").as_str()), (new.clone(), "old"));
        assert_eq!(names.len(), 3, "{names:?}");
    }
}

#[test]
fn a_failure_before_the_first_byte_leaves_file_and_backups() {
    needs!(strace);
    for older in [None, Some("older")] {
        let scene = || {
            let scene = Scene::on("/var/tmp".as_ref());
            scene.write("f", "old");
            if let Some(content) = older {
                scene.write("f~", content);
            }
            scene
        };
        let recorded = traced(&scene(), &BACKUP, "new", &[]).calls;
        let named = recorded.at("renameat2", &["\"f~\""]);
        let synced = named + recorded.0[named..].iter().position(|call| call.is("fsync", &[])).unwrap();
        let failures = [
            recorded.inject("renameat2", &["\"f~\""], "error=EIO"),
            format!("fsync:error=EIO:when={}", recorded.when(synced)),
            recorded.inject("pwrite64", &["/f>"], "error=EIO"),
        ];
        for failure in &failures {
            let scene = scene();
            let run = traced(&scene, &BACKUP, "new", &[failure]);
            assert_eq!(run.output.status.code(), Some(1), "{failure}: {run:?}");
            assert!(stderr(&run.output).contains("(unchanged)"), "{failure}: {run:?}");
            assert_eq!(scene.text("f"), "old", "{failure}");
            match older {
                None => assert_eq!(scene.names(), ["f"], "{failure}"),
                Some(content) => {
                    assert_eq!((scene.names().len(), scene.text("f~").as_str()), (2, content), "{failure}");
                }
            }
        }
    }
}

#[test]
fn owner_mode_and_acl_stay_with_file_and_backup() {
    needs!(root, acls_and_attributes);
    let scene = Scene::with_old();
    scene.give("f", 1234, 1235);
    scene.chmod("f", 0o640);
    assert!(scene.sh("setfacl -m u:1236:rw f && setfattr -n user.x -v y f").status.success());
    let state = |name: &str| {
        let path = scene.path(name);
        tool("getfacl", &["-cnp", path.to_str().unwrap()])
            + &tool("getfattr", &["--only-values", "-n", "user.x", path.to_str().unwrap()])
    };
    let (before, owner) = (state("f"), scene.owner("f"));
    scene.cmd().args(["--in-place", "-b", "f"]).write_stdin("new").assert().success().stderr("");
    for name in ["f", "f~"] {
        assert_eq!((state(name), scene.owner(name)), (before.clone(), owner), "{name}");
    }
    scene.cmd().args(["--in-place", "-m", "600", "f"]).write_stdin("new").assert().success().stderr("");
    assert_eq!((scene.mode("f"), scene.owner("f")), (0o600, owner));
}

#[test]
fn a_bind_mount_of_the_file_sees_the_new_content() {
    needs!(root);
    let scene = Scene::with_old();
    let inside = scene.write("inside", "");
    let bound = Mounted::bind(&scene.path("f"), &inside);
    scene.cmd().args(["--in-place", "f"]).write_stdin("new").assert().success().stderr("");
    assert_eq!(scene.text("inside"), "new");
    scene.cmd().args(["--in-place", "inside"]).write_stdin("newer").assert().success().stderr("");
    drop(bound);
    assert_eq!(scene.text("f"), "newer");
}

#[test]
fn a_target_that_may_not_be_written_is_refused_without_a_hint() {
    needs!(setpriv);
    let scene = Scene::with_old();
    scene.chmod("f", 0o444);
    for force in [&[][..], &["--force"]] {
        let output = scene.ordinary().arg("--in-place").args(force).arg("f").output().unwrap();
        let says = "atomic-write: f: replace: no write permission on the file, which --in-place needs (unchanged)\n";
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(1), says));
    }
}

#[test]
fn a_backup_that_cannot_be_made_is_told_before_the_command_runs() {
    needs!(setpriv);
    let scene = Scene::new();
    scene.mkdir("d");
    scene.write("d/f", "old");
    scene.give_to_user("d/f");
    scene.give_to_user("d");
    scene.chmod("d", 0o555);
    let run = |options: &[&str]| {
        let words = ["d/f", "--", "sh", "-c", "echo ran >&2; printf new"];
        scene.ordinary().arg("--in-place").args(options).args(words).output().unwrap()
    };
    let output = run(&["--backup"]);
    let says = "atomic-write: d/f: backup: no write permission on directory d/ (unchanged)\n";
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(125), says));
    assert_eq!(stderr(&run(&[])), "ran\n");
    scene.chmod("d", 0o755);
    assert_eq!(scene.text("d/f"), "new");
}

#[test]
fn the_room_that_the_backup_takes_is_counted() {
    const MIB: usize = 1 << 20;
    needs!(root);
    let scene = Scene::new();
    let point = scene.mkdir("small");
    tool("mount", &["-t", "tmpfs", "-o", "size=10m", "tmpfs", point.to_str().unwrap()]);
    let mounted = Mounted::at(point);
    let target = mounted.path().join("f");
    let old = vec![b'o'; 4 * MIB];
    fs::write(&target, &old).unwrap();
    let mut run = scene.cmd();
    run.env("TMPDIR", "/var/tmp").args(["--in-place", "-b", "small/f"]).write_stdin(vec![b'n'; 9 * MIB]);
    let output = run.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(stderr(&output).contains("No space left on device (unchanged)"), "{output:?}");
    assert!(fs::read(&target).unwrap() == old);
    assert_eq!(fs::read_dir(mounted.path()).unwrap().count(), 1);
}

#[test]
fn an_edit_of_what_was_replaced_meanwhile_is_refused() {
    let scene = Scene::with_old();
    let script = "cat; printf other >g; mv g f";
    let output = scene.cmd().args(["--in-place", "-e", "f", "--", "sh", "-c", script]).output().unwrap();
    assert_eq!(output.status.code(), Some(123), "{output:?}");
    assert!(stderr(&output).contains("has changed since it was read (changed meanwhile)"), "{output:?}");
    scene.has_only("f", "other");
}

#[test]
fn a_target_that_appears_meanwhile_is_overwritten_as_well() {
    let scene = Scene::on("/var/tmp".as_ref());
    let script = "printf other >f; ln f g; printf new";
    scene.cmd().args(["--in-place", "f", "--", "sh", "-c", script]).assert().success().stderr("");
    assert_eq!((scene.text("f"), scene.text("g")), ("new".to_owned(), "new".to_owned()));
    assert_eq!(fs::metadata(scene.path("f")).unwrap().len(), 3);
}
