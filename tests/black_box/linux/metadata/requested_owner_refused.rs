//! `--owner` and `--group` where they are not to be had.
//!
//! Rows: none.

use super::strace;
use crate::common::needs::needs;
use crate::common::{Scene, USER, as_user, does, stderr};

/// A file of the ordinary user's own, in a directory that everybody may write.
fn scene() -> Scene {
    let scene = Scene::with_old();
    scene.give_to_user("f");
    scene.give_to_user("");
    scene
}

const OWNER: &str = "atomic-write: f: owner: cannot give the file to user 4321: Operation not permitted (unchanged)\n\
                     hint: only root may give files away\n";
const GROUP: &str = "atomic-write: f: group: cannot give the file to group 4321: Operation not permitted (unchanged)\n\
                     hint: without root, only the owner may, and only to a group that the owner belongs to\n";

#[test]
fn who_may_not_give_files_away_is_told_before_anything_is_read() {
    for (option, says) in [("--owner=4321", OWNER), ("--group=4321", GROUP)] {
        for options in [&[][..], &["--in-place"], &["-C"], &["--allow-in-place"], &["--dry-run"], &["-f", "-m", "4755"]]
        {
            for with_command in [&[][..], &["-I", "{}"], &["--edit"]] {
                let scene = scene();
                let inode = scene.inode("f");
                let mut command = scene.ordinary();
                let run = command.args(options).args(with_command).args([option, "f", "--"]);
                let path = if with_command == ["-I", "{}"] { "{}" } else { "x" };
                run.args(does(&["write started ", &format!("write {path} new"), "print new"]))
                    .assert()
                    .code(125)
                    .stderr(says);
                assert_eq!((scene.inode("f"), scene.text("f").as_str()), (inode, "old"));
                assert_eq!(scene.names(), ["f"], "{options:?} {with_command:?}");
            }
        }
        let scene = scene();
        let says = says.replace(": f:", ": g:");
        scene.ordinary().args([option, "g"]).write_stdin("new").assert().code(1).stderr(says);
        assert_eq!(scene.names(), ["f"]);
    }
}

#[test]
fn of_a_tree_it_is_told_before_the_command_runs() {
    let scene = Scene::new();
    scene.give_to_user("");
    for (option, says) in [("--owner=4321", OWNER), ("--group=4321", GROUP)] {
        let words = ["--tree", option, "-I", "{}", "f", "--"];
        scene.ordinary().args(words).args(does(&["write started x{}"])).assert().code(125).stderr(says);
        assert!(scene.names().is_empty());
    }
}

#[test]
fn a_group_that_the_caller_is_in_is_permitted() {
    needs!(root, setpriv);
    for options in [&[][..], &["--in-place"]] {
        let scene = scene();
        let member = ["setpriv", "--reuid=65533", "--regid=65533", "--groups=4321"];
        scene
            .through(&member)
            .args(options)
            .args(["--group=4321", "f"])
            .write_stdin("new")
            .assert()
            .success()
            .stderr("");
        assert_eq!((scene.owner("f"), scene.text("f").as_str()), ((USER, 4321), "new"));
    }
}

/// What the file system refuses only in the end.
#[test]
fn a_refusal_in_the_end_leaves_the_old_file() {
    needs!(root, strace);
    for options in [&[][..], &["--in-place"], &["--backup=simple"], &["--in-place", "--backup=simple"]] {
        let scene = Scene::with_old();
        let words = [options, &["--owner=1", "--group=2", "f"]].concat();
        scene.chmod("f", 0o640);
        let recorded = strace(&scene, &words).run().calls;
        let count = recorded.all("fchown", &[]).count();
        assert!(count > 1);
        for at in 1..=count {
            let scene = Scene::with_old();
            scene.chmod("f", 0o640);
            let inode = scene.inode("f");
            let run = strace(&scene, &words).inject(format!("fchown:error=EIO:when={at}")).run();
            let text = stderr(&run.output);
            assert_eq!(run.output.status.code(), Some(1), "{words:?} {at}: {text}");
            assert!(text.ends_with("(unchanged)\n"), "{words:?} {at}: {text}");
            assert_eq!((scene.inode("f"), scene.owner("f"), scene.mode("f")), (inode, (0, 0), 0o640), "{words:?} {at}");
            scene.has_only("f", "old");
        }
    }
}

/// It does as if it had given the file away.
#[test]
fn a_file_system_without_owners_is_found_out() {
    needs!(root, strace);
    let scene = Scene::with_old();
    let run = strace(&scene, &["--owner=1", "f"]).inject("fchown:retval=0").run();
    let says = "atomic-write: f: owner: this file system cannot give the file to user 1";
    assert!(stderr(&run.output).starts_with(says), "{run:?}");
    assert_eq!(run.output.status.code(), Some(1));
    assert!(!run.calls.has("read", &["\"new\""]), "{run:?}");
    scene.has_only("f", "old");
}

#[test]
fn an_id_that_the_namespace_lacks_is_told_in_plain_words() {
    needs!(root, user_namespaces);
    let scene = scene();
    let words = [as_user(), &["unshare", "-Ur"]].concat();
    let says = "atomic-write: f: owner: this user namespace, or this mount, has no user 4321 (unchanged)\n";
    scene.through(&words).args(["--owner=4321", "f"]).write_stdin("new").assert().code(1).stderr(says);
    scene.through(&words).args(["--owner=0", "f"]).write_stdin("new").assert().success().stderr("");
    assert_eq!((scene.owner("f"), scene.text("f").as_str()), ((USER, USER), "new"));
}
