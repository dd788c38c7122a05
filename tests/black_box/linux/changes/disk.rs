//! `--if-changed` costs the disk nothing where nothing has changed. Counted at the device.
//!
//! Rows: 18.

use std::fs;
use std::path::Path;

use crate::common::events::until;
use crate::common::needs::needs;
use crate::common::{Mounted, Scene, tool};

/// Sectors written to the device that is mounted there, once everything has been.
fn written(mounted: &Mounted) -> u64 {
    let point = mounted.path().to_str().unwrap();
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    let device = mounts.lines().find(|line| line.split(' ').nth(1) == Some(point)).unwrap().split(' ').next().unwrap();
    let stat = Path::new("/sys/block").join(Path::new(device).file_name().unwrap()).join("stat");
    tool("sync", &["-f", point]);
    fs::read_to_string(stat).unwrap().split_whitespace().nth(6).unwrap().parse().unwrap()
}

fn nothing_is_written(kind: &str, mebibytes: u64, options: &str) {
    needs!(root, (&format!("mkfs.{kind}")));
    let scene = Scene::new();
    let mounted = Mounted::image(&scene, kind, mebibytes, options);
    let content = vec![b'x'; 1_000_000];
    scene.write("same", &content);
    let target = mounted.path().join("d/f");
    let target = target.to_str().unwrap();
    scene.cmd().args(["-D", target, "--from", "same"]).assert().success();
    let same = scene.path("same");
    let same = same.to_str().unwrap();
    let runs: [(&[&str], &[u8]); 7] = [
        (&["-C", target], &content),
        (&["-C", target, "--from", same], b""),
        (&["-C", target, "--", "cat", same], b""),
        (&["-C", "-e", target, "--", "cat"], b""),
        (&["-C", "-a", target], b""),
        (&["-C", "-D", "--lock", "-b", "-m", "644", target], &content),
        (&["-C", "--sync", "file", "--non-empty", target], &content),
    ];
    for (args, stdin) in runs {
        // What the file system still has to do from before is done.
        let mut before = written(&mounted);
        until("the file system is at rest", || {
            let last = std::mem::replace(&mut before, written(&mounted));
            last == before
        });
        scene.cmd().arg("--report").args(args).write_stdin(stdin).assert().success().stdout("unchanged\n");
        assert_eq!(written(&mounted) - before, 0, "{kind} {args:?}");
    }
    // And the count does count.
    let before = written(&mounted);
    scene.cmd().args(["-C", target]).write_stdin("new").assert().success();
    assert!(written(&mounted) > before);
}

/// With access times that every reading renews: it must not be noted as one.
#[test]
fn identical_content_costs_ext4_no_sector() {
    nothing_is_written("ext4", 32, "strictatime,noinit_itable");
}

#[test]
fn identical_content_costs_btrfs_no_sector() {
    nothing_is_written("btrfs", 128, "strictatime");
}
