//! ACLs of a TARGET that is replaced.
//!
//! Rows: 49, 51, 53.

use assert_cmd::assert::OutputAssertExt;

use super::{acl, says, set_acl, strace};
use crate::common::needs::needs;
use crate::common::{Disk, Scene, as_user, stderr};

/// An old TARGET of this mode with these entries.
fn target(scene: &Scene, mode: u32, entries: &str) {
    scene.write("f", "old");
    scene.chmod("f", mode);
    set_acl(scene, &["-m", entries], "f");
}

const ACLS: [&str; 5] = [
    "u:1234:rw,g:1235:r",
    // The mask shows as the group's bits, and the group has fewer.
    "u:1234:rw,g::-,m::rw,o::-",
    // A mask that holds everybody back.
    "u:1234:rwx,g:1235:rwx,m::r",
    // Shut out by name.
    "u:1234:-,g:1235:-,o::r",
    // Nothing beyond the mode but a mask.
    "m::r",
];

/// Row 53.
#[test]
fn an_acl_is_kept_entry_by_entry() {
    needs!(acls_and_attributes);
    let scene = Scene::new();
    for entries in ACLS {
        target(&scene, 0o640, entries);
        let before = (acl(&scene, "f"), scene.mode("f"));
        scene.cmd().arg("f").write_stdin(entries).assert().success().stderr("");
        assert_eq!((acl(&scene, "f"), scene.mode("f")), before);
        assert_eq!(scene.text("f"), entries);
    }
}

/// Row 53: XFS shows root an ACL as a trusted attribute too, which must not come back by itself.
#[test]
fn an_acl_of_xfs_is_handed_on_as_an_acl_only() {
    needs!(root, strace, "mkfs.xfs", setfacl);
    let scene = Disk::new("xfs", 300, "");
    target(&scene, 0o640, "u:1234:rw");
    let before = acl(&scene, "f");
    let run = strace(&scene, &["f"]).run();
    assert_eq!(acl(&scene, "f"), before);
    assert!(run.calls.has("fsetxattr", &["system.posix_acl_access"]), "{run:?}");
    assert!(!run.calls.has("fsetxattr", &["SGI_ACL"]), "{run:?}");
}

#[test]
fn an_acl_is_kept_in_a_directory_with_a_default_acl() {
    needs!(acls_and_attributes);
    let scene = Scene::new();
    target(&scene, 0o640, "u:1234:r");
    let before = acl(&scene, "f");
    set_acl(&scene, &["-d", "-m", "u:4321:rwx,m::rwx"], ".");
    says(scene.cmd(), "");
    assert_eq!(acl(&scene, "f"), before);
}

/// Row 49.
#[test]
fn a_default_acl_leaves_nothing_on_a_file_that_had_none() {
    needs!(acls_and_attributes);
    let scene = Scene::with_old();
    scene.chmod("f", 0o664);
    set_acl(&scene, &["-d", "-m", "u:1234:rw"], ".");
    says(scene.cmd(), "");
    assert_eq!(acl(&scene, "f"), "user::rw-\ngroup::rw-\nother::r--\n\n");
}

#[test]
fn a_mode_wins_over_the_acl() {
    needs!(acls_and_attributes);
    let scene = Scene::new();
    target(&scene, 0o640, "u:1234:rw");
    scene.cmd().args(["-m", "0664", "f"]).write_stdin("new").assert().success().stderr("");
    assert_eq!(acl(&scene, "f"), "user::rw-\ngroup::rw-\nother::r--\n\n");
}

/// The mask shows as the group's bits. Without the ACL, the group has its own.
#[test]
fn a_symbolic_mode_changes_what_the_classes_had() {
    needs!(acls_and_attributes);
    for options in [&["-m", "u+x"][..], &["--in-place", "-m", "u+x"]] {
        let scene = Scene::new();
        target(&scene, 0o640, "u:1234:rw,g::r,m::rw");
        scene.cmd().args(options).arg("f").write_stdin("new").assert().success().stderr("");
        assert_eq!(acl(&scene, "f"), "user::rwx\ngroup::r--\nother::---\n\n");
    }
}

/// Row 51: who was held to less than everybody must not be found among everybody.
#[test]
fn without_its_acl_the_group_gets_its_own_entry() {
    needs!(strace, acls_and_attributes);
    let scene = Scene::new();
    let cases = [
        ("u::rw,u:1234:rw,g::r,m::rw,o::r", 0o644),
        ("u::rw,u:1234:rw,g::-,m::rw,o::-", 0o600),
        ("u::rw,u:1234:-,g::r,m::rw,o::r", 0o600),
        ("u::rw,g:1235:-,g::r,m::rw,o::r", 0o640),
        ("u::rw,u:1234:rw,g::rw,m::r,o::rw", 0o644),
    ];
    for (entries, mode) in cases {
        for error in ["EOPNOTSUPP", "EPERM"] {
            target(&scene, 0o600, entries);
            strace(&scene, &["f"])
                .inject(format!("fsetxattr:error={error}"))
                .run()
                .output
                .assert()
                .success()
                .stderr("atomic-write: f: warning: cannot keep access control list\n");
            assert_eq!(format!("{:04o}", scene.mode("f")), format!("{mode:04o}"), "{entries}");
            assert_eq!(acl(&scene, "f").lines().filter(|line| !line.is_empty()).count(), 3, "{entries}");
        }
    }
}

/// Row 49: nor may the mode bring the directory's default ACL back to life.
#[test]
fn without_its_acl_a_default_acl_leaves_nothing_either() {
    needs!(strace, acls_and_attributes);
    let scene = Scene::new();
    target(&scene, 0o600, "u:1234:r,g::r,m::rw");
    set_acl(&scene, &["-d", "-m", "u:4321:rwx,g::rwx,m::rwx"], ".");
    strace(&scene, &["f"])
        .inject("fsetxattr:error=EPERM")
        .run()
        .output
        .assert()
        .success()
        .stderr("atomic-write: f: warning: cannot keep access control list\n");
    assert_eq!(acl(&scene, "f"), "user::rw-\ngroup::r--\nother::---\n\n");
}

#[test]
fn an_acl_that_fails_and_is_not_refused_fails_the_run() {
    needs!(strace, acls_and_attributes);
    let scene = Scene::new();
    target(&scene, 0o640, "u:1234:r");
    let before = (scene.inode("f"), acl(&scene, "f"));
    strace(&scene, &["f"])
        .inject("fsetxattr:error=ENOSPC")
        .run()
        .output
        .assert()
        .code(1)
        .stderr("atomic-write: f: set metadata: No space left on device (unchanged)\n");
    assert_eq!((scene.inode("f"), acl(&scene, "f"), scene.text("f").as_str()), (before.0, before.1, "old"));
    assert_eq!(scene.names(), ["f"]);
}

/// Row 51.
#[test]
fn without_its_group_the_acls_group_and_other_get_what_both_had() {
    needs!(root, acls_and_attributes);
    let scene = Scene::new();
    scene.chmod(".", 0o777);
    target(&scene, 0o600, "u:65533:rw,u:1234:rw,g::rw,g:1235:rw,m::rw,o::r");
    scene.give("f", 41012, 41013);
    says(scene.through(as_user()), "atomic-write: f: warning: cannot keep owner 41012, group 41013\n");
    let entries = "user::rw-\nuser:1234:rw-\nuser:65533:rw-\ngroup::r--\ngroup:1235:rw-\nmask::rw-\nother::r--\n\n";
    assert_eq!(acl(&scene, "f"), entries);
}

/// Promise 8: the mode shows the mask in place of what the group may do, so nobody could tell what it may.
#[test]
fn an_acl_that_cannot_be_read_is_no_reason_to_widen_access() {
    needs!(acls_and_attributes);
    let scene = Scene::new();
    needs!(strace);
    target(&scene, 0o600, "u:1234:-,g::-,m::rw");
    let before = (acl(&scene, "f"), scene.inode("f"));
    for errno in ["EIO", "ENOMEM", "EACCES"] {
        let run = strace(&scene, &["f"]).inject(format!("getxattr:error={errno}")).run();
        assert_eq!(run.output.status.code(), Some(1), "{run:?}");
        let says = "atomic-write: f: read metadata: system.posix_acl_access: ";
        assert!(stderr(&run.output).starts_with(says), "{run:?}");
        assert_eq!((acl(&scene, "f"), scene.inode("f")), before);
        assert_eq!(scene.text("f"), "old");
    }
}
