//! Extended attributes: what belongs to the file is kept, what belongs to its old content is not.
//!
//! Rows: 50, 53, 56.

use assert_cmd::assert::OutputAssertExt;

use super::{attributes, says, set_attribute, strace};
use crate::common::needs::needs;
use crate::common::{Disk, Scene, tool};

/// Row 53.
#[test]
fn attributes_of_the_user_are_kept_byte_for_byte() {
    needs!(acls_and_attributes);
    let scene = Scene::with_old();
    for (name, value) in [("user.plain", "text"), ("user.binary", "0x00ff0a00"), ("user.empty", "0x")] {
        set_attribute(&scene, name, value, "f");
    }
    // More than the first guess at a value's size, less than what every file system can hold.
    set_attribute(&scene, "user.long", &format!("0x{}", "a5".repeat(1500)), "f");
    let before = attributes(&scene, "f");
    assert_eq!(before.len(), 4);
    says(scene.cmd(), "");
    assert_eq!(attributes(&scene, "f"), before);
    assert_eq!(scene.text("f"), "new");
}

#[test]
fn more_names_than_the_first_guess_holds_are_all_kept() {
    needs!(acls_and_attributes);
    let scene = Scene::with_old();
    for number in 0..24 {
        set_attribute(&scene, &format!("user.{number:030}"), "v", "f");
    }
    let before = attributes(&scene, "f");
    says(scene.cmd(), "");
    assert_eq!(attributes(&scene, "f"), before);
}

/// Rows 50 and 53: writing them needs a permission that the finished mode does not give.
#[test]
fn attributes_of_a_file_that_its_owner_may_not_write_are_kept() {
    needs!(acls_and_attributes);
    let scene = Scene::with_old();
    set_attribute(&scene, "user.x", "y", "f");
    scene.chmod("f", 0o444);
    scene.ordinary().args(["-f", "f"]).write_stdin("new").assert().success().stderr("");
    assert_eq!((scene.mode("f"), attributes(&scene, "f")), (0o444, vec!["user.x=0x79".to_owned()]));
}

/// Row 53. What of it can be set at all is up to the kernel; that it was there is asserted.
#[test]
fn attributes_of_the_system_are_kept_but_those_of_the_content() {
    needs!(root, acls_and_attributes);
    let scene = Scene::with_old();
    let capability = "0x0100000200040000000000000000000000000000";
    let content = [
        ("security.capability", capability),
        ("security.ima", "0x0301020304"),
        ("security.evm", "0x05"),
        ("trusted.overlay.opaque", "y"),
        ("user.overlay.opaque", "y"),
    ];
    for (name, value) in content {
        set_attribute(&scene, name, value, "f");
    }
    let of_the_file = [
        ("security.label", "z"),
        ("security.capability2", "z"),
        ("trusted.mine", "t"),
        ("trusted.overlayer", "t"),
        ("user.overlayed", "u"),
    ];
    for (name, value) in of_the_file {
        set_attribute(&scene, name, value, "f");
    }
    assert_eq!(attributes(&scene, "f").len(), 10);
    says(scene.cmd(), "");
    let kept: Vec<String> =
        attributes(&scene, "f").iter().map(|line| line.split('=').next().unwrap().to_owned()).collect();
    assert_eq!(kept, ["security.capability2", "security.label", "trusted.mine", "trusted.overlayer", "user.overlayed"]);
}

#[test]
fn the_compression_of_btrfs_is_kept() {
    needs!(root, "mkfs.btrfs", setfattr);
    let inside = Disk::new("btrfs", 128, "");
    inside.write("f", "old");
    set_attribute(&inside, "btrfs.compression", "zstd", "f");
    says(inside.cmd(), "");
    let value = ["-n", "btrfs.compression", "--only-values", "--absolute-names"];
    assert_eq!(tool("getfattr", &[&value[..], &[inside.path("f").to_str().unwrap()]].concat()), "zstd");
}

/// Rows 53 and 56.
#[test]
fn all_attributes_that_are_refused_make_one_warning() {
    needs!(strace, acls_and_attributes);
    let scene = Scene::with_old();
    for name in ["user.a", "user.b", "user.c"] {
        set_attribute(&scene, name, "v", "f");
    }
    strace(&scene, &["f"])
        .inject("fsetxattr:error=EPERM:when=1..2")
        .run()
        .output
        .assert()
        .success()
        .stderr(predicates::str::is_match("^atomic-write: f: warning: cannot keep user\\.., user\\..\n$").unwrap());
    assert_eq!(attributes(&scene, "f").len(), 1);
    assert_eq!(scene.text("f"), "new");
}

#[test]
fn an_attribute_that_finds_no_space_fails_the_run() {
    needs!(strace, acls_and_attributes);
    let scene = Scene::with_old();
    set_attribute(&scene, "user.a", "v", "f");
    strace(&scene, &["f"])
        .inject("fsetxattr:error=ENOSPC")
        .run()
        .output
        .assert()
        .code(1)
        .stderr("atomic-write: f: set metadata: user.a: No space left on device (unchanged)\n");
    assert_eq!((scene.text("f").as_str(), attributes(&scene, "f").len()), ("old", 1));
    assert_eq!(scene.names(), ["f"]);
}

/// A file system that knows none has none to lose.
#[test]
fn without_attributes_there_is_nothing_to_warn_of() {
    needs!(strace);
    let scene = Scene::with_old();
    scene.chmod("f", 0o640);
    let calls = ["listxattr", "getxattr", "fsetxattr", "fremovexattr"];
    let none = calls.iter().fold(strace(&scene, &["f"]), |run, call| run.inject(format!("{call}:error=EOPNOTSUPP")));
    none.run().output.assert().success().stderr("");
    assert_eq!((scene.mode("f"), scene.text("f").as_str()), (0o640, "new"));
}

/// A `user.*` value that the caller may not read cannot be kept, and that is said.
#[test]
fn an_attribute_that_cannot_be_read_is_warned_of() {
    needs!(acls_and_attributes);
    let scene = Scene::with_old();
    set_attribute(&scene, "user.a", "v", "f");
    scene.chmod("f", 0o200);
    says(scene.ordinary(), "atomic-write: f: warning: cannot keep user.a\n");
    assert_eq!(scene.mode("f"), 0o200);
}
