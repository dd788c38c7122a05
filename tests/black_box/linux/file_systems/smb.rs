//! On SMB the times of a file come late: the server dates it when the client closes it, which Linux puts off for a second. So
//! they say nothing there, and the content is compared. A local file system stands in for it, by its type.
//!
//! Rows: 7, 29, 61, 64, 65, 71, 76.

use std::fs::File;
use std::time::{Duration, UNIX_EPOCH};

use crate::common::needs::needs;
use crate::common::strace::{Calls, Strace, Traced, has_unnamed};
use crate::common::{Scene, as_user, is_root, stderr};

/// Of `old\n`.
const OLD: &str = "sha256:01d09d19c2139a46aebfb577780d123d7396e97201bc7ead210a2ebff8239dee";

/// A run on SMB, or on the same file system as it is.
#[derive(Clone, Copy, Debug)]
struct On {
    smb: bool,
    ordinary: bool,
}

impl On {
    /// Each, for who runs the tests, and where that is root, for an ordinary user as well.
    fn each() -> impl Iterator<Item = On> {
        let all = [(true, false), (false, false), (true, true), (false, true)];
        let all = all.map(|(smb, ordinary)| On { smb, ordinary });
        all.into_iter().filter(|on| is_root() || !on.ordinary)
    }

    /// `f` with `old\n` and `source` with `new\n`.
    fn scene(self) -> Scene {
        let scene = Scene::new();
        scene.write("f", "old\n");
        scene.write("source", "new\n");
        if self.ordinary {
            for name in ["", "f", "source"] {
                scene.give_to_user(name);
            }
        }
        scene
    }

    /// The program, with `new\n` on its standard input.
    fn trace<'s>(self, scene: &'s Scene, args: &[&str]) -> Strace<'s> {
        let strace = Strace::new(scene, args).input("new\n");
        let strace = if self.smb { strace.on_smb() } else { strace };
        if self.ordinary { strace.by(as_user()) } else { strace }
    }

    fn run(self, scene: &Scene, args: &[&str]) -> Traced {
        self.trace(scene, args).run()
    }
}

fn status(traced: &Traced) -> Option<i32> {
    traced.output.status.code()
}

fn says(traced: &Traced) -> String {
    stderr(&traced.output)
}

/// Sets the times of a file, as a server does.
fn date(scene: &Scene, name: &str) {
    File::open(scene.path(name)).unwrap().set_modified(UNIX_EPOCH + Duration::from_secs(1)).unwrap();
}

#[test]
fn other_times_of_target_are_no_other_content() {
    needs!(changed_answers);
    let script = "touch -d yesterday f; sed s/old/new/";
    for on in On::each() {
        for args in [&["--edit", "f", "--", "sh", "-c", script][..], &["-e", "-b", "f", "--", "sh", "-c", script]] {
            let scene = on.scene();
            let traced = on.run(&scene, args);
            if on.smb {
                assert_eq!((status(&traced), says(&traced).as_str()), (Some(0), ""), "{on:?} {args:?}");
                assert_eq!(scene.text("f"), "new\n", "{on:?} {args:?}");
            } else {
                assert_eq!(status(&traced), Some(123), "{on:?} {args:?}: {}", says(&traced));
                assert!(says(&traced).contains("has changed since it was read"), "{}", says(&traced));
                assert_eq!((scene.text("f").as_str(), scene.names().len()), ("old\n", 2), "{on:?} {args:?}");
            }
        }
    }
}

// A client to which the server has delegated the times tells them late.
#[test]
fn on_nfs_other_times_of_target_are_no_other_content_either() {
    needs!(changed_answers);
    for (script, expected, becomes) in [
        ("touch -d yesterday f; sed s/old/new/", 0, "new\n"),
        ("printf 'OLD\\n' >f; touch -d yesterday f; sed s/OLD/new/", 123, "OLD\n"),
    ] {
        let scene = On { smb: false, ordinary: false }.scene();
        let traced = Strace::new(&scene, &["--edit", "f", "--", "sh", "-c", script]).on_nfs().run();
        assert_eq!(status(&traced), Some(expected), "{script}: {}", says(&traced));
        assert_eq!(scene.text("f"), becomes, "{script}");
    }
}

#[test]
fn another_content_of_the_same_size_is_refused_whatever_its_times() {
    needs!(changed_answers);
    // What is appended to may be found changed before the command is done, which is then sent SIGTERM.
    let change = "trap '' TERM; touch -r f saved; printf 'OLD\\n' >f; touch -r saved f; rm saved";
    let edit = format!("{change}; sed s/OLD/new/");
    let write = format!("{change}; echo new");
    let ways: [&[&str]; 3] = [
        &["--edit", "f", "--", "sh", "-c", &edit],
        &["--if-match", OLD, "f", "--", "sh", "-c", &write],
        &["--if-match", OLD, "--append", "f", "--", "sh", "-c", &write],
    ];
    for on in On::each() {
        for args in ways {
            let scene = on.scene();
            let traced = on.run(&scene, args);
            let told = format!("{on:?} {args:?}: {}", says(&traced));
            // What is appended to may be read before it is changed, or meanwhile.
            assert!(matches!(status(&traced), Some(123 | 125)), "{told}");
            assert!(args.contains(&"--append") || status(&traced) == Some(123), "{told}");
            assert!(says(&traced).lines().next().unwrap().ends_with(" (changed meanwhile)"), "{told}");
            assert_eq!(
                (scene.text("f").as_str(), scene.names()),
                ("OLD\n", vec!["f".into(), "source".into()]),
                "{told}"
            );
        }
    }
}

/// The calls between the opening of the old content and the rename.
fn between(calls: &Calls) -> Vec<usize> {
    let is_open = |at: &usize| calls.0[*at].is("openat", &["/fd/", "O_RDONLY"]) && calls.0[*at].result.contains("/f>");
    let opened = (0..calls.0.len()).find(is_open).expect("the old content is opened");
    let renamed = calls.0.iter().rposition(|call| call.name.starts_with("rename")).expect("a rename");
    // By the second look its state is known; by the first, that it is the right file.
    let mut looks = (opened..renamed).filter(|&at| calls.0[at].is("statx", &["/f>"]));
    let looked = looks.nth(1).expect("the old content is looked at");
    (looked..renamed).filter(|&at| calls.0[at].name != "fstatfs").collect()
}

#[test]
fn times_that_come_at_any_moment_before_the_commit_do_not_matter() {
    needs!(changed_answers);
    let ways: [(&[&str], &str); 4] = [
        (&["--append", "f"], "old\nnew\n"),
        (&["-C", "f"], "new\n"),
        (&["--if-match", OLD, "f"], "new\n"),
        (&["--if-match", OLD, "-C", "--from", "source", "f"], "new\n"),
    ];
    let on = On { smb: true, ordinary: false };
    for (args, becomes) in ways {
        let recorded = on.run(&on.scene(), args);
        assert_eq!(status(&recorded), Some(0), "{args:?}: {}", says(&recorded));
        for at in between(&recorded.calls) {
            let scene = on.scene();
            let call = &recorded.calls.0[at];
            let stop = format!("{}:when={}", call.name, recorded.calls.when(at));
            let stopped = on.trace(&scene, args).stopped_after(&stop);
            date(&scene, "f");
            let traced = stopped.resume();
            let told = format!("{args:?}, after {call:?}: {traced:?}");
            assert_eq!((status(&traced), says(&traced).as_str()), (Some(0), ""), "{told}");
            assert_eq!((scene.text("f").as_str(), scene.names().len()), (becomes, 2), "{told}");
        }
    }
}

// On a local file system that is another writer's doing.
#[test]
fn elsewhere_other_times_are_another_content() {
    needs!(changed_answers);
    for on in On::each() {
        let args = ["--if-match", OLD, "f"];
        let recorded = on.run(&on.scene(), &args);
        let scene = on.scene();
        let stopped = on.trace(&scene, &args).stopped_after(&recorded.calls.stop("fsync", &[]));
        date(&scene, "f");
        let traced = stopped.resume();
        let expected = if on.smb { (Some(0), "new\n") } else { (Some(3), "old\n") };
        assert_eq!((status(&traced), scene.text("f").as_str()), expected, "{on:?}: {}", says(&traced));
    }
}

#[test]
fn a_failure_says_that_it_is_the_times_that_have_changed() {
    needs!(changed_answers);
    for on in On::each() {
        for (change, on_smb) in [
            ("touch -d yesterday f", "its times have changed"),
            ("true", "unchanged"),
            ("echo longer >>f", "changed meanwhile"),
            ("chmod 600 f", "changed meanwhile"),
            ("rm f", "changed meanwhile"),
        ] {
            let scene = on.scene();
            let traced = on.run(&scene, &["f", "--", "sh", "-c", &format!("{change}; exit 7")]);
            let expected = if change == "true" || on.smb { on_smb } else { "changed meanwhile" };
            assert_eq!(status(&traced), Some(7), "{on:?} {change}");
            let first = says(&traced).lines().next().unwrap().to_owned();
            assert!(first.ends_with(&format!(" ({expected})")), "{on:?} {change}: {first}");
        }
    }
}

#[test]
fn late_times_of_a_source_do_not_matter() {
    needs!(changed_answers);
    for on in On::each() {
        let args = ["--from", "source", "f"];
        let recorded = on.run(&on.scene(), &args);
        // It is looked at, and then read.
        let scene = on.scene();
        let stopped = on.trace(&scene, &args).stopped_after(&recorded.calls.stop("statx", &["/source>"]));
        date(&scene, "source");
        let traced = stopped.resume();
        let told = format!("{on:?}: {}", says(&traced));
        if on.smb {
            assert_eq!((status(&traced), says(&traced).as_str(), scene.text("f").as_str()), (Some(0), "", "new\n"));
        } else {
            assert_eq!((status(&traced), scene.text("f").as_str()), (Some(1), "old\n"), "{told}");
            assert!(says(&traced).contains("source: changed while it was read"), "{told}");
        }
        // Another size is another content.
        let scene = on.scene();
        let stopped = on.trace(&scene, &args).stopped_after(&recorded.calls.stop("statx", &["/source>"]));
        scene.write("source", "longer than it was\n");
        let traced = stopped.resume();
        assert_eq!((status(&traced), scene.text("f").as_str()), (Some(1), "old\n"), "{on:?}: {}", says(&traced));
    }
}

// Those that SMB clients offer cannot be linked, and stay on the server for a while.
#[test]
fn no_unnamed_file_is_asked_for() {
    needs!(changed_answers);
    let ways: [(&[&str], i32, &[&str]); 9] = [
        (&["f"], 0, &["f", "source"]),
        (&["n"], 0, &["f", "n", "source"]),
        (&["-n", "n"], 0, &["f", "n", "source"]),
        (&["-C", "f"], 0, &["f", "source"]),
        (&["-b", "--append", "f"], 0, &["f", "f~", "source"]),
        (&["--from", "source", "f"], 0, &["f", "source"]),
        (&["--edit", "f", "--", "sed", "s/old/new/"], 0, &["f", "source"]),
        (&["--validate", "false", "f"], 3, &["f", "source"]),
        (&["f", "--", "false"], 1, &["f", "source"]),
    ];
    for on in On::each() {
        for (args, code, names) in ways {
            let scene = on.scene();
            let traced = on.run(&scene, args);
            let told = format!("{on:?} {args:?}: {traced:?}");
            assert_eq!(status(&traced), Some(code), "{told}");
            assert_eq!(scene.names(), names, "{told}");
            assert_eq!(traced.calls.has("openat", &["O_TMPFILE"]), !on.smb, "{told}");
            let named = traced.calls.has("openat", &["\".aw-", "O_CREAT|O_EXCL"]);
            assert_eq!(named, on.smb || !has_unnamed(), "{told}");
        }
    }
}

#[test]
fn a_lock_is_refused_before_anything_is_read() {
    needs!(changed_answers);
    for on in On::each() {
        let scene = on.scene();
        let traced = on.run(&scene, &["--lock", "f"]);
        let expected = if on.smb { (Some(1), "old\n") } else { (Some(0), "new\n") };
        assert_eq!((status(&traced), scene.text("f").as_str()), expected, "{on:?}: {}", says(&traced));
        assert_eq!(traced.calls.input_read().is_none(), on.smb, "{on:?}: {traced:?}");
        assert_eq!(says(&traced).contains("lock: its network file system has no lock"), on.smb, "{}", says(&traced));
    }
}
