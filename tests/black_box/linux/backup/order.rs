//! Backup and replacement become durable together, by one sync of the directory after both.
//!
//! Rows: 62, 63.

use crate::common::Scene;
use crate::common::needs::needs;
use crate::common::strace::{Call, Strace, Traced};
use crate::linux::backup::kinds::NO_EXCHANGE;

const RENAMES: [&str; 4] = ["renameat", "renameat2", "rename", "unlinkat"];

fn run(scene: &Scene, arguments: &[&str], injections: &[&str]) -> Traced {
    let run = Strace::new(scene, arguments).input("new");
    let traced = injections.iter().fold(run, |run, what| run.inject(*what)).run();
    assert!(traced.output.status.success(), "{traced:?}");
    traced
}

#[test]
fn exchange_then_the_backups_name_then_one_sync_of_the_directory() {
    needs!(strace);
    for (option, keep, name) in [
        ("--backup=simple", "renameat", "\"f~\""),
        ("--backup=numbered", "renameat2", "\"f.~1~\""),
        ("--backup=existing", "renameat", "\"f~\""),
    ] {
        let scene = Scene::with_old();
        let calls = run(&scene, &[option, "f"], &[]).calls;
        let directory = format!("<{}>", scene.root().display());
        calls.in_order(&[
            ("fsync", &["#"]),
            ("linkat", &[".aw-"]),
            ("renameat2", &[".aw-", "\"f\"", "RENAME_EXCHANGE"]),
            (keep, &[".aw-", name]),
            ("fsync", &[&directory]),
        ]);
        assert_eq!(calls.all("fsync", &[&directory]).count(), 1, "{calls:#?}");
        assert_eq!(calls.all("fsync", &[]).count(), if is_btrfs(&scene) { 3 } else { 2 }, "{calls:#?}");
    }
}

fn is_btrfs(scene: &Scene) -> bool {
    rustix::fs::statfs(scene.root()).unwrap().f_type == 0x9123_683e
}

/// Row 62: no call takes TARGET's name away from it, not even for an instant.
#[test]
fn no_call_moves_or_unlinks_target() {
    needs!(strace);
    for injections in [&[][..], &[NO_EXCHANGE]] {
        for option in ["--backup=simple", "--backup=numbered"] {
            let scene = Scene::with_old();
            scene.write("f~", "older");
            let calls = run(&scene, &[option, "f"], injections).calls;
            let takes_away = |call: &&Call| {
                RENAMES.contains(&call.name.as_str()) && call.quoted() == "f" && !call.args.contains("EXCHANGE")
            };
            assert_eq!(calls.0.iter().find(takes_away), None, "{calls:#?}");
            // Nor the old backup's, before the new one has it.
            assert!(!calls.has("unlinkat", &["\"f~\""]), "{calls:#?}");
        }
    }
}

/// `--sync` asks for less: with a backup as without.
#[test]
fn less_is_synced_where_less_is_asked_for() {
    needs!(strace);
    for injections in [&[][..], &[NO_EXCHANGE], &[NO_EXCHANGE, "linkat:error=EPERM:when=3"]] {
        for (sync, any) in [("file", true), ("none", false)] {
            let scene = Scene::with_old();
            let calls = run(&scene, &["-b", "--sync", sync, "f"], injections).calls;
            let directory = format!("<{}>", scene.root().display());
            assert!(!calls.has("fsync", &[&directory]) && !calls.has("syncfs", &[]), "{calls:#?}");
            assert_eq!(calls.has("fsync", &[]), any, "{calls:#?}");
            let others = ["fdatasync", "sync_file_range", "sync"];
            assert!(!others.iter().any(|name| calls.has(name, &[])), "{calls:#?}");
            assert_eq!((scene.text("f").as_str(), scene.text("f~").as_str()), ("new", "old"));
        }
    }
}
