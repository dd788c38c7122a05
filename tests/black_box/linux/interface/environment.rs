//! What `ATOMIC_WRITE_SYNC` does.
//!
//! Rows: none.

use crate::common::Scene;
use crate::common::needs::needs;
use crate::common::strace::Strace;

#[test]
fn the_variable_decides_what_is_synced_and_the_option_wins() {
    needs!(strace);
    for (word, options, syncs) in [
        ("", &[][..], 2),
        ("full", &[], 2),
        ("file", &[], 1),
        ("none", &[], 0),
        ("none", &["--sync", "full"], 2),
        ("full", &["--sync=none"], 0),
        ("none", &["--sync", "file"], 1),
    ] {
        let scene = Scene::with_old();
        let strace = Strace::new(&scene, &[options, &["f"]].concat()).input("new");
        let traced = strace.by(&["env", &format!("ATOMIC_WRITE_SYNC={word}")]).run();
        assert!(traced.output.status.success(), "{traced:?}");
        let synced = traced.calls.all("fsync", &[]).count() + traced.calls.all("fdatasync", &[]).count();
        assert_eq!(synced, syncs, "{word} {options:?}: {traced:?}");
    }
}
