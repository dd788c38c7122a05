//! How the file gets its name, on systems that lack one way or the other.
//!
//! Rows: 24, 28, 29.

use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::common::needs::needs;
use crate::common::strace::{Call, Strace, Traced, look, plain_calls};
use crate::common::{NO_PROC, Scene, USER, stderr};

/// TARGET existing (with a mode of its own) and new.
fn both() -> [Scene; 2] {
    let old = Scene::with_old();
    old.chmod("f", 0o640);
    [old, Scene::new()]
}

fn is_replaced(scene: &Scene, run: &Traced) {
    assert_eq!(run.output.status.code(), Some(0), "{run:?}");
    assert_eq!(stderr(&run.output), "");
    scene.has_only("f", "new");
}

/// It had a name from the start: created exclusively, and decided before input was read.
fn was_named(run: &Traced) {
    let created = run.calls.at("openat", &[".aw-", "O_CREAT|O_EXCL", "O_NOFOLLOW"]);
    assert!(Some(created) < run.calls.input_read(), "{run:?}");
}

/// It had none until the commit.
fn was_unnamed(run: &Traced) {
    assert!(!run.calls.has("openat", &["O_EXCL"]), "{run:?}");
    let asked = run.calls.at("linkat", &["\".\""]);
    assert!(Some(asked) < run.calls.input_read(), "{run:?}");
}

// Row 24, and row 89: a link that comes and goes leaves a wrong count in some caches, so it is made where a look will
// not do.
#[test]
fn without_flags_of_renames_an_exact_creation_is_a_link() {
    needs!(strace);
    for errno in ["EINVAL", "ENOSYS", "EOPNOTSUPP"] {
        for (option, linked) in [("--no-clobber", true), ("--backup=simple", true), ("--sync=full", false)] {
            let scene = Scene::new();
            let run = Strace::new(&scene, &[option, "f"])
                .input("new")
                .without_unnamed("EOPNOTSUPP")
                .inject(format!("renameat2:error={errno}"))
                .run();
            is_replaced(&scene, &run);
            let names = (run.calls.has("linkat", &["\"f\""]), run.calls.has("renameat", &["\"f\""]));
            assert_eq!(names, (linked, !linked), "{run:?}");
        }
    }
}

// Row 24: the kernel decides, not a look.
#[test]
fn no_clobber_holds_however_late_target_appears() {
    needs!(strace);
    for (named, flags) in [(false, true), (true, true), (true, false)] {
        let scene = Scene::new();
        let mut strace = Strace::new(&scene, &["--no-clobber", "f"]).input("new");
        if named {
            strace = strace.without_unnamed("EOPNOTSUPP");
        }
        if !flags {
            strace = strace.inject("renameat2:error=EINVAL");
        }
        let stopped = strace.stopped_after("fsync:when=1");
        scene.write("f", "theirs");
        let run = stopped.resume();
        assert_eq!(run.output.status.code(), Some(3), "{run:?}");
        assert_eq!(stderr(&run.output), "atomic-write: f: no-clobber: was created meanwhile (changed meanwhile)\n");
        scene.has_only("f", "theirs");
    }
}

// Row 24: with neither flag nor link it could only look and hope.
#[test]
fn no_clobber_that_cannot_be_kept_is_refused_before_reading() {
    needs!(strace);
    let scene = Scene::new();
    let run = Strace::new(&scene, &["--no-clobber", "f"])
        .input("new")
        .without_unnamed("EOPNOTSUPP")
        .inject("renameat2:error=EINVAL")
        .inject("linkat:error=EPERM")
        .run();
    assert_eq!(run.output.status.code(), Some(1), "{run:?}");
    let says = "atomic-write: f: no-clobber: this file system can neither rename without replacing nor make hard links \
                (unchanged)\n";
    assert_eq!(stderr(&run.output), says);
    assert_eq!(run.calls.input_read(), None, "{run:?}");
    assert_eq!(scene.names(), [""; 0]);
}

// Row 24: nobody asked for it, so the last writer wins.
#[test]
fn without_flags_and_links_a_new_target_is_renamed() {
    needs!(strace);
    let scene = Scene::new();
    let run = Strace::new(&scene, &["f"])
        .input("new")
        .without_unnamed("EOPNOTSUPP")
        .inject("renameat2:error=EINVAL")
        .inject("linkat:error=EPERM")
        .run();
    is_replaced(&scene, &run);
}

// Row 28.
#[test]
fn where_a_descriptor_cannot_be_linked_its_path_in_proc_is() {
    needs!(strace);
    for scene in both() {
        let run = Strace::new(&scene, &["f"]).input("new").inject("linkat:error=ENOENT:when=1").run();
        is_replaced(&scene, &run);
        was_unnamed(&run);
        assert_eq!(run.calls.all("linkat", &["AT_EMPTY_PATH"]).count(), 1, "only asked for: {run:?}");
        let linked = run.calls.0.iter().rfind(|call| call.name == "linkat").unwrap();
        assert!(linked.args.contains("/proc/self/fd/") && linked.args.contains("AT_SYMLINK_FOLLOW"), "{linked:?}");
    }
}

// Row 28.
#[test]
fn where_neither_can_be_linked_it_has_a_name_from_the_start() {
    needs!(strace);
    for scene in both() {
        let run = Strace::new(&scene, &["f"]).input("new").inject("linkat:error=ENOENT:when=1..2").run();
        is_replaced(&scene, &run);
        was_named(&run);
    }
}

// Row 28.
#[test]
fn without_proc_the_descriptor_is_linked() {
    needs!(root, strace, mount_namespaces);
    for scene in both() {
        let mode = scene.path("f").exists().then(|| scene.mode("f"));
        let run = Strace::new(&scene, &["f"]).input("new").by(&NO_PROC).run();
        is_replaced(&scene, &run);
        was_unnamed(&run);
        assert!(mode.is_none_or(|mode| mode == scene.mode("f")));
    }
}

// Row 28.
#[test]
fn without_proc_and_links_of_descriptors_it_has_a_name() {
    needs!(root, strace, mount_namespaces);
    for scene in both() {
        let run = Strace::new(&scene, &["f"]).input("new").by(&NO_PROC).inject("linkat:error=ENOENT:when=1").run();
        is_replaced(&scene, &run);
        was_named(&run);
    }
}

// Row 28: once the file is another's, without CAP_FOWNER it cannot be linked any more.
#[test]
fn a_right_to_give_away_alone_means_a_name_from_the_start() {
    needs!(root, strace, setpriv);
    let scene = Scene::with_old();
    scene.chmod("f", 0o666);
    scene.give_to_user("");
    let (user, group) = (format!("--reuid={USER}"), format!("--regid={USER}"));
    let with = ["setpriv", &user, &group, "--clear-groups", "--inh-caps=+chown", "--ambient-caps=+chown"];
    let run = Strace::new(&scene, &["f"]).input("new").by(&with).run();
    is_replaced(&scene, &run);
    was_named(&run);
    let owner = fs::metadata(scene.path("f")).unwrap();
    assert_eq!((owner.uid(), owner.gid(), scene.mode("f")), (0, 0, 0o666));
}

// Row 29.
#[test]
fn where_unnamed_files_are_refused_it_has_a_name_from_the_start() {
    needs!(strace);
    for errno in ["EOPNOTSUPP", "EISDIR", "ENOENT", "EINVAL"] {
        for scene in both() {
            let mode = scene.path("f").exists().then(|| scene.mode("f"));
            let run = Strace::new(&scene, &["f"]).input("new").without_unnamed(errno).run();
            is_replaced(&scene, &run);
            was_named(&run);
            assert!(mode.is_none_or(|mode| mode == scene.mode("f")), "{errno}");
        }
    }
}

// Row 29: what is no lack of the system's is an error.
#[test]
fn other_failures_to_stage_are_errors() {
    needs!(strace);
    let failures = [("ENOSPC", "No space left on device"), ("EIO", "I/O error")];
    for (errno, words) in failures {
        let scene = Scene::with_old();
        let refused = plain_calls().inject("openat", &["O_TMPFILE"], &format!("error={errno}"));
        let run = Strace::new(&scene, &["f"]).input("new").inject(refused).run();
        assert_eq!(run.output.status.code(), Some(1), "{run:?}");
        assert_eq!(
            stderr(&run.output),
            format!("atomic-write: f: create staging file: directory .: {words} (unchanged)\n")
        );
        assert_eq!(run.calls.input_read(), None, "{run:?}");
        assert_eq!((scene.names(), scene.text("f").as_str()), (vec!["f".to_owned()], "old"));
    }
}

// Between the two a kill leaves a name: only the last look is made there.
#[test]
fn between_the_link_and_the_rename_there_is_only_the_look() {
    needs!(strace, unnamed_files);
    let modes: [&[&str]; 6] = [
        &["f"],
        &["--lock", "f"],
        &["--backup=simple", "f"],
        &["--backup=numbered", "f"],
        &["--mode", "600", "--no-dereference", "f"],
        &["--edit", "f", "--", "echo", "new"],
    ];
    for args in modes {
        let scene = Scene::with_old();
        let run = Strace::new(&scene, args).input("new").run();
        assert_eq!(run.output.status.code(), Some(0), "{args:?}: {run:?}");
        let linked = run.calls.at("linkat", &["\".aw-"]);
        let renamed = run.calls.0.iter().position(|call| call.name.starts_with("renameat")).unwrap();
        let between = &run.calls.0[linked + 1..renamed];
        let looks = |call: &&Call| call.is("statx", &["\"f\""]) || call.is("newfstatat", &["\"f\""]);
        assert!(between.iter().filter(|call| call.name == look()).count() == 1, "{args:?}: {between:#?}");
        assert!(between.iter().all(|call| looks(&call)), "{args:?}: {between:#?}");
    }
}
