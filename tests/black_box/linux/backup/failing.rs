//! A replacement that fails leaves TARGET and the backups as they were; a kill leaves the old content.
//!
//! Rows: 63.

use std::os::unix::process::ExitStatusExt;

use crate::common::needs::needs;
use crate::common::strace::{Strace, Traced};
use crate::common::{Scene, stderr};
use crate::linux::backup::kinds::NO_EXCHANGE;

const OPTIONS: [(&str, &str); 2] = [("--backup=simple", "f~"), ("--backup=numbered", "f.~2~")];

/// A TARGET with backups of both kinds.
fn scene() -> Scene {
    let scene = Scene::with_old();
    scene.write("f~", "older");
    scene.write("f.~1~", "oldest");
    scene
}

/// Name, inode and content of everything there.
fn state(scene: &Scene) -> Vec<(String, u64, String)> {
    scene.names().into_iter().map(|name| (name.clone(), scene.inode(&name), scene.text(&name))).collect()
}

/// The calls of an undisturbed run with this option and injection.
fn calls(option: &str, injections: &[&str]) -> crate::common::strace::Calls {
    let scene = scene();
    let traced = run(&scene, option, injections);
    assert!(traced.output.status.success(), "{traced:?}");
    traced.calls
}

fn run(scene: &Scene, option: &str, injections: &[&str]) -> Traced {
    injections.iter().fold(Strace::new(scene, &[option, "f"]).input("new"), |run, what| run.inject(*what)).run()
}

/// Fails, one at a time, each call of a run from its first name on, and asserts that nothing has happened then.
fn each_call_fails_without_a_trace(option: &str, injections: &[&str]) {
    const NAMING: [&str; 4] = ["linkat", "renameat", "renameat2", "rename"];
    let calls = calls(option, injections);
    let mut failed = 0;
    for (position, call) in calls.0.iter().enumerate() {
        let already = injections.iter().any(|what| what.starts_with(&format!("{}:", call.name)));
        if !NAMING.contains(&call.name.as_str()) || !call.args.contains(".aw-") || already {
            continue;
        }
        // Errors that no other way is tried for.
        for error in ["EIO", "ENOSPC"] {
            let scene = scene();
            let before = state(&scene);
            let injection = format!("{}:error={error}:when={}", call.name, calls.when(position));
            let traced = run(&scene, option, &[injections, &[&injection]].concat());
            let text = stderr(&traced.output);
            assert_eq!(traced.output.status.code(), Some(1), "{injection}: {text}");
            assert!(text.ends_with("(unchanged)\n") && text.lines().count() == 1, "{injection}: {text}");
            assert_eq!(state(&scene), before, "{injection}");
            failed += 1;
        }
    }
    assert!(failed >= 4, "{calls:#?}");
}

#[test]
fn a_failed_replacement_leaves_the_backups_as_they_were() {
    needs!(strace);
    for (option, _) in OPTIONS {
        each_call_fails_without_a_trace(option, &[]);
    }
}

#[test]
fn so_it_does_where_the_exchange_is_refused() {
    needs!(strace);
    for (option, _) in OPTIONS {
        each_call_fails_without_a_trace(option, &["renameat2:error=EINVAL:when=1"]);
    }
}

/// The exchange, then the link to keep the old file by, refused; a copy is kept.
#[test]
fn without_the_exchange_the_old_file_is_linked_or_copied() {
    needs!(strace);
    for (option, backup) in OPTIONS {
        // A numbered backup's last step has a second way, too.
        for exchange in ["EINVAL", "ENOSYS", "EOPNOTSUPP"] {
            let scene = scene();
            let inode = scene.inode("f");
            let traced = run(&scene, option, &[&format!("renameat2:error={exchange}")]);
            assert!(traced.output.status.success(), "{traced:?}");
            assert_eq!((scene.text("f").as_str(), scene.text(backup).as_str()), ("new", "old"));
            assert_eq!(scene.inode(backup), inode, "a link");
        }
        let linked = calls(option, &[NO_EXCHANGE]);
        let second_name = linked.inject("linkat", &["\"f\", "], "error=");
        for link in ["EPERM", "EXDEV", "EMLINK"] {
            let scene = scene();
            scene.chmod("f", 0o640);
            let inode = scene.inode("f");
            let refused = second_name.replace("error=", &format!("error={link}"));
            let traced = run(&scene, option, &["renameat2:error=EINVAL:when=1", &refused]);
            assert!(traced.output.status.success(), "{traced:?}");
            assert_eq!((scene.text("f").as_str(), scene.text(backup).as_str()), ("new", "old"));
            assert_eq!((scene.mode("f"), scene.mode(backup)), (0o640, 0o640));
            assert_ne!(scene.inode(backup), inode, "a copy");
            assert!(!scene.names().iter().any(|name| name.starts_with(".aw-")), "{:?}", scene.names());
            // Its content is on the disk before the rename that makes it the only old content.
            let copy = traced.calls.0.iter().position(|call| call.is("openat", &["O_EXCL", ".aw-"])).unwrap();
            let rename = traced.calls.at("renameat", &[".aw-", "\"f\""]);
            let synced = traced.calls.0[copy..rename].iter().any(|call| call.is("fsync", &["/.aw-"]));
            assert!(synced, "{:#?}", traced.calls);
        }
    }
}

#[test]
fn a_failure_after_a_copied_backup_gives_content_and_metadata_back() {
    needs!(strace);
    let linked = calls("--backup=simple", &[NO_EXCHANGE]);
    let refused = linked.inject("linkat", &["\"f\", "], "error=EPERM");
    let scene = scene();
    scene.chmod("f", 0o604);
    let keep = linked.inject("renameat", &["\"f~\""], "error=EIO");
    let traced = run(&scene, "--backup=simple", &[NO_EXCHANGE, &refused, &keep]);
    assert_eq!(traced.output.status.code(), Some(1), "{traced:?}");
    assert_eq!((scene.text("f").as_str(), scene.mode("f"), scene.text("f~").as_str()), ("old", 0o604, "older"));
    assert_eq!(scene.names(), ["f", "f.~1~", "f~"]);
}

/// The worst case: neither forward nor back. TARGET is new then, and where the old content is is said.
#[test]
fn if_the_exchange_cannot_be_taken_back_the_old_content_is_named() {
    needs!(strace);
    let scene = scene();
    let plain = calls("--backup=simple", &[]);
    let keep = plain.inject("renameat", &["\"f~\""], "error=EIO");
    let traced = run(&scene, "--backup=simple", &[&keep, "renameat2:error=EROFS:when=2"]);
    assert_eq!(traced.output.status.code(), Some(4));
    let text = stderr(&traced.output);
    let kept = scene.names().into_iter().find(|name| name.starts_with(".aw-")).expect("the old content");
    let said = format!(
        "atomic-write: f: backup: f~: I/O error; taking it back: Read-only file system (replaced, may not survive a \
         power cut)\nhint: the old content is {kept}\n"
    );
    assert_eq!(text, said);
    assert_eq!(
        (scene.text("f").as_str(), scene.text(&kept).as_str(), scene.text("f~").as_str()),
        ("new", "old", "older")
    );
}

/// A kill at any call: TARGET is old or new, and the old content is somewhere, whole.
#[test]
fn a_kill_at_any_instant_leaves_the_old_content_under_some_name() {
    const NAMING: [&str; 5] = ["linkat", "renameat", "renameat2", "fsync", "unlinkat"];
    needs!(strace);
    let mut between = 0;
    for (option, _) in OPTIONS {
        for injections in [&[][..], &[NO_EXCHANGE]] {
            let undisturbed = calls(option, injections);
            for (position, call) in undisturbed.0.iter().enumerate() {
                let already = injections.iter().any(|what| what.starts_with(&format!("{}:", call.name)));
                if !NAMING.contains(&call.name.as_str()) || already {
                    continue;
                }
                let scene = scene();
                let kill = format!("{}:signal=KILL:when={}", call.name, undisturbed.when(position));
                let traced = run(&scene, option, &[injections, &[&kill]].concat());
                assert_eq!(traced.output.status.signal(), Some(9), "{kill}: {traced:?}");
                let contents: Vec<String> = scene.names().iter().map(|name| scene.text(name)).collect();
                let target = scene.text("f");
                assert!(target == "old" || target == "new", "{kill}: {target}");
                assert!(contents.contains(&"old".to_owned()), "{kill}: {:?}", scene.names());
                assert!(contents.contains(&"oldest".to_owned()), "{kill}");
                let leftovers: Vec<_> = scene.names().into_iter().filter(|name| name.starts_with(".aw-")).collect();
                if target == "new" && !leftovers.is_empty() {
                    assert_eq!(scene.text(&leftovers[0]), "old", "{kill}");
                    between += 1;
                }
                // And nothing of it is in the way of the next run.
                scene.cmd().args([option, "f"]).write_stdin("newer").assert().success();
                assert_eq!(scene.text("f"), "newer");
                let still = |name: &String| scene.path(name).exists();
                assert!(leftovers.iter().all(still), "{kill}: never swept away");
            }
        }
    }
    assert!(between > 0, "no kill between exchange and the backup's name");
}
