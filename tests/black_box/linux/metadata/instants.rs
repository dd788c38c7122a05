//! The metadata of the staging file on the way: never wider than the finished file, everything before the sync.
//!
//! Rows: 12, 26, 34, 50, 73.

use std::fs;
use std::os::unix::fs::MetadataExt;

use assert_cmd::assert::OutputAssertExt;

use super::{acl, attributes, set_acl, set_attribute, strace};
use crate::common::needs::needs;
use crate::common::strace::{Call, Calls, Strace};
use crate::common::{Scene, is_root, stderr};

/// Every mode that the staging file has, from its creation on.
fn modes(calls: &Calls) -> Vec<u32> {
    let creates = |call: &&Call| call.is("openat", &["O_TMPFILE"]) || call.is("openat", &["O_CREAT"]);
    let changes = |call: &&Call| call.name.contains("chmod");
    let octal = |call: &Call| u32::from_str_radix(call.args.rsplit_once(", ").unwrap().1, 8).unwrap();
    calls.0.iter().filter(|call| creates(call) || changes(call)).map(octal).collect()
}

/// Replaces `f` and returns the calls.
fn replace(scene: &Scene, arguments: &[&str]) -> Calls {
    let traced = strace(scene, &[arguments, &["f"]].concat()).run();
    traced.output.assert().success().stderr("");
    traced.calls
}

/// Row 34.
#[test]
fn a_replacement_is_private_until_it_has_its_mode() {
    needs!(strace);
    for last in [0o640, 0o604, 0o444, 0o000, 0o777, 0o600] {
        let scene = Scene::with_old();
        scene.chmod("f", last);
        if is_root() {
            scene.give("f", 12, 13);
        }
        let calls = replace(&scene, &["-f"]);
        let modes = modes(&calls);
        assert_eq!(modes.first(), Some(&0o600), "{calls:#?}");
        assert!(modes.iter().all(|mode| *mode == 0o600 || *mode == last), "{modes:?}");
    }
}

#[test]
fn a_file_with_a_mode_is_private_until_it_has_it() {
    needs!(strace);
    for (word, last) in [("0600", 0o600), ("0440", 0o440), ("0777", 0o777)] {
        let scene = Scene::new();
        let modes = modes(&replace(&scene, &["-m", word]));
        assert_eq!(modes.first(), Some(&0o600));
        assert!(modes.iter().all(|mode| *mode == 0o600 || *mode == last), "{modes:?}");
    }
}

/// Whoever opens a file with a name in the instant before it is private would have it open when it has its content.
#[test]
fn a_named_file_that_gets_a_narrower_mode_is_created_private() {
    needs!(strace);
    for options in [["-m", "u=rw,go="], ["--group", "own"]] {
        let scene = Scene::new();
        let own = fs::metadata(scene.path(".")).unwrap().gid().to_string();
        let options = options.map(|word| if word == "own" { own.as_str() } else { word });
        let words: Vec<_> = options.into_iter().chain(["f"]).collect();
        let traced = Strace::new(&scene, &words).input(b"new").inject("linkat:error=EPERM").run();
        assert!(traced.output.status.success(), "{:?}", traced.output);
        let created: Vec<_> = traced.calls.all("openat", &["O_CREAT"]).filter(|call| call.succeeded()).collect();
        assert!(created.last().is_some_and(|call| call.args.ends_with(", 0600")), "{:#?}", traced.calls);
        assert_eq!((scene.text("f").as_str(), scene.names()), ("new", vec!["f".to_owned()]));
    }
}

/// A program of root's, with content that root has not seen, must not exist for an instant.
#[test]
fn set_id_bits_come_after_the_owner() {
    needs!(root, strace);
    let scene = Scene::with_old();
    scene.give("f", 12, 13);
    let calls = replace(&scene, &["-m", "6755"]);
    calls.in_order(&[("fchmod", &["0755"]), ("fchown", &["12, -1"]), ("fchmod", &["06755"]), ("fsync", &["#"])]);
    calls.one("fchmod", &["06755"]);
}

#[test]
fn a_copy_of_a_private_source_is_never_wider() {
    needs!(strace);
    let scene = Scene::new();
    scene.write("source", "new");
    scene.chmod("source", 0o640);
    let modes = modes(&replace(&scene, &["--from", "source"]));
    assert!(modes.iter().all(|mode| mode & !0o640 == 0), "{modes:?}");
    assert!(!modes.is_empty());
}

/// Row 73: and what `--validate` looks at is private, too.
#[test]
fn what_is_validated_is_private() {
    let scene = Scene::with_old();
    scene.chmod("f", 0o644);
    for target in ["f", "g"] {
        let look = "stat -Lc %a \"$1\" >&2";
        let output = scene.cmd().args(["--validate", look, target]).write_stdin("new").output().unwrap();
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), "600\n"));
        assert_ne!(scene.mode(target), 0o600);
    }
}

/// Rows 12 and 50: attributes first, the mode after the ACL, the owner last, and everything before the sync.
#[test]
fn metadata_is_set_before_the_sync_and_nothing_is_undone() {
    needs!(strace, acls_and_attributes);
    let scene = Scene::with_old();
    set_attribute(&scene, "user.x", "y", "f");
    set_acl(&scene, &["-m", "u:1234:r"], "f");
    scene.chmod("f", 0o1640);
    if is_root() {
        scene.give("f", 12, 13);
        scene.chmod("f", 0o1640);
    }
    let calls = replace(&scene, &[]);
    let acl: (&str, &[&str]) = ("fsetxattr", &["posix_acl_access"]);
    calls.in_order(&[
        ("fsetxattr", &["\"user.x\""]),
        acl,
        ("fchmod", &["01640"]),
        ("fsync", &["#"]),
        ("linkat", &[".aw-"]),
    ]);
    if is_root() {
        calls.in_order(&[
            ("fchown", &["-1, 13"]),
            acl,
            ("fchmod", &["01640"]),
            ("fchown", &["12, -1"]),
            ("fsync", &["#"]),
        ]);
    }
    let late = &calls.0[calls.at("fsync", &["#"])..];
    let dresses = |call: &Call| ["chmod", "chown", "xattr"].iter().any(|name| call.name.contains(name));
    assert!(!late.iter().any(dresses), "{late:#?}");
}

/// Row 26: TARGET is replaced by another file after the staged one was given its metadata.
#[test]
fn what_target_has_become_meanwhile_gives_the_metadata() {
    needs!(strace, acls_and_attributes);
    let scene = Scene::new();
    for name in ["f", "g"] {
        scene.write(name, name);
        set_attribute(&scene, &format!("user.{name}"), "v", name);
    }
    scene.chmod("f", 0o666);
    set_acl(&scene, &["-m", "u:1234:rw"], "f");
    scene.chmod("g", 0o640);
    let before = (acl(&scene, "g"), attributes(&scene, "g"));
    let stopped = strace(&scene, &["f"]).stopped_after("fsync:when=1");
    std::fs::rename(scene.path("g"), scene.path("f")).unwrap();
    let traced = stopped.resume();
    traced.output.assert().success().stderr("");
    assert_eq!((acl(&scene, "f"), attributes(&scene, "f")), before);
    assert_eq!((scene.mode("f"), scene.text("f").as_str()), (0o640, "new"));
}

/// Row 34: TARGET is absent, so the staged file is as wide as a new one; then another writer creates TARGET, for itself
/// alone. No name leads to the new content then that others could open.
#[test]
fn a_target_that_appears_private_is_never_replaced_through_a_wider_name() {
    needs!(strace, unnamed_files);
    let theirs = |scene: &Scene| {
        scene.write("f", "theirs");
        scene.chmod("f", 0o600);
    };
    let scene = Scene::new();
    let stopped = strace(&scene, &["f"]).stopped_after("fsync:when=1");
    theirs(&scene);
    let calls = stopped.resume().calls;
    assert_eq!((scene.text("f").as_str(), scene.mode("f")), ("new", 0o600));
    let named = calls.at("linkat", &["\".aw-"]);
    let renamed = calls.at("renameat", &["\"f\""]);
    // Stopped at every call while it has that name.
    for at in named..renamed {
        let (name, when) = (&calls.0[at].name, calls.when(at));
        let scene = Scene::new();
        let again = name == "fsync";
        let strace = strace(&scene, &["f"]);
        let strace = if again { strace } else { strace.inject(format!("{name}:signal=STOP:when={when}")) };
        let mut stopped = strace.stopped_after(if again { "fsync:when=1+" } else { "fsync:when=1" });
        theirs(&scene);
        for _ in 0..if again { when - 1 } else { 1 } {
            stopped.go_on();
        }
        let names = scene.names();
        let staged = names.iter().find(|name| name.starts_with(".aw-")).expect("a staging file");
        assert_eq!(scene.mode(staged) & 0o077, 0, "at {:?}: {:#?}", calls.0[at], calls);
        stopped.kill();
    }
}
