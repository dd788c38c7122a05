//! `--no-clobber` and `--if-match`: what TARGET must be, early and still at the commit.
//!
//! Rows: 24, 65.

use crate::common::needs::needs;
use crate::common::strace::Strace;
use crate::common::{Scene, stderr};
use crate::portable::guards::target::OLD;

/// In the last instant, after all looks: the kernel decides.
#[test]
fn what_is_created_in_the_last_instant_is_not_clobbered() {
    needs!(strace);
    for named in [false, true] {
        let scene = Scene::new();
        let run = |target| {
            let strace = Strace::new(&scene, &["-n", target]).input("new");
            if named { strace.without_unnamed("EOPNOTSUPP") } else { strace }
        };
        let calls = run("dry").run().calls;
        // Whatever precedes the call that gives the name.
        let last = calls.0.iter().rposition(|call| {
            call.name.starts_with("link") || call.name.starts_with("rename") && call.args.contains("\"dry\"")
        });
        let before = last.unwrap() - 1;
        let stop = format!("{}:when={}", calls.0[before].name, calls.when(before));
        let stopped = run("f").stopped_after(&stop);
        scene.write("f", "other");
        let traced = stopped.resume();
        assert_eq!(traced.output.status.code(), Some(3), "{traced:?}");
        assert!(stderr(&traced.output).contains("no-clobber: was created meanwhile"));
        assert_eq!(scene.text("f"), "other");
        assert_eq!(scene.names(), ["dry", "f"]);
    }
}

/// Row 65: compared once more just before the rename.
#[test]
fn an_old_content_replaced_at_the_commit_is_not_replaced_again() {
    needs!(strace);
    let scene = Scene::with_old();
    let args = ["--if-match", OLD, "f"];
    let calls = Strace::new(&scene, &args).input("new").run().calls;
    scene.write("f", "old");
    let stop = calls.0.iter().position(|call| call.name == "fsync" || call.name == "fdatasync").unwrap();
    let stop = format!("{}:when={}", calls.0[stop].name, calls.when(stop));
    let stopped = Strace::new(&scene, &args).input("new").stopped_after(&stop);
    scene.write("g", "other");
    std::fs::rename(scene.path("g"), scene.path("f")).unwrap();
    let traced = stopped.resume();
    assert_eq!(traced.output.status.code(), Some(3), "{traced:?}");
    assert!(stderr(&traced.output).contains("f: replace: has changed since it was read (changed meanwhile)"));
    assert_eq!(scene.text("f"), "other");
    assert_eq!(scene.names(), ["f"]);
}
