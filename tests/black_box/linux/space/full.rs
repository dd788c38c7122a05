//! A disk, a quota or a limit that is reached: TARGET is as it was, nothing is left, and the error names the place.
//!
//! Rows: 9, 16.

use std::fs;
use std::process::Output;

use predicates::prelude::*;

use crate::common::needs::needs;
use crate::common::strace::{Strace, plain_calls};
use crate::common::{Mounted, Scene, names_in, stderr, tool};

const MEBIBYTE: usize = 1 << 20;

/// Exit 1, the step, the reason, the directory; TARGET as it was and alone.
fn nothing_happened(scene: &Scene, output: &Output, line: &str) {
    assert_eq!(output.status.code(), Some(1), "{}", stderr(output));
    let expected = predicate::str::is_match(format!("^atomic-write: f: {line} \\(unchanged\\)\n$")).unwrap();
    assert!(expected.eval(&stderr(output)), "{}", stderr(output));
    assert_eq!(scene.names(), ["f"]);
    assert_eq!(scene.text("f"), "old");
}

fn scene_with_old(base: Option<&Mounted>) -> Scene {
    let scene = base.map_or_else(Scene::new, |mounted| Scene::on(mounted.path()));
    scene.write("f", "old");
    scene
}

/// `atomic-write f` with this much on its standard input.
fn write(scene: &Scene, size: usize) -> Output {
    scene.cmd().arg("f").write_stdin(vec![b'x'; size]).output().unwrap()
}

// Row 9.
#[test]
fn a_disk_that_fills_leaves_target_as_it_was() {
    needs!(root);
    let outer = Scene::new();
    let mounted = Mounted::image(&outer, "ext4", 4, "");
    let scene = scene_with_old(Some(&mounted));
    let inode = scene.inode("f");
    nothing_happened(&scene, &write(&scene, 8 * MEBIBYTE), "write: staging file in \\.: No space left on device");
    assert_eq!(scene.inode("f"), inode);
    // The room is free again at once.
    let output = write(&scene, MEBIBYTE);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(fs::metadata(scene.path("f")).unwrap().len(), MEBIBYTE as u64);
    drop(scene);
}

// Row 9: nothing is read before it is known to fit.
#[test]
fn a_source_that_does_not_fit_fails_before_it_is_copied() {
    needs!(root, strace);
    let outer = Scene::new();
    let mounted = Mounted::image(&outer, "ext4", 4, "");
    let scene = scene_with_old(Some(&mounted));
    let source = outer.write("source", vec![b'x'; 8 * MEBIBYTE]);
    let run = Strace::new(&scene, &["--from", source.to_str().unwrap(), "f"]).run();
    nothing_happened(&scene, &run.output, "reserve space: staging file in \\.: No space left on device");
    assert!(!run.calls.has("copy_file_range", &[]) && !run.calls.has("pwrite64", &[]), "{run:?}");
    drop(scene);
}

// Row 9: the disk below has less room than the file system believes, which shows when it is synced.
#[test]
fn a_disk_that_fills_at_the_sync_leaves_target_as_it_was() {
    needs!(root);
    let outer = Scene::new();
    let memory = Mounted::with(&outer, "memory", &["-t", "tmpfs", "-o", "size=6m", "none"]);
    let image = memory.path().join("image");
    fs::File::create(&image).unwrap().set_len(32 * MEBIBYTE as u64).unwrap();
    tool("mkfs.ext4", &["-q", "-F", "-E", "nodiscard", image.to_str().unwrap()]);
    let mounted = Mounted::with(&outer, "thin", &["-o", "loop", image.to_str().unwrap()]);
    let scene = scene_with_old(Some(&mounted));
    rustix::fs::syncfs(fs::File::open(scene.root()).unwrap()).unwrap();
    nothing_happened(
        &scene,
        &write(&scene, 12 * MEBIBYTE),
        "sync: staging file in \\.: (I/O error|No space left on device)",
    );
    drop(scene);
}

// Row 9.
#[test]
fn a_quota_that_is_reached_leaves_target_as_it_was() {
    needs!(root, "mkfs.btrfs", btrfs);
    let outer = Scene::new();
    let mounted = Mounted::image(&outer, "btrfs", 128, "");
    let root = mounted.path().to_str().unwrap();
    tool("btrfs", &["-q", "quota", "enable", root]);
    let volume = format!("{root}/volume");
    tool("btrfs", &["-q", "subvolume", "create", &volume]);
    fs::write(format!("{volume}/f"), "old").unwrap();
    tool("btrfs", &["-q", "qgroup", "limit", "2M", &volume]);
    let target = format!("{volume}/f");
    let output = outer.cmd().arg(&target).write_stdin(vec![b'x'; 16 * MEBIBYTE]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let line = predicate::str::is_match(": (write|sync): .*Quota exceeded \\(unchanged\\)\n$").unwrap();
    assert!(line.eval(&stderr(&output)), "{}", stderr(&output));
    assert_eq!(fs::read(&target).unwrap(), b"old");
    assert_eq!(names_in(volume.as_ref()), ["f"]);
}

// Row 9: at every call that needs room, with and without a name.
#[test]
fn no_room_at_any_call_leaves_target_as_it_was() {
    needs!(strace);
    let sync = "sync: staging file in \\.: ";
    let cases =
        [("pwrite64", "new", "write: staging file in \\.: "), ("fsync", "#", sync), ("linkat", ".aw-", "link: ")];
    for (errno, words) in [("ENOSPC", "No space left on device"), ("EDQUOT", "Quota exceeded")] {
        for (name, part, step) in cases {
            let scene = scene_with_old(None);
            let injection = plain_calls().inject(name, &[part], &format!("error={errno}"));
            let run = Strace::new(&scene, &["f"]).input("new").inject(injection).run();
            nothing_happened(&scene, &run.output, &format!("{step}{words}"));
        }
        for (call, step) in [("pwrite64", "write: staging file in \\.: "), ("fsync", sync), ("renameat", "rename: ")] {
            let scene = scene_with_old(None);
            let run = Strace::new(&scene, &["f"])
                .input("new")
                .without_unnamed("EOPNOTSUPP")
                .inject(format!("{call}:error={errno}:when=1"))
                .run();
            nothing_happened(&scene, &run.output, &format!("{step}{words}"));
        }
    }
}

// Row 9: what a network file system tells only when the file is closed, as where nothing is synced.
#[test]
fn no_room_at_close_leaves_target_as_it_was() {
    needs!(strace);
    for how in ["--sync=full", "--sync=none"] {
        let recorded = Strace::new(&scene_with_old(None), &[how, "f"]).input("new").run().calls;
        let writer = recorded.one("pwrite64", &["new"]).descriptor();
        let closed = recorded.0.iter().rposition(|call| call.name == "close" && call.descriptor() == writer).unwrap();
        for (errno, words) in [("ENOSPC", "No space left on device"), ("EDQUOT", "Quota exceeded")] {
            let scene = scene_with_old(None);
            let injection = format!("close:error={errno}:when={}", recorded.when(closed));
            let run = Strace::new(&scene, &[how, "f"]).input("new").inject(injection).run();
            nothing_happened(&scene, &run.output, &format!("close: staging file in \\.: {words}"));
        }
    }
}

// Row 16.
#[test]
fn a_file_size_limit_is_an_error_and_not_a_death() {
    needs!(strace);
    let limited = |scene: &Scene, script: &str| scene.sh(&format!("ulimit -f 8; head -c 100000 /dev/zero | {script}"));
    let line = "write: staging file in \\.: File too large";
    let scene = scene_with_old(None);
    nothing_happened(&scene, &limited(&scene, "\"$AW\" f"), line);

    let refused = plain_calls().inject("openat", &["O_TMPFILE"], "error=EOPNOTSUPP");
    let traced = format!("strace -f -o /dev/null -e inject={refused} \"$AW\" f");
    nothing_happened(&scene, &limited(&scene, &traced), line);
}

// Row 16: reserved, and so known at once.
#[test]
fn a_source_above_the_file_size_limit_is_an_error() {
    let scene = scene_with_old(None);
    let outer = Scene::new();
    let source = outer.write("source", vec![b'x'; 100_000]);
    let output = scene.sh(&format!("ulimit -f 8; \"$AW\" --from '{}' f", source.display()));
    nothing_happened(&scene, &output, "(reserve space|write): staging file in \\.: File too large");
}
