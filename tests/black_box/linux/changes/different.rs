//! `--if-changed` where the content differs, somewhere: the common part is taken from the old file.
//!
//! Rows: 64.

use crate::common::needs::needs;
use crate::common::strace::Strace;
use crate::common::{Scene, stderr};
use crate::portable::changes::different::content;

#[test]
fn the_common_part_is_copied_within_the_kernel() {
    needs!(strace);
    let scene = Scene::new();
    let old = content(2_000_000);
    for (options, new) in [("-C", [&old[..], b"end"].concat()), ("-a", b"end".to_vec())] {
        scene.write("f", &old);
        let traced = Strace::new(&scene, &[options, "f"]).input(&new).run();
        assert!(traced.output.status.success(), "{traced:?}");
        let shared = traced.calls.all("ioctl", &["FICLONE"]).any(|call| call.result.starts_with('0'));
        let copied = traced.calls.all("copy_file_range", &[]).any(|call| !call.result.starts_with('-'));
        assert!(shared || copied, "{traced:?}");
        assert!(scene.read("f") == [&old[..], b"end"].concat());
    }
}

/// Between comparison and copy, and while it is copied.
#[test]
fn an_old_file_edited_while_it_is_copied_is_left_alone() {
    needs!(strace);
    for options in ["-C", "-a"] {
        let scene = Scene::new();
        let old = content(2_000_000);
        let new = if options == "-C" { [&old[..], b"end"].concat() } else { b"end".to_vec() };
        scene.write("f", &old);
        let calls = Strace::new(&scene, &[options, "f"]).input(&new).run().calls;
        for (name, parts) in [("ioctl", &["FICLONE"][..]), ("copy_file_range", &[])] {
            if !calls.has(name, parts) {
                continue;
            }
            scene.write("f", &old);
            let stopped = Strace::new(&scene, &[options, "f"]).input(&new).stopped_after(&calls.stop(name, parts));
            let mut edited = old.clone();
            edited[7] ^= 1;
            scene.write("f", &edited);
            let traced = stopped.resume();
            assert_eq!(traced.output.status.code(), Some(1), "{traced:?}");
            let words = "f: read: the old content was changed in place while it was read (changed meanwhile)";
            assert!(stderr(&traced.output).contains(words), "{traced:?}");
            assert!(scene.read("f") == edited);
            assert_eq!(scene.names(), ["f"]);
        }
    }
}
