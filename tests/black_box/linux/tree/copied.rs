//! `--from DIR` copies what cp -a copies.
//!
//! Rows: 103.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixListener;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, XattrFlags, lgetxattr, lsetxattr, utimensat};

use crate::common::acl::{ACCESS, DEFAULT, Entry, encode};
use crate::common::needs::needs;
use crate::common::strace::Strace;
use crate::common::{Mounted, Scene, stderr, stdout, tool};
use crate::portable::tree::{make, tree};

#[track_caller]
fn copy(scene: &Scene, args: &[&str]) {
    let output = scene.cmd().args(["--tree", "--from"]).args(args).output().unwrap();
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{args:?}");
}

fn source() -> Scene {
    let scene = Scene::new();
    make(&scene, "src", "new");
    scene
}

fn attribute(path: &Path, name: &str) -> Option<Vec<u8>> {
    let mut buffer = [0; 1024];
    lgetxattr(path, name, &mut buffer[..]).ok().map(|length| buffer[..length].to_vec())
}

fn set(scene: &Scene, name: &str, attribute: &str, value: &[u8]) {
    lsetxattr(scene.path(name), attribute, value, XattrFlags::empty()).unwrap();
}

/// Of every file and directory, the link itself where it is one.
#[track_caller]
fn same_owners_modes_and_times(scene: &Scene, names: &[&str]) {
    for name in names {
        let of = |top: &str| {
            let stat = fs::symlink_metadata(scene.path(format!("{top}{name}"))).unwrap();
            (stat.uid(), stat.gid(), stat.mode(), stat.rdev(), stat.mtime(), stat.mtime_nsec())
        };
        assert_eq!(of("new"), of("src"), "{name}");
    }
}

#[test]
fn owners_modes_and_times_of_everything() {
    needs!(root);
    let scene = source();
    scene.symlink("nowhere", "src/link");
    tool("mkfifo", &[scene.path("src/fifo").to_str().unwrap()]);
    let names = ["", "/f", "/sub", "/sub/g", "/link", "/fifo"];
    for (number, name) in (1..).zip(names) {
        scene.give(format!("src{name}"), number, number + 10);
    }
    for (name, mode) in [("/f", 0o6755), ("/sub/g", 0o2711), ("/sub", 0o3770), ("", 0o1750), ("/fifo", 0o604)] {
        scene.chmod(format!("src{name}"), mode);
    }
    for (number, name) in (1..).zip(names) {
        let time = Timespec { tv_sec: 1_000_000_000 + number, tv_nsec: 123_456_789 + number };
        let times = Timestamps { last_access: time, last_modification: time };
        utimensat(CWD, scene.path(format!("src{name}")), &times, AtFlags::SYMLINK_NOFOLLOW).unwrap();
    }
    copy(&scene, &["src", "new"]);
    same_owners_modes_and_times(&scene, &names);
    assert_eq!(scene.mode("new/f"), 0o6755);
}

#[test]
fn fifos_sockets_and_devices() {
    needs!(root);
    let scene = source();
    tool("mkfifo", &[scene.path("src/fifo").to_str().unwrap()]);
    tool("mknod", &[scene.path("src/null").to_str().unwrap(), "c", "1", "3"]);
    tool("mknod", &[scene.path("src/block").to_str().unwrap(), "b", "7", "250"]);
    let _listener = UnixListener::bind(scene.path("src/socket")).unwrap();
    copy(&scene, &["src", "new"]);
    same_owners_modes_and_times(&scene, &["/fifo", "/null", "/block", "/socket"]);
    let kind = |name: &str| fs::symlink_metadata(scene.path(name)).unwrap().file_type();
    assert!(kind("new/fifo").is_fifo() && kind("new/socket").is_socket());
    assert!(kind("new/null").is_char_device() && kind("new/block").is_block_device());
}

#[test]
fn attributes_and_acls_of_files_and_directories() {
    needs!(acls_and_attributes);
    let scene = source();
    let acl =
        |user| encode(&[Entry::Owner(7), Entry::User(user, 5), Entry::OwningGroup(4), Entry::Mask(5), Entry::Other(0)]);
    for (name, user) in [("src", 1), ("src/sub", 2), ("src/f", 3)] {
        set(&scene, name, ACCESS, &acl(user));
        set(&scene, name, "user.mine", name.as_bytes());
    }
    for (name, user) in [("src", 4), ("src/sub", 5)] {
        set(&scene, name, DEFAULT, &acl(user));
    }
    copy(&scene, &["src", "new"]);
    for name in ["", "/sub", "/f", "/sub/g"] {
        let [from, to] = ["src", "new"].map(|top| scene.path(format!("{top}{name}")));
        for attribute_name in [ACCESS, DEFAULT, "user.mine"] {
            assert_eq!(attribute(&to, attribute_name), attribute(&from, attribute_name), "{name} {attribute_name}");
        }
    }
    assert!(attribute(&scene.path("new/f"), ACCESS).is_some());
}

/// What files get from their directory does not stay on a copy of files without it.
#[test]
fn a_default_acl_beside_target_leaves_nothing_in_the_copy() {
    needs!(acls_and_attributes);
    let scene = source();
    scene.mkdir("e");
    let acl = encode(&[Entry::Owner(7), Entry::User(9, 7), Entry::OwningGroup(4), Entry::Mask(7), Entry::Other(0)]);
    set(&scene, "e", DEFAULT, &acl);
    copy(&scene, &["src", "e/new"]);
    for name in ["", "/sub", "/f", "/sub/g"] {
        let path = scene.path(format!("e/new{name}"));
        assert_eq!((attribute(&path, ACCESS), attribute(&path, DEFAULT)), (None, None), "{name}");
        assert_eq!(scene.mode(format!("e/new{name}")), scene.mode(format!("src{name}")), "{name}");
    }
}

#[test]
fn trusted_attributes_and_capabilities() {
    needs!(root, acls_and_attributes, setcap);
    let scene = source();
    set(&scene, "src/sub/g", "trusted.mine", b"x");
    tool("setcap", &["cap_net_raw+ep", scene.path("src/f").to_str().unwrap()]);
    scene.give("src/sub/g", 7, 8);
    copy(&scene, &["src", "new"]);
    for (name, attribute_name) in [("/sub/g", "trusted.mine"), ("/f", "security.capability")] {
        let [from, to] = ["src", "new"].map(|top| attribute(&scene.path(format!("{top}{name}")), attribute_name));
        assert_eq!(to, from);
        assert!(to.is_some());
    }
}

#[test]
fn holes_and_data_between_them() {
    needs!(holes);
    let scene = source();
    let file = fs::File::create(scene.path("src/sparse")).unwrap();
    file.set_len(32 << 20).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, b"data", 16 << 20).unwrap();
    copy(&scene, &["src", "new"]);
    assert_eq!(scene.read("new/sparse"), scene.read("src/sparse"));
    let blocks = |name: &str| fs::metadata(scene.path(name)).unwrap().blocks();
    assert!(blocks("new/sparse") <= blocks("src/sparse"), "{} {}", blocks("new/sparse"), blocks("src/sparse"));
}

#[test]
fn links_of_special_files_are_links() {
    let scene = source();
    scene.symlink("nowhere", "src/link");
    tool("mkfifo", &[scene.path("src/fifo").to_str().unwrap()]);
    for name in ["link", "fifo"] {
        fs::hard_link(scene.path(format!("src/{name}")), scene.path(format!("src/sub/{name}"))).unwrap();
    }
    copy(&scene, &["src", "new"]);
    for name in ["link", "fifo"] {
        assert_eq!(scene.inode(format!("new/{name}")), scene.inode(format!("new/sub/{name}")));
    }
}

#[test]
fn what_is_mounted_in_source_is_not_copied_and_is_named() {
    needs!(root);
    let scene = source();
    scene.write("src/sub/x", "x");
    let memory = Mounted::with(&scene, "memory", &["-t", "tmpfs", "none"]);
    scene.write("memory/inside", "secret");
    let bound = [
        Mounted::bind(memory.path(), &scene.path("src/sub")),
        Mounted::bind(&scene.path("memory/inside"), &scene.path("src/f")),
    ];
    let output = scene.cmd().args(["--tree", "--from", "src", "new"]).output().unwrap();
    let says = ["src/f", "src/sub"]
        .map(|name| format!("atomic-write: new: warning: {name} is a mount point, whose content was not copied\n"));
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), says.concat()));
    assert_eq!(tree(&scene, "new"), ["f = ", "sub/"]);
    drop(bound);
}

/// What may not be read is no part of a copy that succeeds.
#[test]
fn what_cannot_be_read_is_an_error_and_nothing_is_left() {
    let scene = source();
    scene.chmod("src/sub/g", 0);
    let output = scene.ordinary().args(["--tree", "--from", "src", "new"]).output().unwrap();
    assert_eq!((output.status.code(), scene.names()), (Some(1), vec!["src".to_owned()]), "{output:?}");
    assert!(stderr(&output).contains("new: copy: src/sub/g: Permission denied (unchanged)"), "{output:?}");
}

#[test]
fn an_ordinary_user_is_told_what_could_not_be_kept() {
    needs!(root);
    let scene = source();
    scene.give("src/f", 0, 0);
    scene.chmod("src/f", 0o4755);
    for name in ["src", "src/sub", "src/sub/g", ""] {
        scene.give_to_user(name);
    }
    let output = scene.through(crate::common::as_user()).args(["--tree", "--from", "src", "new"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let says = stderr(&output);
    assert!(says.starts_with("atomic-write: new: warning: cannot keep ") && says.ends_with(" of src/f\n"), "{says}");
    assert!(says.contains("owner"), "{says}");
    // Set-user-ID is not of another owner.
    assert_eq!(scene.mode("new/f"), 0o755);
}

#[test]
fn a_source_that_changes_while_it_is_copied_is_an_error() {
    needs!(strace);
    let args = ["--tree", "--from", "src", "new"];
    let plain = Strace::new(&source(), &args).run().calls;
    let changes: [fn(&Scene); 3] = [
        |scene| drop(scene.write("src/zz", "x")),
        |scene| fs::remove_file(scene.path("src/f")).unwrap(),
        |scene| fs::rename(scene.path("src/sub"), scene.path("away")).unwrap(),
    ];
    for change in changes {
        let scene = source();
        let stopped = Strace::new(&scene, &args).stopped_after(&plain.stop("mkdirat", &["\"sub\""]));
        change(&scene);
        let output = stopped.resume().output;
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(stderr(&output).contains(": changed while it was read (unchanged)\n"), "{output:?}");
        assert!(!scene.names().iter().any(|name| name == "new" || name.starts_with(".aw-")), "{:?}", scene.names());
    }
}

/// Their size is a page and their content is shorter.
#[test]
fn files_of_sysfs_are_copied_and_compared() {
    needs!(exchange);
    let scene = Scene::new();
    let from = "/sys/module/printk/parameters";
    for word in ["created\n", "unchanged\n"] {
        // Only root can keep their owner.
        let output = scene.cmd().args(["-q", "--tree", "--report", "-C", "--from", from, "new"]).output().unwrap();
        assert_eq!((stdout(&output).as_str(), stderr(&output).as_str()), (word, ""));
        assert_eq!(scene.text("new/time"), fs::read_to_string(format!("{from}/time")).unwrap());
    }
}
