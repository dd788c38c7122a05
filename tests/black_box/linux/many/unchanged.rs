//! `-C` with many: what has not changed costs no write.
//!
//! Rows: 18, 109.

use super::{args, content, sources};
use crate::common::needs::needs;
use crate::common::strace::{Call, Strace};
use crate::common::{Scene, stderr};

#[test]
fn nothing_is_created_written_or_renamed_where_nothing_differs() {
    needs!(strace);
    for count in [3, 40] {
        let scene = Scene::new();
        let files = sources(&scene, count);
        scene.cmd().args(args(&[], &files)).assert().success();
        let traced = Strace::new(&scene, &args(&["-C", "--report"], &files)).run();
        assert_eq!((traced.output.status.code(), stderr(&traced.output).as_str()), (Some(0), ""));
        let calls = &traced.calls;
        let writes =
            ["pwrite64", "copy_file_range", "fallocate", "renameat", "renameat2", "unlinkat", "fchmod", "fchown"];
        for name in writes {
            assert!(!calls.has(name, &["/d"]), "{name} {calls:#?}");
        }
        assert!(!calls.all("openat", &["O_CREAT"]).chain(calls.all("openat", &["O_TMPFILE"])).any(Call::succeeded));
        // Nor is waited for what other programs have written.
        assert!(!calls.has("syncfs", &[]), "{calls:#?}");
        assert!(calls.all("linkat", &[]).all(|call| call.quoted() == "." || !call.succeeded()), "{calls:#?}");
    }
}

#[test]
fn only_what_differs_is_replaced() {
    let scene = Scene::new();
    let files = sources(&scene, 300);
    scene.cmd().args(args(&[], &files)).assert().success();
    scene.write("d/7", "other");
    scene.write("d/299", "other");
    let inode = scene.inode("d/8");
    let output = scene.cmd().args(args(&["-C", "-v"], &files)).output().unwrap();
    let text = stderr(&output);
    let changed: Vec<&str> = text.lines().filter(|line| !line.contains("unchanged")).collect();
    assert_eq!(changed, ["atomic-write: d/7: replaced (5 bytes)", "atomic-write: d/299: replaced (7 bytes)"]);
    assert_eq!((scene.inode("d/8"), scene.text("d/7"), scene.text("d/299")), (inode, content(7), content(299)));
}

#[test]
fn a_dry_run_syncs_nothing_that_stays() {
    needs!(strace);
    let scene = Scene::new();
    let files = sources(&scene, 3);
    scene.cmd().args(args(&[], &files)).assert().success();
    let calls = Strace::new(&scene, &args(&["--dry-run", "-C"], &files)).run().calls;
    assert!(!calls.has("fsync", &[]) && !calls.has("syncfs", &[]), "{calls:#?}");
}
