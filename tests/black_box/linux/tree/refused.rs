//! What the kernel reveals to be impossible is found before COMMAND runs.
//!
//! Rows: 101.

use std::process::Output;

use nix::libc;

use crate::common::filter::Filter;
use crate::common::needs::needs;
use crate::common::quirks::Quirky;
use crate::common::{Disk, Mounted, Scene, as_user, names_in, program, stderr, tool};
use crate::portable::tree::{NEW, done, made, make, run, tree, with_tree};

/// Leaves a mark where it runs.
const STEPS: [&str; 2] = ["write {}/f new", "write ran x"];

/// Refused with this line, the command was not started, and all in the scene is as it was.
#[track_caller]
fn refused(scene: &Scene, output: &Output, line: &str, before: &[String]) {
    assert_eq!(output.status.code(), Some(125), "{output:?}");
    assert!(stderr(output).starts_with(&format!("atomic-write: {line}")), "{output:?}");
    assert!(stderr(output).contains("(unchanged)\n"), "{output:?}");
    assert_eq!(tree(scene, "."), before);
}

#[test]
fn a_fifo_is_no_directory() {
    let scene = Scene::new();
    tool("mkfifo", &[scene.path("p").to_str().unwrap()]);
    let output = run(&scene, &["p"], &STEPS);
    refused(&scene, &output, "p: replace: is not a directory, and --tree replaces one", &["p".to_owned()]);
}

#[test]
fn a_mount_point_is_refused() {
    needs!(root);
    let scene = with_tree();
    make(&scene, "other", "other");
    let mounted = Mounted::bind(&scene.path("other"), &scene.path("d"));
    let before = tree(&scene, ".");
    refused(&scene, &run(&scene, &["d"], &STEPS), "d: replace: is a mount point (unchanged)\n", &before);
    drop(mounted);
    assert_eq!((tree(&scene, "d"), tree(&scene, "other")), (made("old"), made("other")));
}

#[test]
fn a_mount_point_deep_inside_is_refused_and_named() {
    needs!(root, exchange);
    for kind in ["directory", "file", "file system"] {
        let scene = with_tree();
        make(&scene, "d/sub/deep", "old");
        make(&scene, "other", "other");
        let at = scene.path(if kind == "file" { "d/sub/deep/sub/g" } else { "d/sub/deep/sub" });
        let mounted = match kind {
            "directory" => Mounted::bind(&scene.path("other"), &at),
            "file" => Mounted::bind(&scene.path("other/f"), &at),
            _ => {
                tool("mount", &["-t", "tmpfs", "none", at.to_str().unwrap()]);
                Mounted::at(at.clone())
            }
        };
        let before = tree(&scene, ".");
        let named = at.strip_prefix(scene.root()).unwrap().display().to_string();
        let line = format!("d: replace: {named} is a mount point in it");
        for args in [&["d"][..], &["--edit", "d"]] {
            refused(&scene, &run(&scene, args, &STEPS), &line, &before);
        }
        drop(mounted);
    }
}

#[test]
fn a_file_system_that_cannot_exchange_is_refused() {
    needs!(exchange);
    let Some(scene) = Quirky::new() else { return };
    make(&scene, "d", "old");
    let before = tree(&scene, ".");
    let output = run(&scene, &["d"], &STEPS);
    refused(&scene, &output, "d: replace: its file system cannot exchange two names: Invalid argument", &before);
    // A new one needs no exchange.
    done(&scene, &["new"], &NEW);
    assert_eq!(
        (tree(&scene, "new"), scene.names()),
        (vec!["f = new".to_owned()], ["d", "new"].map(str::to_owned).to_vec())
    );
    scene.set(|quirks| quirks.rename_flags = true);
    done(&scene, &["d"], &NEW);
    assert_eq!(
        (tree(&scene, "d"), scene.names()),
        (vec!["f = new".to_owned()], ["d", "new"].map(str::to_owned).to_vec())
    );
}

#[test]
fn no_clobber_needs_a_rename_that_replaces_nothing() {
    needs!(exchange);
    let Some(scene) = Quirky::new() else { return };
    let output = run(&scene, &["-n", "new"], &STEPS);
    refused(
        &scene,
        &output,
        "new: no-clobber: this file system cannot rename a directory without replacing another",
        &[],
    );
    scene.set(|quirks| quirks.rename_flags = true);
    done(&scene, &["-n", "new"], &NEW);
}

#[test]
fn a_filter_that_refuses_the_exchange_is_found() {
    for errno in [libc::ENOSYS, libc::EPERM, libc::EINVAL] {
        let scene = with_tree();
        let filter = Filter::new().refuse(libc::SYS_renameat2, errno).words();
        let script = "echo new >{}/f; echo x >ran";
        let args = [&filter[1], program().to_str().unwrap(), "--tree", "-I", "{}", "d", "--", "sh", "-c", script];
        let output = scene.other(&filter[0]).args(args).output().unwrap();
        let before = [vec!["d/".to_owned()], made("old").iter().map(|line| format!("d/{line}")).collect()].concat();
        refused(&scene, &output, "d: replace: its file system cannot exchange two names: ", &before);
    }
}

#[test]
fn an_immutable_directory_is_refused() {
    needs!(root, chattr, "mkfs.ext4");
    let scene = Disk::new("ext4", 8, "");
    make(&scene, "d", "old");
    let before = tree(&scene, ".");
    let path = scene.path("d");
    for (attribute, word) in [("i", "immutable"), ("a", "append-only")] {
        tool("chattr", &[&format!("+{attribute}"), path.to_str().unwrap()]);
        let output = run(&scene, &["d"], &STEPS);
        tool("chattr", &[&format!("-{attribute}"), path.to_str().unwrap()]);
        refused(&scene, &output, &format!("d: replace: is {word} (unchanged)\nhint: chattr -{attribute} "), &before);
    }
}

#[test]
fn a_read_only_file_system_is_refused() {
    needs!(root);
    let scene = with_tree();
    let mounted = Mounted::bind(scene.root(), scene.root());
    tool("mount", &["-o", "remount,bind,ro", mounted.path().to_str().unwrap()]);
    let outputs = ["d", "new"].map(|target| {
        let target = scene.path(target);
        let args = ["--tree", "-I", "{}", target.to_str().unwrap(), "--", "sh", "-c", "echo x >{}/f; echo ran"];
        scene.cmd().args(args).output().unwrap()
    });
    drop(mounted);
    for output in outputs {
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(125), &b""[..]), "{output:?}");
        assert!(stderr(&output).contains("Read-only file system (unchanged)"), "{output:?}");
    }
    assert_eq!((tree(&scene, "d"), scene.names()), (made("old"), vec!["d".to_owned()]));
}

#[test]
fn what_an_ordinary_user_may_not_do_is_refused() {
    needs!(root);
    let scene = Scene::new();
    for (parent, mode) in [("closed", 0o755), ("sticky", 0o1777), ("open", 0o777)] {
        scene.mkdir(parent);
        make(&scene, &format!("{parent}/d"), "old");
        scene.chmod(parent, mode);
    }
    // Another's directory, in which he may write: a rename of it is his right where the bits of its parent say so.
    scene.chmod("sticky/d", 0o777);
    let before = tree(&scene, ".");
    for (target, says) in [
        ("closed/d", "closed/d: replace: "),
        ("closed/new", "closed/new: replace: no write permission on directory closed/"),
        ("sticky/d", "sticky/d: replace: is another user's file in sticky directory sticky/"),
        ("open/d", "open/d: replace: no write permission on the directory itself, which its rename needs"),
    ] {
        let args = ["--tree", "-I", "{}", target, "--", "sh", "-c", "echo ran >&2; echo new >{}/f"];
        let output = scene.through(as_user()).args(args).output().unwrap();
        refused(&scene, &output, says, &before);
        assert!(!stderr(&output).contains("ran"), "{output:?}");
    }
    assert_eq!(names_in(&scene.path("open")), ["d"]);
}
