//! What mounts do to a commit: layers of an overlay that are not on one file system, and bind mounts that forbid writing.
//!
//! Rows: none.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::common::needs::needs;
use crate::common::{Mounted, Scene, stderr, tool};

/// An overlay whose files come from the lower layer; the upper one is on another file system, so a file that is copied
/// up can become another inode.
struct Layers {
    scene: Scene,
    overlay: Mounted,
    _memory: Mounted,
}

impl Layers {
    fn new() -> Layers {
        let scene = Scene::new();
        scene.mkdir("lower");
        scene.mkdir("lower/d");
        scene.write("lower/d/f", "old\n");
        scene.chmod("lower/d/f", 0o640);
        scene.symlink("d/f", "lower/link");
        let memory = Mounted::with(&scene, "memory", &["-t", "tmpfs", "none"]);
        scene.mkdir("memory/upper");
        scene.mkdir("memory/work");
        let at = |name: &str| scene.path(name).display().to_string();
        let options =
            format!("xino=off,lowerdir={},upperdir={},workdir={}", at("lower"), at("memory/upper"), at("memory/work"));
        let overlay = Mounted::with(&scene, "overlay", &["-t", "overlay", "-o", &options, "none"]);
        Layers { scene, overlay, _memory: memory }
    }

    fn path(&self) -> &Path {
        self.overlay.path()
    }
}

// Rows 20, 25, 26, 59, 63: inodes are compared, and those of an overlay change.
#[test]
fn files_of_a_lower_layer_are_replaced_in_every_mode() {
    needs!(root);
    let all: [(&[&str], &str, &[&str]); 10] = [
        (&["d/f"], "new\n", &["f"]),
        (&["link"], "new\n", &["f"]),
        (&["--if-changed", "d/f"], "new\n", &["f"]),
        (&["--append", "d/f"], "old\nnew\n", &["f"]),
        (&["--lock", "d/f"], "new\n", &["f"]),
        (&["--lock", "--append", "d/f"], "old\nnew\n", &["f"]),
        (&["--backup=simple", "d/f"], "new\n", &["f", "f~"]),
        (&["--backup=numbered", "--lock", "d/f"], "new\n", &["f", "f.~1~"]),
        (&["--edit", "d/f", "--", "sed", "s/old/new/"], "new\n", &["f"]),
        (&["--lock", "--edit", "--backup=simple", "d/f", "--", "sed", "s/old/new/"], "new\n", &["f", "f~"]),
    ];
    for (args, content, names) in all {
        let layers = Layers::new();
        let mut command = layers.scene.cmd();
        let output = command.current_dir(layers.path()).args(args).write_stdin("new\n").output().unwrap();
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{args:?}");
        assert_eq!(layers.scene.text("overlay/d/f"), content, "{args:?}");
        assert_eq!(layers.scene.mode("overlay/d/f"), 0o640);
        assert_eq!(crate::common::names_in(&layers.path().join("d")), names, "{args:?}");
        if let [_, backup] = names {
            assert_eq!(layers.scene.text(format!("overlay/d/{backup}")), "old\n");
        }
        // The lower layer is as it was, and the link in it is a link.
        assert_eq!(layers.scene.text("lower/d/f"), "old\n");
        assert!(layers.path().join("link").symlink_metadata().unwrap().is_symlink());
    }
}

#[test]
fn an_unchanged_file_of_a_lower_layer_stays_there() {
    needs!(root);
    let layers = Layers::new();
    let inode = layers.scene.inode("overlay/d/f");
    let mut command = layers.scene.cmd();
    command.current_dir(layers.path()).args(["--if-changed", "d/f"]).write_stdin("old\n").assert().success().stderr("");
    assert_eq!(layers.scene.inode("overlay/d/f"), inode);
    assert!(!layers.scene.path("memory/upper/d").exists());
}

// Promise 6, row 21: a container's read-only directory, and the file in it that may be written.
#[test]
fn a_writable_file_in_a_read_only_bind_mount_can_be_overwritten() {
    needs!(root);
    let scene = Scene::new();
    scene.mkdir("d");
    scene.write("d/f", "old");
    scene.write("d/fixed", "old");
    scene.write("writable", "old");
    let directory = Mounted::bind(&scene.path("d"), &scene.path("d"));
    let _file = Mounted::bind(&scene.path("writable"), &scene.path("d/f"));
    tool("mount", &["-o", "remount,bind,ro", directory.path().to_str().unwrap()]);
    let run = |options: &[&str], target: &str| {
        let args = [options, &[target, "--", "sh", "-c", "echo ran >ran; echo new"]].concat();
        let output = scene.cmd().args(args).output().unwrap();
        (output.status.code(), stderr(&output))
    };
    for options in [&[][..], &["--allow-in-place"]] {
        let says = "atomic-write: d/fixed: replace: Read-only file system (unchanged)\n";
        assert_eq!(run(options, "d/fixed"), (Some(125), says.to_owned()));
        let says = "atomic-write: d/new: replace: directory d/: Read-only file system (unchanged)\n";
        assert_eq!(run(options, "d/new"), (Some(125), says.to_owned()));
    }
    let (status, says) = run(&[], "d/f");
    assert_eq!(status, Some(125));
    assert!(says.starts_with("atomic-write: d/f: replace: is a mount point (unchanged)\nhint: "), "{says}");
    assert!(!scene.path("ran").exists());
    let inode = scene.path("d/f").metadata().unwrap().ino();
    let (status, says) = run(&["--allow-in-place"], "d/f");
    assert_eq!((status, scene.text("d/f").as_str(), scene.text("writable").as_str()), (Some(0), "new\n", "new\n"));
    assert!(says.contains("warning: "), "{says}");
    assert_eq!(scene.path("d/f").metadata().unwrap().ino(), inode);
}
