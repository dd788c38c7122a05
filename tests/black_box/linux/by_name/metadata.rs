//! The metadata of the finished file: TARGET's own where it existed, else the permission bits that COMMAND gave.
//!
//! Rows: 49, 53, 97.

use std::os::unix::fs::MetadataExt;

use super::run;
use crate::common::needs::needs;
use crate::common::{Scene, USER, stderr, stdout};

/// What getfacl(1) and getfattr(1) say of `f`.
fn attributes(scene: &Scene, name: &str) -> String {
    let output = scene.sh(&format!("getfacl -cn {name}; getfattr -d -m - {name} | grep -v selinux"));
    stdout(&output).replace(name, "f")
}

#[test]
fn an_existing_target_keeps_acl_and_attributes() {
    needs!(acls_and_attributes);
    for options in [&[][..], &["-e"], &["-b"], &["--validate", "true"], &["--lock"]] {
        let scene = Scene::with_old();
        scene.sh("chmod 640 f; setfacl -m u:1234:r f; setfattr -n user.kept -v yes f");
        let before = attributes(&scene, "f");
        assert!(before.contains("user:1234:r") && before.contains("user.kept"), "{before}");
        let output = run(&scene, options, "echo new >\"$1\"");
        assert!(output.status.success() && stderr(&output).is_empty(), "{output:?}");
        assert_eq!(attributes(&scene, "f"), before, "{options:?}");
        assert_eq!(scene.text("f"), "new\n");
    }
}

#[test]
fn nothing_that_command_put_on_its_file_leaks_into_an_existing_target() {
    needs!(acls_and_attributes);
    let puts = r#"echo new >"$1"; chmod 777 "$1"; setfacl -m u:1234:rwx "$1"; setfattr -n user.mine -v x "$1""#;
    for options in [&[][..], &["-e"], &["-b"], &["--validate", "true"], &["-C"]] {
        let scene = Scene::with_old();
        scene.chmod("f", 0o640);
        let before = attributes(&scene, "f");
        let output = run(&scene, options, puts);
        assert!(output.status.success() && stderr(&output).is_empty(), "{output:?}");
        assert_eq!((attributes(&scene, "f"), scene.mode("f")), (before, 0o640), "{options:?}");
    }
}

/// As with set-ID bits, no right comes from a file that COMMAND wrote.
#[test]
fn capabilities_that_command_set_are_not_taken() {
    needs!(root, setcap, getcap);
    for old in [false, true] {
        let scene = Scene::new();
        if old {
            scene.write("f", "old");
        }
        let output = run(&scene, &[], r#"cp /bin/true "$1"; setcap cap_net_raw+ep "$1""#);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(stdout(&scene.sh("getcap f")), "", "{old}");
    }
}

#[test]
fn owner_and_group_of_an_existing_target_are_kept() {
    needs!(root);
    for options in [&[][..], &["-e"], &["--validate", "true"]] {
        let scene = Scene::with_old();
        scene.give("f", USER, USER + 1);
        scene.chmod("f", 0o640);
        let output = run(&scene, options, r#"echo new >"$1"; chown 7:8 "$1""#);
        assert!(output.status.success() && stderr(&output).is_empty(), "{output:?}");
        assert_eq!((scene.owner("f"), scene.mode("f")), ((USER, USER + 1), 0o640));
    }
}

#[test]
fn a_new_target_looks_as_if_command_had_written_it_there() {
    needs!(shell);
    for umask in ["022", "077", "002"] {
        let scene = Scene::new();
        let script = format!(
            "umask {umask}; $AW -I {{}} f -- cp ../{}/x {{}}",
            scene.root().file_name().unwrap().to_str().unwrap()
        );
        scene.write("x", "#!");
        scene.chmod("x", 0o777);
        let output = scene.sh(&format!("{script}; umask {umask}; cp x direct"));
        assert!(output.status.success(), "{output:?}");
        assert_eq!((scene.mode("f"), scene.owner("f")), (scene.mode("direct"), scene.owner("direct")), "{umask}");
    }
}

#[test]
fn set_id_bits_are_never_taken() {
    for (old, options) in [(None, &[][..]), (Some(0o755), &[]), (Some(0o755), &["-e"]), (None, &["--validate", "true"])]
    {
        let scene = Scene::new();
        if let Some(mode) = old {
            scene.write("f", "old");
            scene.chmod("f", mode);
        }
        let output = run(&scene, options, r#"echo new >"$1"; chmod 7755 "$1""#);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(scene.mode("f"), 0o755, "{options:?}");
    }
}

#[test]
fn in_a_set_group_id_directory_the_group_is_the_directorys() {
    needs!(root);
    let scene = Scene::new();
    scene.give("", 0, USER);
    scene.chmod("", 0o2775);
    let output = run(&scene, &[], r#"echo new >"$1"; stat -c %a "${1%/*}""#);
    assert!(output.status.success() && stderr(&output).is_empty(), "{output:?}");
    assert_eq!(stdout(&output), "2700\n");
    assert_eq!(scene.owner("f"), (0, USER));
}

#[test]
fn in_a_sticky_directory_one_replaces_ones_own() {
    needs!(root);
    let scene = Scene::new();
    scene.chmod("", 0o1777);
    scene.write("f", "old");
    scene.give("f", USER, USER);
    let words = ["-e", "-I", "{}", "f", "--", "sh", "-c", "echo new >>\"$1\"", "sh", "{}"];
    let user = ["setpriv", "--reuid=65533", "--regid=65533", "--clear-groups"];
    let output = scene.through(&user).args(words).output().unwrap();
    assert!(output.status.success() && stderr(&output).is_empty(), "{output:?}");
    scene.has_only("f", "oldnew\n");
    // And not another's.
    scene.give("f", 0, 0);
    scene.chmod("f", 0o666);
    let output = scene.through(&user).args(words).output().unwrap();
    assert_eq!(output.status.code(), Some(125), "{output:?}");
    scene.has_only("f", "oldnew\n");
}

#[test]
fn a_default_acl_comes_to_new_targets_and_opens_nothing() {
    needs!(acls_and_attributes);
    let scene = Scene::new();
    scene.mkdir("d");
    scene.write("d/old", "old");
    scene.chmod("d/old", 0o600);
    scene.sh("setfacl -m d:u:1234:rwx,d:g::rx,d:o::r d; setfacl -b d/old; : >d/direct");
    let direct = attributes(&scene, "d/direct");
    let script = r#"echo new >"$1"; getfacl -cnp "${1%/*}" | grep -v ^default"#;
    for (target, expected) in [("d/f", direct.as_str()), ("d/old", "user::rw-\ngroup::---\nother::---\n\n")] {
        let args = ["-I", "{}", target, "--", "sh", "-c", script, "sh", "{}"];
        let output = scene.cmd().args(args).output().unwrap();
        assert!(output.status.success() && stderr(&output).is_empty(), "{output:?}");
        // Whatever entries there are, the mask lets nobody in.
        let acl = stdout(&output);
        assert!(acl.contains("other::---") && (acl.contains("mask::---") || acl.contains("group::---")), "{acl}");
        assert_eq!(attributes(&scene, target), expected, "{target}");
    }
    assert_eq!(std::fs::metadata(scene.path("d/f")).unwrap().mode() & 0o7000, 0);
}
