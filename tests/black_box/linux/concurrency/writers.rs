//! Writers that do not wait for each other.
//!
//! Rows: 74.

use crate::common::Scene;
use crate::common::needs::needs;
use crate::common::strace::Strace;

/// Row 74: even the one that the next is about to be created in.
#[test]
fn a_directory_removed_on_the_way_down_is_created_again() {
    needs!(strace);
    let scene = Scene::new();
    let run = || Strace::new(&scene, &["-D", "a/b/c/f"]).input("new");
    let calls = run().run().calls;
    std::fs::remove_dir_all(scene.path("a")).unwrap();
    // `a/b` is there, open and synced; what comes next is `c` in it.
    let made = calls.at("mkdirat", &["\"c\""]);
    let before = calls.0[..made].iter().rposition(|call| call.name == "fsync").unwrap();
    let stopped = run().stopped_after(&format!("fsync:when={}", calls.when(before)));
    std::fs::remove_dir(scene.path("a/b")).unwrap();
    let traced = stopped.resume();
    assert!(traced.output.status.success(), "{traced:?}");
    assert_eq!(scene.text("a/b/c/f"), "new");
}
