//! What refuses the exchange itself: layers of an overlay, and mounts that appear.
//!
//! Rows: 101.

use std::fs;

use crate::common::needs::needs;
use crate::common::strace::Strace;
use crate::common::{Disk, Mounted, Scene, names_in, stderr, tool};
use crate::portable::tree::{NEW, done, made, make, run, tree, with_tree};

#[test]
fn a_directory_of_a_lower_layer_is_not_exchanged() {
    needs!(root, "mkfs.ext4", exchange);
    // No overlay is the upper layer of another.
    let scene = Disk::new("ext4", 64, "");
    for name in ["lower", "lower/in", "upper", "work"] {
        scene.mkdir(name);
    }
    make(&scene, "lower/in/d", "old");
    let at = |name: &str| scene.path(name).display().to_string();
    let options = format!("redirect_dir=off,lowerdir={},upperdir={},workdir={}", at("lower"), at("upper"), at("work"));
    let overlay = Mounted::with(&scene, "overlay", &["-t", "overlay", "-o", &options, "none"]);
    let output = run(&scene, &["overlay/in/d"], &NEW);
    assert_eq!(output.status.code(), Some(125), "{output:?}");
    let says = "atomic-write: overlay/in/d: rename: Cross-device link (unchanged)\n";
    assert!(stderr(&output).starts_with(says), "{output:?}");
    assert_eq!(
        (tree(&scene, "overlay/in/d"), crate::common::names_in(&scene.path("overlay/in"))),
        (made("old"), vec!["d".to_owned()])
    );
    // What is of the upper layer only can be exchanged.
    done(&scene, &["overlay/in/new"], &NEW);
    done(&scene, &["overlay/in/new"], &["write {}/f newer"]);
    assert_eq!(tree(&scene, "overlay/in/new"), ["f = newer"]);
    drop(overlay);
    assert_eq!(tree(&scene, "lower/in/d"), made("old"));
}

#[test]
fn a_mount_point_that_appears_while_the_command_runs_is_refused() {
    needs!(root, exchange);
    let scene = with_tree();
    make(&scene, "other", "other");
    let script = "mount --bind other d && echo new >{}/f";
    let output = scene.cmd().args(["--tree", "-I", "{}", "d", "--", "sh", "-c", script]).output().unwrap();
    let mounted = Mounted::at(scene.path("d"));
    assert_eq!(output.status.code(), Some(125), "{output:?}");
    assert!(stderr(&output).contains("d: replace: is a mount point ("), "{output:?}");
    drop(mounted);
    assert_eq!((tree(&scene, "d"), tree(&scene, "other")), (made("old"), made("other")));
    assert_eq!(scene.names(), ["d", "other"]);
}

/// No exchange of names is possible between a subvolume and a directory.
#[test]
fn a_subvolume_is_refused_before_the_command_runs() {
    needs!(root, "mkfs.btrfs", btrfs, exchange);
    let outer = Scene::new();
    let mounted = Mounted::image(&outer, "btrfs", 128, "");
    let volume = mounted.path().join("volume");
    tool("btrfs", &["-q", "subvolume", "create", volume.to_str().unwrap()]);
    fs::write(volume.join("f"), "old").unwrap();
    let target = volume.to_str().unwrap();
    let output =
        outer.cmd().args(["--tree", "-I", "{}", target, "--", "sh", "-c", "touch ran {}/new"]).output().unwrap();
    assert_eq!(output.status.code(), Some(125), "{output:?}");
    assert!(stderr(&output).contains(": replace: is a file system or a subvolume of its own, "), "{output:?}");
    assert_eq!((names_in(&volume), outer.path("ran").exists()), (vec!["f".to_owned()], false));
    assert_eq!(names_in(mounted.path()), ["volume"]);
}

#[test]
fn whatever_refuses_the_exchange_leaves_all_as_it_was() {
    needs!(strace, exchange);
    for (errno, words) in [
        ("EBUSY", "Device or resource busy"),
        ("EXDEV", "Cross-device link"),
        ("EPERM", "Operation not permitted"),
        ("ENOSPC", "No space left on device"),
        ("EIO", "I/O error"),
    ] {
        for options in [&[][..], &["-b"]] {
            let scene = with_tree();
            make(&scene, "src", "new");
            make(&scene, "d~", "older");
            let (inode, before) = (scene.inode("d"), tree(&scene, "."));
            let args = [&["--tree", "--from", "src"], options, &["d"]].concat();
            // The first one is a trial.
            let traced = Strace::new(&scene, &args).inject(format!("renameat2:error={errno}:when=2")).run();
            let mut says = format!("atomic-write: d: rename: {words} (unchanged)\n");
            if errno == "EXDEV" {
                says.push_str("hint: on an overlay, a directory of the lower layer cannot be exchanged\n");
            }
            assert_eq!((traced.output.status.code(), stderr(&traced.output)), (Some(1), says));
            assert_eq!((tree(&scene, "."), scene.inode("d")), (before, inode));
        }
    }
}

/// The exchange is taken back where the backup cannot be kept.
#[test]
fn whatever_refuses_the_backup_leaves_all_as_it_was() {
    needs!(strace, exchange);
    for (control, errno) in [("simple", "EPERM"), ("simple", "ENOSPC"), ("numbered", "EIO")] {
        let scene = with_tree();
        make(&scene, "src", "new");
        let (inode, before) = (scene.inode("d"), tree(&scene, "."));
        let args = ["--tree", "--from", "src", &format!("--backup={control}"), "d"];
        let traced = Strace::new(&scene, &args).inject(format!("renameat2:error={errno}:when=3"));
        // A refusal for good is followed by a plain rename.
        let traced = if errno == "EPERM" { traced.inject("renameat:error=EPERM:when=1") } else { traced }.run();
        let output = &traced.output;
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(stderr(output).contains("d: backup: ") && stderr(output).contains(" (unchanged)\n"), "{output:?}");
        assert_eq!((tree(&scene, "."), scene.inode("d")), (before, inode));
    }
}
