//! A TARGET that appears while the run is going on is backed up like one that was there from the start.
//!
//! Rows: 75.

use std::fs::{hard_link, rename};

use crate::common::needs::needs;
use crate::common::strace::{Strace, look};
use crate::common::{Scene, stderr};
use crate::portable::backup::appearing::OPTIONS;

/// After the last look before the name is given, the kernel tells.
#[test]
fn what_appears_in_the_last_instant_becomes_the_backup() {
    needs!(strace);
    for (options, backup) in OPTIONS {
        for named in [false, true] {
            let scene = Scene::new();
            let mut strace = Strace::new(&scene, &[options, &["f"]].concat()).input("new");
            if named {
                strace = strace.without_links();
            }
            let stopped = strace.stopped_after("fsync:when=1");
            scene.write("f", "precious");
            let traced = stopped.resume();
            assert_eq!(traced.output.status.code(), Some(0), "{options:?}: {traced:?}");
            assert_eq!((scene.text("f").as_str(), scene.text(backup).as_str()), ("new", "precious"), "{options:?}");
            assert_eq!(scene.names(), ["f", backup], "{options:?}");
        }
    }
}

/// What the exchange brings out may be another file than the one that was looked at. That is what is kept, even where the
/// file that was looked at has the backup's name by then.
#[test]
fn what_came_out_of_the_exchange_is_kept_whatever_was_looked_at() {
    needs!(strace);
    let start = || {
        let scene = Scene::with_old();
        scene.write("g", "theirs");
        scene
    };
    let args = ["--backup=numbered", "f"];
    let scene = start();
    let calls = Strace::new(&scene, &args).input("new").run().calls;
    let exchanged = calls.at("renameat2", &["RENAME_EXCHANGE"]);
    let looked = calls.0[..exchanged].iter().rposition(|call| call.is(look(), &["\"f\""])).unwrap();
    let scene = start();
    let stop = format!("{}:when={}", look(), calls.when(looked));
    let stopped = Strace::new(&scene, &args).input("new").stopped_after(&stop);
    // As another writer with a numbered backup does.
    hard_link(scene.path("f"), scene.path("f.~1~")).unwrap();
    rename(scene.path("g"), scene.path("f")).unwrap();
    let traced = stopped.resume();
    assert_eq!(traced.output.status.code(), Some(0), "{}", stderr(&traced.output));
    assert_eq!(scene.names(), ["f", "f.~1~", "f.~2~"]);
    let contents = ["f", "f.~1~", "f.~2~"].map(|name| scene.text(name));
    assert_eq!(contents, ["new", "old", "theirs"]);
}
