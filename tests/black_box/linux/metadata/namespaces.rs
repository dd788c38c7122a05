//! User namespaces: an id that is not mapped shows as the overflow id, which is nobody's.
//!
//! Rows: none.

use std::io::{Read, Write};
use std::process::Stdio;

use crate::common::needs::needs;
use crate::common::{Scene, USER, as_user, program, stderr};

const WARNING: &str = "atomic-write: f: warning: cannot keep owner 65534, group 65534\n";

/// A TARGET that everybody may write.
fn scene(user: u32, group: u32) -> Scene {
    let scene = Scene::new();
    scene.chmod(".", 0o777);
    scene.write("f", "old");
    scene.chmod("f", 0o646);
    scene.give("f", user, group);
    scene
}

#[test]
fn a_file_of_an_unmapped_owner_is_warned_of() {
    needs!(root, user_namespaces);
    let scene = scene(1234, 1235);
    let words = [as_user(), &["unshare", "-Ur"]].concat();
    scene.through(&words).arg("f").write_stdin("new").assert().success().stderr(WARNING);
    assert_eq!((scene.owner("f"), scene.mode("f")), ((USER, USER), 0o644));
    assert_eq!(scene.text("f"), "new");
}

/// Two groups that are not mapped look the same, and are not.
#[test]
fn an_unmapped_group_is_not_taken_for_the_directorys() {
    needs!(root, user_namespaces);
    let scene = scene(USER, 1235);
    scene.give(".", USER, 1300);
    scene.chmod(".", 0o2777);
    scene.chmod("f", 0o664);
    let words = [as_user(), &["unshare", "-Ur"]].concat();
    let warning = "atomic-write: f: warning: cannot keep group 65534\n";
    scene.through(&words).arg("f").write_stdin("new").assert().success().stderr(warning);
    assert_eq!((scene.owner("f"), scene.mode("f")), ((USER, 1300), 0o644));
}

/// Replaces `f` as the root of a container, whose range of ids has the overflow id among them. Returns what was said.
fn in_container(scene: &Scene) -> String {
    let mut child = scene
        .other("unshare")
        .args(["-U", "sh", "-c", "echo; read -r line; exec \"$AW\" f"])
        .env("AW", program())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    for map in ["uid_map", "gid_map"] {
        std::fs::write(format!("/proc/{}/{map}", child.id()), "0 0 65536\n").unwrap();
    }
    child.stdin.take().unwrap().write_all(b"mapped\nnew").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(scene.text("f"), "new");
    stderr(&output)
}

#[test]
fn nobody_of_a_container_does_not_get_the_files_of_the_unmapped() {
    needs!(root, user_namespaces);
    let foreign = scene(200_000, 200_001);
    assert_eq!(in_container(&foreign), WARNING);
    assert_eq!((foreign.owner("f"), foreign.mode("f")), ((0, 0), 0o644));
    let own = scene(0, 200_001);
    own.chmod("f", 0o644);
    assert_eq!(in_container(&own), "atomic-write: f: warning: cannot keep group 65534\n");
    assert_eq!((own.owner("f"), own.mode("f")), ((0, 0), 0o644));
}

#[test]
fn nobody_of_a_container_keeps_the_files_that_are_his() {
    needs!(root, user_namespaces);
    for mode in [0o644, 0o640, 0o600] {
        let scene = scene(65534, 65534);
        scene.chmod("f", mode);
        assert_eq!(in_container(&scene), "");
        assert_eq!((scene.owner("f"), scene.mode("f")), ((65534, 65534), mode));
    }
    // Where others may write the file, its group cannot be told from one that is not mapped.
    let scene = scene(65534, 65534);
    assert_eq!(in_container(&scene), "atomic-write: f: warning: cannot keep group 65534\n");
    assert_eq!((scene.owner("f"), scene.mode("f")), ((65534, 0), 0o644));
}

#[test]
fn an_acl_with_unmapped_names_is_warned_of_and_widens_nothing() {
    needs!(root, user_namespaces, setfacl);
    let scene = scene(USER, USER);
    crate::common::tool("setfacl", &["-m", "u:1234:-,g::r,o::r", scene.path("f").to_str().unwrap()]);
    let words = [as_user(), &["unshare", "-Ur"]].concat();
    let warning = "atomic-write: f: warning: cannot keep access control list\n";
    scene.through(&words).arg("f").write_stdin("new").assert().success().stderr(warning);
    assert_eq!((scene.owner("f"), scene.mode("f")), ((USER, USER), 0o600));
}
