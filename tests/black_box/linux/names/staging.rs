//! The staging file's name, as far as others can meet it. It exists between link and rename, or, where there are no unnamed
//! files, during the whole run.
//!
//! Rows: 39.

use crate::common::Scene;
use crate::common::needs::needs;
use crate::common::strace::Strace;

/// The other name in the scene while the program, with an existing TARGET, stands at `stop`.
fn staging_name(target: &str, stop: &str, prepare: impl FnOnce(Strace<'_>) -> Strace<'_>) -> String {
    let scene = Scene::new();
    scene.write(target, "old");
    let stopped = prepare(Strace::new(&scene, &[target]).input("new")).stopped_after(stop);
    let mut names = scene.names();
    names.retain(|name| name != target);
    assert!(stopped.resume().output.status.success());
    assert_eq!((names.len(), scene.names()), (1, vec![target.to_owned()]), "{names:?}");
    names.remove(0)
}

/// The documented pattern: a dot, `aw-`, and 12 letters and digits; no extension, nothing of TARGET's name.
#[test]
fn no_glob_for_the_targets_kind_finds_it() {
    needs!(strace);
    let mut seen = Vec::new();
    for target in ["metrics.prom", "site.conf", ".hidden", "f"] {
        // Linked under a name once it was asked whether that can be done; named from the start.
        seen.push(staging_name(target, "linkat:when=2", |strace| strace));
        seen.push(staging_name(target, "fsync:when=1", |strace| strace.without_unnamed("EOPNOTSUPP")));
    }
    for name in &seen {
        let random = name.strip_prefix(".aw-").unwrap_or_else(|| panic!("{name}"));
        assert!(random.len() == 12 && random.bytes().all(|letter| letter.is_ascii_alphanumeric()), "{name}");
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 8, "a name came twice: {seen:?}");
}
