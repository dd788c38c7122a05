use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use super::{DEEP, chmod, make_deep, make_some, open, remove, scratch, signals, text};
use crate::error::ErrorExt;
use crate::platform::Errno;
use crate::protocol::tree::names::names;
use crate::protocol::tree::{fingerprint, first_mount_point, is_empty, sync};

#[test]
fn empty_has_no_entries() {
    let top = scratch();
    assert!(is_empty(&open(top.path())).unwrap());
    symlink("nowhere", top.path().join("x")).unwrap();
    assert!(!is_empty(&open(top.path())).unwrap());
    assert_eq!(names(&open(top.path())).unwrap(), ["x"]);
}

#[test]
fn fingerprint_is_stable_and_notices_every_change() {
    let top = scratch();
    make_some(top.path());
    let at = |name: &str| top.path().join(name);
    let now = || fingerprint(&open(top.path()), &signals()).unwrap();
    let mut seen = vec![now()];
    assert_eq!(seen, [now()]);
    // Reading changes access times only.
    fs::read(at("a/file")).unwrap();
    assert_eq!(seen, [now()]);
    let changes: [(&str, &dyn Fn()); 8] = [
        ("touch", &|| drop(fs::File::open(at("a/b/c/empty")).unwrap().set_modified(std::time::UNIX_EPOCH))),
        ("chmod", &|| chmod(&at("a/b/c/empty"), 0o640)),
        ("rename", &|| fs::rename(at("a/b/c/empty"), at("a/b/c/other")).unwrap()),
        ("create", &|| fs::write(at("a/b/new"), "").unwrap()),
        ("write", &|| fs::write(at("a/file"), "CONTENT").unwrap()),
        ("relink", &|| {
            fs::remove_file(at("a/link")).unwrap();
            symlink("elsewhere", at("a/link")).unwrap();
        }),
        ("move a directory", &|| fs::rename(at("a/b/c"), at("a/c")).unwrap()),
        ("chmod of the top", &|| chmod(top.path(), 0o711)),
    ];
    for (name, change) in changes {
        // Times have the kernel's tick.
        std::thread::sleep(Duration::from_millis(20));
        change();
        let now = now();
        assert!(!seen.contains(&now), "{name}");
        seen.push(now);
    }
}

#[test]
fn fingerprint_ignores_a_rename_of_the_top() {
    let top = scratch();
    let (one, other) = (top.path().join("one"), top.path().join("other"));
    fs::create_dir(&one).unwrap();
    fs::write(one.join("x"), "").unwrap();
    let before = fingerprint(&open(&one), &signals()).unwrap();
    fs::rename(&one, &other).unwrap();
    assert_eq!(fingerprint(&open(&other), &signals()).unwrap(), before);
}

#[test]
fn no_mount_point_is_found_where_none_is() {
    let top = scratch();
    make_some(top.path());
    assert_eq!(first_mount_point(&open(top.path()), &signals()).unwrap(), None);
}

/// Where /proc is mounted, as it usually is.
#[test]
fn a_mount_point_is_found() {
    if !std::path::Path::new("/proc/self").exists() {
        return;
    }
    match first_mount_point(&open("/".as_ref()), &signals()) {
        // Another directory, which only root may read, comes first.
        Err(error) => assert_eq!(error.errno(), Some(Errno::ACCESS)),
        Ok(found) => assert!(found.is_some_and(|path| path.starts_with("/"))),
    }
}

#[test]
fn deep_trees_are_read() {
    let top = scratch();
    let deep = top.path().join("deep");
    fs::create_dir(&deep).unwrap();
    make_deep(&deep);
    assert_eq!(first_mount_point(&open(&deep), &signals()).unwrap(), None);
    let one = fingerprint(&open(&deep), &signals()).unwrap();
    assert_eq!(fingerprint(&open(&deep), &signals()).unwrap(), one);
    sync(&open(&deep), &signals()).unwrap();
    assert!(remove(&deep).left.is_empty(), "{DEEP} levels");
}

#[test]
fn small_and_large_trees_are_synced() {
    let top = scratch();
    make_some(top.path());
    sync(&open(top.path()), &signals()).unwrap();
    for number in 0..100 {
        fs::write(top.path().join(format!("{number}")), "").unwrap();
    }
    sync(&open(top.path()), &signals()).unwrap();
}

/// Nobody may read it, so it cannot be synced alone.
#[test]
fn unreadable_files_are_synced() {
    let top = scratch();
    fs::write(top.path().join("x"), "").unwrap();
    fs::create_dir(top.path().join("dir")).unwrap();
    for name in ["x", "dir"] {
        chmod(&top.path().join(name), 0);
        if crate::platform::CAN_SYNC_FILE_SYSTEM {
            sync(&open(top.path()), &signals()).unwrap();
        }
    }
}

#[test]
fn an_unreadable_directory_is_named() {
    let top = scratch();
    let closed = top.path().join("a\nb");
    fs::create_dir(&closed).unwrap();
    chmod(&closed, 0);
    let read = fingerprint(&open(top.path()), &signals());
    // Root reads it.
    if rustix::process::geteuid().is_root() {
        return assert!(read.is_ok());
    }
    let text = text(&read.unwrap_err());
    assert!(text.starts_with("read directory: $'") && text.ends_with(r"a\nb': Permission denied"), "{text}");
    chmod(&closed, 0o700);
}
