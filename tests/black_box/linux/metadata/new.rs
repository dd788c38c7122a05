//! A new TARGET: as `>` would create it, or as `cp` would.
//!
//! Rows: 48.

use assert_cmd::assert::OutputAssertExt;

use super::{acl, set_acl, strace};
use crate::common::needs::needs;
use crate::common::{Scene, stderr};
use crate::portable::metadata::new::UMASKS;

/// Row 48, where the staging file has a name from the start.
#[test]
fn a_new_file_that_had_a_name_meanwhile_has_the_same_mode() {
    needs!(strace);
    for umask in UMASKS {
        let scene = Scene::new();
        scene.sh(&format!("umask {umask}; true >g"));
        let under = format!("umask {umask}; exec \"$@\"");
        let traced = strace(&scene, &["f"]).by(&["sh", "-c", &under, "sh"]).without_unnamed("EOPNOTSUPP").run();
        traced.output.assert().success().stderr("");
        assert!(traced.calls.has("openat", &["\".aw-", "O_EXCL"]), "{:?}", traced.calls);
        assert_eq!(scene.mode("f"), scene.mode("g"), "umask {umask}");
    }
}

#[test]
fn a_new_file_has_the_directorys_default_acl() {
    needs!(acls_and_attributes);
    let scene = Scene::new();
    set_acl(&scene, &["-d", "-m", "u:1234:rw,g::r,o::-"], ".");
    for arguments in ["f", "--validate true f", "-D f"] {
        let output = scene.sh(&format!("umask 077; rm -f f g; true >g; echo new | \"$AW\" {arguments}"));
        assert!(output.status.success() && stderr(&output).is_empty(), "{}", stderr(&output));
        assert_eq!(acl(&scene, "f"), acl(&scene, "g"), "{arguments}");
        assert!(acl(&scene, "f").contains("user:1234:rw-"), "{}", acl(&scene, "f"));
    }
}

#[test]
fn a_new_file_from_a_source_keeps_the_default_acl_within_bits() {
    needs!(acls_and_attributes);
    let scene = Scene::new();
    scene.write("source", "new");
    scene.chmod("source", 0o755);
    set_acl(&scene, &["-d", "-m", "u:1234:rw,g::r,o::-"], ".");
    scene.sh("cp source g");
    scene.cmd().args(["--from", "source", "f"]).assert().success().stderr("");
    assert_eq!(acl(&scene, "f"), acl(&scene, "g"));
}

#[test]
fn a_mode_wins_over_the_default_acl() {
    needs!(acls_and_attributes);
    let scene = Scene::new();
    set_acl(&scene, &["-d", "-m", "u:1234:rw,g::r,o::-"], ".");
    scene.cmd().args(["-m", "0660", "f"]).write_stdin("new").assert().success().stderr("");
    assert_eq!(acl(&scene, "f"), "user::rw-\ngroup::rw-\nother::---\n\n");
}
