//! `-m` and what a mode does not show: a group that is lost, an ACL that the file has or inherits.
//!
//! Rows: 51, 56.

use super::{acl, set_acl};
use crate::common::needs::needs;
use crate::common::{Scene, USER, as_user, stderr};

/// Each way to write `f` once more, as somebody who may do so, with this mode.
const WAYS: [&[&str]; 6] = [
    &["f"],
    &["--from", "new/f", "f"],
    &["-a", "f"],
    &["-I", "{}", "f", "--", "cp", "new/f", "{}"],
    &["--validate", "true", "f"],
    &["-t", ".", "new/f"],
];

/// A directory that everybody may write, with a TARGET of the ordinary user, but of another group.
fn of_another_group(mode: u32) -> Scene {
    let scene = Scene::new();
    scene.chmod(".", 0o777);
    scene.mkdir("new");
    scene.write("new/f", "new");
    scene.write("f", "old");
    scene.give("f", USER, 41013);
    scene.chmod("f", mode);
    scene
}

/// A symbolic mode changes the mode that the file has without it: the group's permissions are for no other group.
#[test]
fn a_symbolic_mode_gives_nothing_to_another_group() {
    needs!(root);
    for (mode, word, becomes) in [
        (0o660, "u+x", 0o700),
        (0o660, "o=", 0o600),
        (0o664, "u+x", 0o744),
        (0o604, "u+x", 0o700),
        (0o660, "g=r", 0o640),
        (0o660, "640", 0o640),
    ] {
        for way in WAYS {
            let scene = of_another_group(mode);
            let output =
                scene.through(as_user()).args(["-f", "-m", word]).args(way).write_stdin("new").output().unwrap();
            let text = stderr(&output);
            assert_eq!(output.status.code(), Some(0), "{way:?}: {text}");
            assert!(text.ends_with("f: warning: cannot keep group 41013\n"), "{way:?}: {text}");
            let is = (scene.owner("f"), format!("{:04o}", scene.mode("f")));
            assert_eq!(is, ((USER, USER), format!("{becomes:04o}")), "{word} of {mode:04o} by {way:?}");
        }
    }
}

#[test]
fn nor_where_the_group_had_an_acl() {
    needs!(root, acls_and_attributes);
    let scene = of_another_group(0o660);
    set_acl(&scene, &["-m", "u:41077:rw,g::rw"], "f");
    scene.through(as_user()).args(["-m", "u+x", "f"]).write_stdin("new").assert().success();
    assert_eq!(acl(&scene, "f"), "user::rwx\ngroup::---\nother::---\n\n");
}

#[test]
fn nor_to_another_group_of_a_directory() {
    needs!(root, exchange);
    let scene = of_another_group(0o660);
    scene.mkdir("tree");
    scene.give("tree", USER, 41013);
    scene.chmod("tree", 0o770);
    scene.through(as_user()).args(["--tree", "-m", "o=", "--from", "new", "tree"]).assert().success();
    assert_eq!((scene.owner("tree"), scene.mode("tree")), ((USER, USER), 0o700));
}

/// The mode is there already, but the ACL gives others access.
#[test]
fn an_acl_beside_the_requested_mode_is_a_change() {
    needs!(acls_and_attributes);
    for word in ["640", "u=rw,g=r"] {
        for options in [&["-C"][..], &["-C", "--in-place"], &["-C", "-a"]] {
            let scene = Scene::with_old();
            scene.chmod("f", 0o640);
            set_acl(&scene, &["-m", "u:1234:r"], "f");
            let input = if options.contains(&"-a") { "" } else { "old" };
            let output =
                scene.cmd().args(options).args(["--report", "-m", word, "f"]).write_stdin(input).output().unwrap();
            assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &b"replaced\n"[..]), "{output:?}");
            assert_eq!(stderr(&output), "", "{options:?}");
            assert_eq!(acl(&scene, "f"), "user::rw-\ngroup::r--\nother::---\n\n", "{options:?}");
            // A second time there is nothing to do.
            let output =
                scene.cmd().args(options).args(["--report", "-m", word, "f"]).write_stdin(input).output().unwrap();
            assert_eq!(output.stdout, b"unchanged\n", "{options:?}");
        }
    }
    // The mask looks like the requested mode, but the group has nothing.
    let scene = Scene::with_old();
    scene.chmod("f", 0o600);
    set_acl(&scene, &["-m", "u:1234:rw"], "f");
    scene.cmd().args(["-C", "-m", "660", "f"]).write_stdin("old").assert().success().stderr("");
    assert_eq!(acl(&scene, "f"), "user::rw-\ngroup::rw-\nother::---\n\n");
}

#[test]
fn an_acl_of_a_directory_is_a_change_too() {
    needs!(acls_and_attributes, exchange);
    let scene = Scene::new();
    for directory in ["f", "new"] {
        scene.mkdir(directory);
        scene.chmod(directory, 0o750);
    }
    set_acl(&scene, &["-m", "u:1234:rx"], "f");
    let args = ["--tree", "-C", "--report", "-m", "750", "--from", "new", "f"];
    assert_eq!(scene.cmd().args(args).output().unwrap().stdout, b"replaced\n");
    assert_eq!(acl(&scene, "f"), "user::rwx\ngroup::r-x\nother::---\n\n");
    assert_eq!(scene.cmd().args(args).output().unwrap().stdout, b"unchanged\n");
}

/// The mode of a new file shows the mask of the ACL that it inherits.
#[test]
fn a_symbolic_mode_of_a_new_file_ignores_the_mask() {
    needs!(acls_and_attributes);
    for (default, becomes) in [
        ("u:1234:rwx,g::-,o::-", "user::rwx\ngroup::---\nother::---\n\n"),
        ("u:1234:rwx,g::rwx,o::-", "user::rwx\ngroup::rw-\nother::---\n\n"),
        ("u:1234:-,g::r,o::r", "user::rwx\ngroup::---\nother::---\n\n"),
    ] {
        for way in WAYS.iter().filter(|way| !way.contains(&"-a")) {
            for place in ["--in-place", "-q"] {
                let scene = Scene::new();
                scene.mkdir("d");
                set_acl(&scene, &["-d", "-m", default], "d");
                scene.mkdir("d/new");
                scene.write("d/new/f", "new");
                scene.chmod("d/new/f", 0o666);
                let mut command = scene.cmd();
                command.current_dir(scene.path("d")).args([place, "-m", "u+x"]).args(*way);
                let output = command.write_stdin("new").output().unwrap();
                assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{way:?}");
                assert_eq!(acl(&scene, "d/f"), becomes, "{default} {way:?}");
            }
        }
    }
}
