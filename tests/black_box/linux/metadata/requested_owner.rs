//! `--owner` and `--group`, as root has them.
//!
//! Rows: 50.

use super::{acl, set_acl, strace};
use crate::common::needs::needs;
use crate::common::{Scene, does, stderr};

/// An old file of user 12, group 13 and this mode.
fn anothers(mode: u32) -> Scene {
    let scene = Scene::with_old();
    scene.give("f", 12, 13);
    scene.chmod("f", mode);
    scene
}

#[test]
fn a_new_file_has_them_and_the_mode_of_a_redirection() {
    needs!(root);
    let scene = Scene::new();
    for (name, options, owner) in [
        ("a", &["--owner", "1", "--group", "2"][..], (1, 2)),
        ("b", &["--owner=+1"], (1, 0)),
        ("c", &["--group=2"], (0, 2)),
        ("d", &["--owner", "root", "--group=root"], (0, 0)),
        // A number that no name has.
        ("e", &["--owner", "54321", "--group", "54322"], (54321, 54322)),
    ] {
        let umask = ["sh", "-c", "umask 027; exec \"$@\"", "sh"];
        scene.through(&umask).args(options).arg(name).write_stdin("new").assert().success().stderr("");
        assert_eq!((scene.owner(name), scene.mode(name)), (owner, 0o640), "{options:?}");
    }
}

#[test]
fn a_name_wins_over_a_number() {
    needs!(root, mount_namespaces);
    let scene = Scene::new();
    scene.write("passwd", "root:x:0:0::/:\n7:x:70:0::/:\n");
    let bound = "mount --bind passwd /etc/passwd; exec \"$@\"";
    for (word, owner) in [("7", 70), ("+7", 7), ("8", 8)] {
        let through = ["unshare", "-m", "sh", "-c", bound, "sh"];
        scene.through(&through).args(["--owner", word, "f"]).write_stdin("new").assert().success();
        assert_eq!(scene.owner("f").0, owner, "{word}");
    }
}

#[test]
fn they_win_over_those_of_the_old_file() {
    needs!(root);
    for options in [&[][..], &["--in-place"], &["-b"], &["--sync=none"], &["--lock"], &["--validate", "exit 0"]] {
        for (words, owner) in [
            (&["--owner=1"][..], (1, 13)),
            (&["--group=2"], (12, 2)),
            (&["--owner=1", "--group=2"], (1, 2)),
            (&["--owner=0", "--group=0"], (0, 0)),
        ] {
            let scene = anothers(0o640);
            scene.cmd().args(options).args(words).arg("f").write_stdin("new").assert().success().stderr("");
            assert_eq!((scene.owner("f"), scene.mode("f")), (owner, 0o640), "{options:?} {words:?}");
            assert_eq!(scene.text("f"), "new");
        }
    }
}

/// Row 50.
#[test]
fn set_id_bits_that_are_asked_for_survive_them() {
    needs!(root);
    for mode in ["4755", "2755", "6755", "u=rwxs,g=rxs,o="] {
        let plain = anothers(0o644);
        plain.cmd().args(["-m", mode, "f"]).write_stdin("new").assert().success();
        for options in [&[][..], &["--in-place"]] {
            for scene in [anothers(0o644), Scene::new()] {
                let words = ["--owner=1", "--group=2", "-m", mode];
                scene.cmd().args(options).args(words).arg("f").write_stdin("new").assert().success().stderr("");
                assert_eq!((scene.owner("f"), scene.mode("f")), ((1, 2), plain.mode("f")), "{options:?} {mode}");
            }
        }
    }
}

#[test]
fn set_id_bits_of_the_old_file_are_not_the_new_owners() {
    needs!(root);
    for options in [&[][..], &["--in-place"]] {
        let scene = anothers(0o6755);
        scene.cmd().args(options).args(["--owner=1", "f"]).write_stdin("new").assert().success();
        assert_eq!((scene.owner("f"), scene.mode("f")), ((1, 13), 0o755));
    }
}

#[test]
fn an_acl_stays_with_another_group() {
    needs!(root, acls_and_attributes);
    for options in [&[][..], &["--in-place"]] {
        let scene = anothers(0o640);
        set_acl(&scene, &["-m", "u:1234:rw,g::r,m::rw"], "f");
        let before = acl(&scene, "f");
        scene.cmd().args(options).args(["--group=2", "f"]).write_stdin("new").assert().success();
        assert_eq!((scene.owner("f"), acl(&scene, "f")), ((12, 2), before));
    }
}

#[test]
fn another_owner_is_a_change_and_the_same_is_none() {
    needs!(root);
    for options in [&["-C"][..], &["-C", "--in-place"]] {
        let scene = anothers(0o640);
        let report = |words: &[&str]| {
            let done =
                scene.cmd().args(options).arg("--report").args(words).arg("f").write_stdin("old").output().unwrap();
            String::from_utf8(done.stdout).unwrap()
        };
        let inode = scene.inode("f");
        assert_eq!(report(&["--owner=12", "--group=13"]), "unchanged\n");
        assert_eq!(scene.inode("f"), inode);
        assert_eq!(report(&["--owner=1"]), "replaced\n");
        assert_eq!(report(&["--owner=1", "--group=2"]), "replaced\n");
        assert_eq!((scene.owner("f"), scene.mode("f"), scene.text("f").as_str()), ((1, 2), 0o640, "old"));
        assert_eq!(report(&["--owner=1", "--group=2"]), "unchanged\n");
    }
}

#[test]
fn what_a_command_wrote_by_name_has_them() {
    needs!(root);
    for edit in [&[][..], &["--edit"]] {
        let scene = anothers(0o640);
        let words = ["--owner=1", "--group=2", "-I", "{}", "f", "--"];
        scene.cmd().args(edit).args(words).args(does(&["write {} new"])).assert().success().stderr("");
        assert_eq!((scene.owner("f"), scene.mode("f")), ((1, 2), 0o640));
    }
    let scene = Scene::new();
    let words = ["--owner=1", "-I", "{}", "f", "--"];
    scene.cmd().args(words).args(does(&["write {} new", "mode {} 750"])).assert().success().stderr("");
    assert_eq!((scene.owner("f"), scene.mode("f")), ((1, 0), 0o750));
}

/// As `-m`: what is in it belongs to whom it belonged in SOURCE.
#[test]
fn of_a_tree_they_are_those_of_the_top_directory() {
    needs!(exchange, root);
    let scene = Scene::new();
    scene.mkdir("s");
    scene.write("s/x", "");
    scene.give("s/x", 5, 6);
    scene.chmod("s", 0o2750);
    for (owner, group) in [(1, 2), (3, 4)] {
        let words = [format!("--owner={owner}"), format!("--group={group}")];
        scene.cmd().args(["--tree", "--from", "s"]).args(&words).arg("d").assert().success().stderr("");
        assert_eq!((scene.owner("d"), scene.mode("d"), scene.owner("d/x")), ((owner, group), 0o2750, (5, 6)));
        let again = scene.cmd().args(["-C", "--report", "--tree", "--from", "s"]).args(&words).arg("d").output();
        assert_eq!(again.unwrap().stdout, b"unchanged\n");
    }
}

/// Nobody else may open the staged file on the way, and the sync has all of it.
#[test]
fn they_are_set_after_the_mode_and_before_the_sync() {
    needs!(root, strace);
    for new in [true, false] {
        let scene = if new { Scene::new() } else { anothers(0o604) };
        let calls = strace(&scene, &["--owner=1", "--group=2", "-m", "4755", "f"]).run().calls;
        let last = if new { "linkat" } else { "renameat" };
        calls.in_order(&[
            ("openat", &["O_TMPFILE", "0600"]),
            ("fchown", &[", -1, 2"]),
            ("fchmod", &["0755"]),
            ("fchown", &[", 1, -1"]),
            ("fchmod", &["04755"]),
            ("fsync", &[]),
            (last, &[]),
        ]);
    }
    // What is new gets the mode of a redirection only once it has its group.
    let scene = Scene::new();
    let calls = strace(&scene, &["--group=2", "f"]).run().calls;
    calls.in_order(&[
        ("openat", &["O_TMPFILE"]),
        ("fchmod", &["0600"]),
        ("fchown", &[", -1, 2"]),
        ("fchmod", &["0644"]),
        ("fsync", &[]),
        ("linkat", &[]),
    ]);
}

/// fakeroot would give what it knows of a file that was dropped to the next one with its inode number.
#[test]
fn an_unchanged_file_of_another_owner_is_staged_once() {
    needs!(root, strace, unnamed_files);
    for input in ["old", "other"] {
        let scene = Scene::with_old();
        scene.chmod("f", 0o600);
        let traced = strace(&scene, &["-C", "--owner", "12", "--group", "13", "-m", "640", "f"]).input(input).run();
        assert_eq!((traced.output.status.code(), stderr(&traced.output).as_str()), (Some(0), ""));
        let staged = traced.calls.all("openat", &["O_TMPFILE"]).filter(|call| call.succeeded()).count();
        assert_eq!((staged, scene.owner("f"), scene.text("f").as_str()), (1, (12, 13), input), "{:#?}", traced.calls);
    }
}
