//! A disk that fills while a tree is staged.
//!
//! Rows: 106.

use crate::common::needs::needs;
use crate::common::{Mounted, Scene, stderr};
use crate::portable::tree::{done, fails, make, tree};

#[test]
fn a_disk_that_fills_leaves_target_as_it_was() {
    needs!(root, "mkfs.ext4", exchange);
    for kind in ["ext4", "tmpfs"] {
        let outer = Scene::new();
        outer.mkdir("src");
        for number in 0..8 {
            outer.write(format!("src/{number}"), vec![b'x'; 1 << 20]);
        }
        let mounted = match kind {
            "ext4" => Mounted::image(&outer, "ext4", 4, ""),
            _ => Mounted::with(&outer, "memory", &["-t", "tmpfs", "-o", "size=4m", "none"]),
        };
        let scene = Scene::on(mounted.path());
        make(&scene, "d", "old");
        let inode = scene.inode("d");
        let source = outer.path("src");
        for target in ["d", "new"] {
            let output = scene.cmd().args(["--tree", "--from", source.to_str().unwrap(), target]).output().unwrap();
            fails(&scene, &output, 1, "No space left on device (unchanged)\n");
            let script = "head -c 8000000 /dev/zero >{}/f";
            let output = scene.cmd().args(["--tree", "-I", "{}", target, "--", "sh", "-c", script]).output().unwrap();
            assert!(!output.status.success());
            fails(&scene, &output, output.status.code().unwrap(), "exited with status");
        }
        assert_eq!(scene.inode("d"), inode);
        // The room is free again.
        done(&scene, &["--edit", "d"], &["append {}/f er"]);
        assert_eq!(scene.text("d/f"), "older");
        drop(scene);
    }
}

#[test]
fn an_edit_without_room_for_the_copy_starts_no_command() {
    needs!(root, exchange);
    let outer = Scene::new();
    let mounted = Mounted::with(&outer, "memory", &["-t", "tmpfs", "-o", "size=4m", "none"]);
    let scene = Scene::on(mounted.path());
    scene.mkdir("d");
    scene.write("d/large", vec![b'x'; 3 << 20]);
    let args = ["--tree", "--edit", "-I", "{}", "d", "--", "sh", "-c", "echo ran >&2; echo >{}/f"];
    let output = scene.cmd().args(args).output().unwrap();
    assert_eq!(output.status.code(), Some(125), "{output:?}");
    assert!(stderr(&output).ends_with("No space left on device (unchanged)\n"), "{output:?}");
    assert!(!stderr(&output).contains("ran\n"), "{output:?}");
    assert_eq!((scene.names(), tree(&scene, "d").len()), (vec!["d".to_owned()], 1));
    drop(scene);
}

#[test]
fn a_disk_without_inodes_is_told() {
    needs!(root);
    let outer = Scene::new();
    make(&outer, "src", "new");
    let mounted = Mounted::with(&outer, "memory", &["-t", "tmpfs", "-o", "nr_inodes=9", "none"]);
    let scene = Scene::on(mounted.path());
    make(&scene, "d", "old");
    let source = outer.path("src");
    let output = scene.cmd().args(["--tree", "--from", source.to_str().unwrap(), "new"]).output().unwrap();
    fails(&scene, &output, 1, "No space left on device (unchanged)\n");
    drop(scene);
}
