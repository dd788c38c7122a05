//! Owner, group, set-ID bits and hard links.
//!
//! Rows: 28, 50, 51, 56.

use assert_cmd::assert::OutputAssertExt;

use super::{acl, attributes, says, set_acl, set_attribute, strace};
use crate::common::needs::needs;
use crate::common::{Scene, USER, as_user, stderr};

/// A directory that everybody may write, with a TARGET of user 41012, group 41013 and this mode.
fn anothers(mode: u32) -> Scene {
    let scene = Scene::new();
    scene.chmod(".", 0o777);
    scene.write("f", "old");
    scene.give("f", 41012, 41013);
    scene.chmod("f", mode);
    scene
}

#[test]
fn root_leaves_the_file_to_its_owner() {
    needs!(root);
    for mode in [0o640, 0o606, 0o400, 0o000, 0o755, 0o1644] {
        let scene = anothers(mode);
        says(scene.cmd(), "");
        assert_eq!((scene.owner("f"), scene.mode("f")), ((41012, 41013), mode));
        assert_eq!(scene.text("f"), "new");
    }
}

#[test]
fn an_owner_with_a_name_is_named() {
    needs!(root, setpriv);
    let scene = anothers(0o666);
    scene.give("f", 0, 0);
    says(scene.through(as_user()), "atomic-write: f: warning: cannot keep owner 0 (root), group 0 (root)\n");
}

/// Outside user namespaces the overflow id is a user like others.
#[test]
fn root_leaves_a_file_of_nobody_to_nobody() {
    needs!(root);
    let scene = anothers(0o640);
    scene.give("f", 65534, 65534);
    scene.cmd().arg("f").write_stdin("new").assert().success();
    assert_eq!(scene.owner("f"), (65534, 65534));
}

/// Rows 51 and 56: group and other get what both had, and it is said once.
#[test]
fn who_may_not_give_the_file_back_widens_nobodys_access() {
    needs!(root);
    for (mode, becomes) in [(0o666, 0o666), (0o646, 0o644), (0o626, 0o622), (0o607, 0o600), (0o777, 0o777)] {
        let scene = anothers(mode);
        says(scene.through(as_user()), "atomic-write: f: warning: cannot keep owner 41012, group 41013\n");
        assert_eq!(format!("{:04o}", scene.mode("f")), format!("{becomes:04o}"), "from {mode:04o}");
        assert_eq!(scene.owner("f"), (USER, USER));
    }
}

#[test]
fn a_group_held_to_less_than_others_gains_nothing() {
    needs!(root);
    let scene = anothers(0o604);
    scene.through(as_user()).args(["-f", "f"]).write_stdin("new").assert().success();
    assert_eq!(scene.mode("f"), 0o600);
}

#[test]
fn a_group_that_the_caller_belongs_to_is_kept() {
    needs!(root);
    let scene = anothers(0o664);
    scene
        .through(&["setpriv", "--reuid=65533", "--regid=65533", "--groups=41013"])
        .arg("f")
        .write_stdin("new")
        .assert()
        .success()
        .stderr("atomic-write: f: warning: cannot keep owner 41012\n");
    assert_eq!((scene.owner("f"), scene.mode("f")), ((USER, 41013), 0o664));
}

#[test]
fn ones_own_file_keeps_a_foreign_group_that_the_directory_passes_on() {
    needs!(root);
    let scene = anothers(0o664);
    scene.give("f", USER, 41013);
    scene.give(".", USER, 41013);
    scene.chmod(".", 0o2755);
    says(scene.through(as_user()), "");
    assert_eq!((scene.owner("f"), scene.mode("f")), ((USER, 41013), 0o664));
}

/// Row 56.
#[test]
fn everything_that_is_lost_makes_one_warning_and_quiet_none() {
    needs!(root);
    for (quiet, lines) in [("-v", 2), ("-q", 0)] {
        needs!(acls_and_attributes);
        let scene = Scene::new();
        scene.chmod(".", 0o777);
        scene.write("f", "old");
        set_acl(&scene, &["-m", "u:1234:rw,o::rw"], "f");
        set_attribute(&scene, "security.label", "z", "f");
        scene.give("f", 41012, 41013);
        let output = scene.through(as_user()).args([quiet, "-m", "2755", "f"]).write_stdin("new").output().unwrap();
        assert!(output.status.success());
        let text = stderr(&output);
        assert_eq!(text.lines().count(), lines, "{text}");
        if lines > 0 {
            let warning = "atomic-write: f: warning: cannot keep owner 41012, group 41013, security.label";
            assert_eq!(text.lines().filter(|line| *line == warning).count(), 1, "{text}");
        }
        assert_eq!(scene.mode("f"), 0o2755, "the caller's own group may have the bit");
    }
}

#[test]
fn set_id_bits_are_not_carried_over_to_anothers_file() {
    needs!(root);
    for mode in [0o4755, 0o2755, 0o6777] {
        let scene = anothers(mode);
        says(scene.cmd(), "");
        assert_eq!((scene.owner("f"), scene.mode("f")), ((41012, 41013), mode & 0o777));
        let scene = anothers(mode);
        scene.through(as_user()).args(["-f", "f"]).write_stdin("new").assert().success();
        assert_eq!(scene.mode("f") & 0o7000, 0);
    }
}

/// What makes root an ordinary user with `CAP_CHOWN`.
fn with_the_right_to_give_away_alone() -> Vec<&'static str> {
    let capabilities = ["--inh-caps=-all,+chown", "--ambient-caps=-all,+chown", "--bounding-set=-all,+chown"];
    [as_user(), &capabilities].concat()
}

/// Rows 28 and 50: after the file is given away nothing else may be done to it, so everything precedes that, and it has
/// a name from the start, as it could not be linked any more.
#[test]
fn with_the_right_to_give_away_alone_everything_is_kept() {
    needs!(root, strace, acls_and_attributes);
    let scene = Scene::new();
    scene.chmod(".", 0o777);
    scene.write("f", "old");
    scene.chmod("f", 0o646);
    set_attribute(&scene, "user.x", "y", "f");
    set_acl(&scene, &["-m", "u:1234:rw"], "f");
    scene.give("f", 41012, 41013);
    let before = (acl(&scene, "f"), attributes(&scene, "f"), scene.mode("f"), scene.owner("f"));
    let traced = strace(&scene, &["f"]).by(&with_the_right_to_give_away_alone()).run();
    traced.output.assert().success().stderr("");
    assert_eq!((acl(&scene, "f"), attributes(&scene, "f"), scene.mode("f"), scene.owner("f")), before);
    assert_eq!(scene.text("f"), "new");
    assert_eq!(scene.names(), ["f"]);
    assert!(!traced.calls.has("openat", &["O_TMPFILE"]), "{:?}", traced.calls);
    assert!(traced.calls.has("openat", &["\".aw-", "O_EXCL"]), "{:?}", traced.calls);
}

#[test]
fn the_right_to_give_away_alone_needs_no_name_for_ones_own() {
    needs!(root, strace);
    let scene = anothers(0o640);
    scene.give("f", USER, USER);
    let traced = strace(&scene, &["f"]).by(&with_the_right_to_give_away_alone()).run();
    traced.output.assert().success().stderr("");
    assert!(traced.calls.has("openat", &["O_TMPFILE"]), "{:?}", traced.calls);
}
