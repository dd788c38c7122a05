//! The staging file: its name, its mode, and that nothing of it, and nothing of anybody else's, is removed wrongly.
//!
//! Rows: 32, 33, 34, 37, 38, 39.

use std::collections::BTreeSet;
use std::fs;

use crate::common::needs::needs;
use crate::common::strace::{Calls, Strace, Traced, plain_calls};
use crate::common::{Scene, stderr};

/// A scene in which TARGET exists, or does not.
fn scene(old: bool) -> Scene {
    let scene = Scene::new();
    if old {
        scene.write("app.conf", "old");
    }
    scene
}

/// To replace `app.conf`; with a name from the start, or not.
fn strace<'s>(scene: &'s Scene, named: bool, options: &[&str]) -> Strace<'s> {
    let strace = Strace::new(scene, &[options, &["app.conf"]].concat()).input("new");
    if named { strace.without_links() } else { strace }
}

fn status(run: &Traced) -> Option<i32> {
    run.output.status.code()
}

/// The staging names that there are, or have been in a run.
fn short_names(scene: &Scene) -> Vec<String> {
    scene.names().into_iter().filter(|name| name != "app.conf").collect()
}

fn created(calls: &Calls) -> BTreeSet<String> {
    let created = calls.0.iter().filter(|call| call.is("openat", &["O_EXCL"]) || call.is("linkat", &["\".aw-"]));
    created.filter_map(|call| call.args.split('"').find(|part| part.starts_with(".aw-"))).map(str::to_owned).collect()
}

// Row 32.
#[test]
fn the_longest_name_works() {
    needs!(strace);
    for name in ["x".repeat(255), format!("{}.conf", "\u{e9}".repeat(125))] {
        for named in [false, true] {
            for option in ["--sync=full", "--no-clobber"] {
                let scene = Scene::new();
                let run = Strace::new(&scene, &[option, &name]).input("new");
                let run = if named { run.without_links() } else { run }.run();
                assert_eq!(status(&run), Some(0), "{run:?}");
                scene.cmd().arg(&name).write_stdin("newer").assert().success().stderr("");
                assert_eq!((scene.text(&name).as_str(), scene.names()), ("newer", vec![name.clone()]));
            }
        }
    }
}

// Rows 32, 33 and 39; the pattern is the documented one.
#[test]
fn its_name_is_short_and_random_and_begins_with_a_dot() {
    needs!(strace);
    for named in [false, true] {
        let mut names = BTreeSet::new();
        for _ in 0..8 {
            let scene = scene(true);
            let run = strace(&scene, named, &[]).run();
            assert_eq!(status(&run), Some(0), "{run:?}");
            let of_run = created(&run.calls);
            assert_eq!(of_run.len(), 1, "{run:?}");
            names.extend(of_run);
            assert!(run.calls.has("getrandom", &[", 12, 0"]), "{run:?}");
        }
        assert_eq!(names.len(), 8, "{names:?}");
        let pattern = predicates::str::is_match("^\\.aw-[a-z0-9]{12}$").unwrap();
        assert!(names.iter().all(|name| predicates::Predicate::eval(&pattern, name)), "{names:?}");
    }
}

// Row 39.
#[test]
fn globs_for_files_like_target_do_not_find_it() {
    needs!(strace);
    for (named, stop) in [(false, "linkat:when=2"), (true, "fsync:when=1")] {
        let scene = scene(true);
        let stopped = strace(&scene, named, &[]).stopped_after(stop);
        let there = short_names(&scene);
        let found = scene.sh("echo * *.conf .*.conf app* *.c*");
        stopped.resume();
        assert_eq!(there.len(), 1);
        assert_eq!(found.stdout, b"app.conf app.conf .*.conf app.conf app.conf\n");
    }
}

// Row 33: what has the name already is neither opened nor followed; the next name is tried.
#[test]
fn a_name_that_is_taken_is_not_touched() {
    needs!(strace);
    let plain = plain_calls();
    let exclusive = plain.when(plain.at("openat", &["O_TMPFILE"])) + 1;
    let cases = [(true, format!("openat:error=EEXIST:when={exclusive}")), (false, "linkat:error=EEXIST:when=2".into())];
    for (named, taken) in cases {
        let scene = scene(true);
        let run = strace(&scene, named, &[]).inject(taken).run();
        assert_eq!(status(&run), Some(0), "{run:?}");
        assert_eq!(created(&run.calls).len(), 2, "{run:?}");
        assert_eq!((scene.text("app.conf").as_str(), scene.names()), ("new", vec!["app.conf".to_owned()]));
    }
}

// Row 33.
#[test]
fn a_named_one_is_created_exclusively() {
    needs!(strace);
    let scene = scene(true);
    let run = strace(&scene, true, &[]).run();
    let created = run.calls.one("openat", &[".aw-"]);
    for flag in ["O_CREAT", "O_EXCL", "O_NOFOLLOW", "0600"] {
        assert!(created.args.contains(flag), "{created:?}");
    }
}

// Row 38.
#[test]
fn an_unnamed_one_can_be_linked() {
    needs!(strace);
    let staged = plain_calls().one("openat", &["O_TMPFILE"]);
    assert!(!staged.args.contains("O_EXCL"), "{staged:?}");
}

// Row 34: at birth, and at each step after.
#[test]
fn it_is_never_wider_than_the_finished_file() {
    needs!(strace);
    for (old, options, finished) in
        [(Some(0o640), &[][..], 0o640), (Some(0o666), &["-m", "600"], 0o600), (None, &["-m", "640"], 0o640)]
    {
        for named in [false, true] {
            let scene = scene(old.is_some());
            if let Some(mode) = old {
                scene.chmod("app.conf", mode);
            }
            let run = strace(&scene, named, options).by(&["sh", "-c", "umask 0; exec \"$@\"", "sh"]).run();
            assert_eq!(status(&run), Some(0), "{run:?}");
            assert_eq!(scene.mode("app.conf"), finished);
            let born = run.calls.all("openat", &["O_TMPFILE"]).chain(run.calls.all("openat", &["O_EXCL"]));
            let set = run.calls.all("fchmod", &[]);
            let modes: Vec<u32> = born
                .chain(set)
                .map(|call| u32::from_str_radix(call.args.rsplit(' ').next().unwrap(), 8).unwrap())
                .collect();
            assert!(!modes.is_empty() && modes.iter().all(|mode| mode & !finished == 0), "{modes:?} {run:?}");
        }
    }
}

// Row 34: with a name, others could open it.
#[test]
fn a_named_one_is_private_while_it_is_filled() {
    needs!(strace);
    for old in [true, false] {
        let scene = scene(old);
        let stopped = strace(&scene, true, &[]).stopped_after("pwrite64:when=1");
        let [name] = short_names(&scene).try_into().unwrap();
        let mode = scene.mode(name);
        assert_eq!(status(&stopped.resume()), Some(0));
        assert_eq!(mode, 0o600);
    }
}

// Row 37: after the rename the name is not ours to remove, whatever happens.
#[test]
fn a_name_that_was_renamed_is_not_removed() {
    needs!(strace);
    for (old, named) in [(true, false), (true, true), (false, false), (false, true)] {
        for failure in [None, Some("error=EIO")] {
            let recorded = strace(&scene(old), named, &[]).run().calls;
            let scene = scene(old);
            let mut strace = strace(&scene, named, &[]);
            if let Some(failure) = failure {
                let last = recorded.0.iter().rposition(|call| call.name == "fsync").unwrap();
                strace = strace.inject(format!("fsync:{failure}:when={}", recorded.when(last)));
            }
            let run = strace.run();
            assert_eq!(status(&run), Some(if failure.is_some() { 4 } else { 0 }), "{run:?}");
            assert!(!run.calls.0.iter().any(|call| call.name.starts_with("unlink")), "{run:?}");
            assert_eq!((scene.text("app.conf").as_str(), scene.names()), ("new", vec!["app.conf".to_owned()]));
        }
    }
}

// Row 37: what has our name by now and is not ours stays.
#[test]
fn another_file_under_its_name_is_not_removed() {
    needs!(strace);
    for (named, stop) in [(false, "linkat:when=2"), (true, "fsync:when=1")] {
        let scene = scene(true);
        let stopped = strace(&scene, named, &[]).inject("renameat:error=EIO").stopped_after(stop);
        let [name] = short_names(&scene).try_into().unwrap();
        fs::remove_file(scene.path(&name)).unwrap();
        scene.write(&name, "theirs");
        let run = stopped.resume();
        assert_eq!(status(&run), Some(1), "{run:?}");
        assert_eq!((scene.text(&name).as_str(), scene.text("app.conf").as_str()), ("theirs", "old"));
        assert!(stderr(&run.output).contains(&format!("hint: {name} is left behind: ")), "{run:?}");
    }
}

/// The run has failed and could not remove it.
fn is_told_as_left_behind(scene: &Scene, run: &Traced) {
    assert_eq!(status(run), Some(1), "{run:?}");
    let [name] = short_names(scene).try_into().unwrap();
    let says = format!("(unchanged)\nhint: {name} is left behind: Permission denied\n");
    assert!(stderr(&run.output).ends_with(&says), "{}", stderr(&run.output));
}

// Promise 5.
#[test]
fn one_that_cannot_be_removed_is_told_with_its_path() {
    needs!(strace);
    for (named, failing) in [(false, "renameat:error=EIO"), (true, "fsync:error=EIO:when=1")] {
        let scene = scene(true);
        let run = strace(&scene, named, &[]).inject(failing).inject("unlinkat:error=EACCES").run();
        is_told_as_left_behind(&scene, &run);
    }
}

// On its server the directory has been removed, and everything in it was before. Here the file stays; the words count.
#[test]
fn one_whose_directory_has_been_removed_on_the_server_is_not_told() {
    needs!(strace);
    let failing: [(bool, &[&str], &str); 4] = [
        (false, &["app.conf"], "renameat:error=EIO"),
        (true, &["app.conf"], "fsync:error=EIO:when=1"),
        (true, &["--validate", "false", "app.conf"], ""),
        (true, &["app.conf", "--", "false"], ""),
    ];
    for (named, args, failing) in failing {
        let run = |unlinkat: &str| {
            let scene = scene(true);
            let strace = Strace::new(&scene, args).input("new").inject(format!("unlinkat:error={unlinkat}"));
            let strace = if named { strace.without_unnamed("EOPNOTSUPP") } else { strace };
            let run = if failing.is_empty() { strace.run() } else { strace.inject(failing).run() };
            // There was one to be removed; for a validator a private directory, and before it that of the trial.
            let expected = if args.contains(&"--validate") { 2 } else { 1 };
            assert_eq!(short_names(&scene).len(), expected, "{args:?}: {run:?}");
            assert!(run.calls.has("unlinkat", &["\".aw-"]), "{args:?}: {run:?}");
            assert!(stderr(&run.output).contains("(unchanged)\n"), "{args:?}: {run:?}");
            run
        };
        let stale = run("ESTALE");
        assert!(!stderr(&stale.output).contains("left behind"), "{args:?}: {}", stderr(&stale.output));
        let refused = run("EROFS");
        assert!(stderr(&refused.output).contains("left behind"), "{args:?}: {}", stderr(&refused.output));
        assert_eq!(status(&stale), status(&refused), "{args:?}");
    }
}

// Promise 5, after a success: where a link had to stand in for a rename.
#[test]
fn one_that_cannot_be_removed_after_all_went_well_is_a_warning() {
    needs!(strace);
    let scene = scene(false);
    let run = Strace::new(&scene, &["--quiet", "--backup=simple", "app.conf"])
        .input("new")
        .without_unnamed("EINVAL")
        .inject("renameat2:error=EINVAL")
        .inject("unlinkat:error=EACCES")
        .run();
    assert_eq!(status(&run), Some(0), "{run:?}");
    let [name] = short_names(&scene).try_into().unwrap();
    let says = format!("atomic-write: app.conf: warning: {name} is left behind: Permission denied\n");
    assert_eq!(stderr(&run.output), says);
    assert_eq!(scene.text("app.conf"), "new");
}

// Promise 5: `--quiet` is for what was not kept of metadata.
#[test]
fn one_that_cannot_be_removed_is_told_whatever_quiet_says() {
    needs!(strace);
    // After a success, where a second name had to be made: of a new TARGET, and of a numbered backup.
    for (old, args) in [(false, &["-q", "-n", "app.conf"][..]), (true, &["-q", "--backup=numbered", "app.conf"])] {
        let scene = scene(old);
        let mut strace = Strace::new(&scene, args).input("new");
        if !old {
            strace = strace.without_unnamed("EINVAL");
        }
        let run = strace.inject("renameat2:error=EINVAL").inject("unlinkat:error=EACCES").run();
        assert_eq!(status(&run), Some(0), "{args:?}: {run:?}");
        let text = stderr(&run.output);
        let left: Vec<String> = scene.names().into_iter().filter(|name| name.starts_with(".aw-")).collect();
        assert!(!left.is_empty(), "{args:?}: {run:?}");
        let told = |name: &String| {
            text.contains(&format!("atomic-write: app.conf: warning: {name} is left behind: Permission denied\n"))
        };
        assert!(left.iter().all(told) && text.lines().count() == left.len(), "{args:?}: {left:?}: {text}");
        assert_eq!(scene.text("app.conf"), "new");
        assert!(!old || scene.text("app.conf.~1~") == "old");
    }
    // After a failure.
    let scene = scene(true);
    let args = ["-q", "app.conf"];
    let run =
        Strace::new(&scene, &args).input("new").inject("renameat:error=EIO").inject("unlinkat:error=EACCES").run();
    is_told_as_left_behind(&scene, &run);
}

// Promise 5.
#[test]
fn whatever_stops_the_run_a_named_one_is_removed() {
    needs!(strace);
    let endings: [(&[&str], i32); 5] = [
        (&["--from", "missing", "app.conf"], 1),
        (&["--non-empty", "--from", "/dev/null", "app.conf"], 3),
        (&["--checksum", &format!("sha256:{}", "0".repeat(64)), "app.conf"], 3),
        (&["--validate", "exit 1", "app.conf"], 3),
        (&["app.conf", "--", "sh", "-c", "echo part; exit 9"], 9),
    ];
    for (args, expected) in endings {
        for old in [true, false] {
            let scene = scene(old);
            let before = scene.names();
            let run = Strace::new(&scene, args).input("new").without_links().run();
            assert_eq!(status(&run), Some(expected), "{run:?}");
            assert_eq!(scene.names(), before, "{args:?}");
        }
    }
}
