use std::fs::{self, File, FileTimes};
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt, symlink};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use super::{bits, chmod, copy, make_deep, make_some, odd, open, progress, remove, scratch, signals, text};
use crate::notices::Notices;
use crate::protocol::tree;

fn state(path: &Path) -> fs::Metadata {
    fs::symlink_metadata(path).unwrap()
}

#[test]
fn all_kinds_of_entries_are_copied() {
    let top = scratch();
    let (from, to) = (top.path().join("from"), top.path().join("to"));
    fs::create_dir(&from).unwrap();
    make_some(&from);
    assert_eq!(copy(&from, &to).unwrap(), [""; 0]);
    assert_eq!(fs::read(to.join("a/file")).unwrap(), b"content");
    assert_eq!(fs::read(odd(&to)).unwrap(), b"odd");
    assert_eq!(fs::read_link(to.join("a/link")).unwrap(), Path::new("../../outside"));
    assert!(cfg!(target_os = "macos") || state(&to.join("a/fifo")).file_type().is_fifo());
    assert_eq!(state(&to.join("a/file")).ino(), state(&to.join("a/b/again")).ino());
    assert_eq!(state(&to.join("a/file")).nlink(), 2);
    assert_eq!(state(&to.join("a/b/c/empty")).len(), 0);
}

#[test]
fn modes_and_times_are_kept() {
    let top = scratch();
    let (from, to) = (top.path().join("from"), top.path().join("to"));
    fs::create_dir_all(from.join("dir/inner")).unwrap();
    fs::write(from.join("dir/set-id"), "x").unwrap();
    fs::write(from.join("dir/closed"), "x").unwrap();
    symlink("nowhere", from.join("dir/link")).unwrap();
    chmod(&from.join("dir/set-id"), 0o6755);
    chmod(&from.join("dir/closed"), 0o400);
    chmod(&from.join("dir/inner"), 0o1777);
    chmod(&from.join("dir"), 0o550);
    let times = |modified| {
        let modified = UNIX_EPOCH + Duration::new(modified, 123_456_789);
        FileTimes::new().set_accessed(UNIX_EPOCH + Duration::new(77, 987_654_321)).set_modified(modified)
    };
    for (path, seconds) in [("dir/set-id", 1_000), ("dir/closed", 2_000), ("dir/inner", 3_000), ("dir", 4_000)] {
        File::open(from.join(path)).unwrap().set_times(times(seconds)).unwrap();
    }
    let expected: Vec<_> = ["dir/set-id", "dir/closed", "dir/inner", "dir", "dir/link"]
        .iter()
        .map(|path| {
            let old = state(&from.join(path));
            (*path, old.mode(), old.atime(), old.atime_nsec(), old.mtime(), old.mtime_nsec())
        })
        .collect();
    assert_eq!(copy(&from, &to).unwrap(), [""; 0]);
    for (path, mode, atime, atime_nsec, mtime, mtime_nsec) in expected {
        let new = state(&to.join(path));
        assert_eq!((new.mode(), new.mtime(), new.mtime_nsec()), (mode, mtime, mtime_nsec), "{path}");
        assert_eq!((new.atime(), new.atime_nsec()), (atime, atime_nsec), "{path}");
    }
    for top in [from, to] {
        chmod(&top.join("dir"), 0o700);
    }
}

#[test]
fn holes_are_kept() {
    let top = scratch();
    let (from, to) = (top.path().join("from"), top.path().join("to"));
    fs::create_dir(&from).unwrap();
    for (name, size) in [("end", 10_000_000), ("middle", 20_000_000), ("all", 5_000_000), ("small", 60_000)] {
        let file = File::create(from.join(name)).unwrap();
        file.set_len(size).unwrap();
        match name {
            "end" => file.write_all_at(b"start", 0).unwrap(),
            "middle" => file.write_all_at(b"start", 0).and_then(|()| file.write_all_at(b"end", size - 3)).unwrap(),
            _ => {}
        }
    }
    copy(&from, &to).unwrap();
    for name in ["end", "middle", "all", "small"] {
        assert_eq!(fs::read(to.join(name)).unwrap(), fs::read(from.join(name)).unwrap(), "{name}");
        assert!(state(&to.join(name)).blocks() * 512 <= state(&from.join(name)).blocks() * 512, "{name}");
    }
}

/// Every way of copying content, at its limits.
#[test]
fn files_of_any_size_are_copied() {
    let top = scratch();
    let (from, to) = (top.path().join("from"), top.path().join("to"));
    fs::create_dir(&from).unwrap();
    let sizes = [0, 1, 4095, 4096, 8191, 8192, 8193, 65_535, 65_536, 65_537, 262_144, 300_000, 3_000_001];
    let content = |size: usize| (0..size).map(|index| u8::try_from(index * 7 % 251).unwrap()).collect::<Vec<u8>>();
    for size in sizes {
        fs::write(from.join(size.to_string()), content(size)).unwrap();
    }
    copy(&from, &to).unwrap();
    for size in sizes {
        assert!(fs::read(to.join(size.to_string())).unwrap() == content(size), "{size}");
    }
}

#[test]
fn hard_links_in_distant_directories_stay_links() {
    let top = scratch();
    let (from, to) = (top.path().join("from"), top.path().join("to"));
    fs::create_dir_all(from.join("a/b/c")).unwrap();
    fs::create_dir_all(from.join("x/y")).unwrap();
    fs::write(from.join("a/b/c/one"), "1").unwrap();
    for other in ["x/y/two", "x/three", "four", "a/b/c/five"] {
        fs::hard_link(from.join("a/b/c/one"), from.join(other)).unwrap();
    }
    // One more link is outside.
    fs::hard_link(from.join("four"), top.path().join("outside")).unwrap();
    assert_eq!(copy(&from, &to).unwrap(), [""; 0]);
    let first = state(&to.join("a/b/c/one"));
    assert_eq!(first.nlink(), 5);
    for other in ["x/y/two", "x/three", "four", "a/b/c/five"] {
        assert_eq!(state(&to.join(other)).ino(), first.ino(), "{other}");
    }
}

#[cfg(all(target_os = "linux", not(generic_unix)))]
#[test]
fn attributes_are_kept() {
    use rustix::fs::{XattrFlags, getxattr, setxattr};
    let top = scratch();
    let (from, to) = (top.path().join("from"), top.path().join("to"));
    fs::create_dir_all(from.join("dir")).unwrap();
    fs::write(from.join("dir/file"), "").unwrap();
    for path in ["dir", "dir/file"] {
        match setxattr(from.join(path), c"user.test", b"value", XattrFlags::empty()) {
            Err(rustix::io::Errno::NOTSUP) => return,
            set => set.unwrap(),
        }
    }
    chmod(&from.join("dir/file"), 0o444);
    assert_eq!(copy(&from, &to).unwrap(), [""; 0]);
    for path in ["dir", "dir/file"] {
        let mut value = [0; 16];
        assert_eq!(getxattr(to.join(path), c"user.test", &mut value), Ok(5), "{path}");
        assert_eq!(&value[..5], b"value");
    }
}

/// An ACL in the kernel's form, which gives user 42 these permissions.
#[cfg(all(target_os = "linux", not(generic_unix)))]
fn acl(permissions: u16) -> Vec<u8> {
    let entries =
        [(0x01, 7, u32::MAX), (0x02, permissions, 42), (0x04, 4, u32::MAX), (0x10, 7, u32::MAX), (0x20, 0, u32::MAX)];
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in entries {
        bytes
            .extend(u16::to_le_bytes(tag).into_iter().chain(u16::to_le_bytes(permissions)).chain(u32::to_le_bytes(id)));
    }
    bytes
}

#[cfg(all(target_os = "linux", not(generic_unix)))]
#[test]
fn acls_are_kept_and_not_inherited() {
    use crate::platform::acl::{ATTRIBUTE, DEFAULT};
    use crate::platform::{Attributes, set_attribute};
    let top = scratch();
    let (from, to) = (top.path().join("from"), top.path().join("to"));
    for directory in [&from.join("with"), &from.join("without"), &to] {
        fs::create_dir_all(directory).unwrap();
    }
    for file in ["with/file", "without/file"] {
        fs::write(from.join(file), "").unwrap();
        chmod(&from.join(file), 0o664);
    }
    let open_file = |path: &Path| File::open(path).unwrap();
    if set_attribute(open_file(&to), DEFAULT, &acl(7)).is_err() {
        return;
    }
    set_attribute(open_file(&from.join("with")), DEFAULT, &acl(5)).unwrap();
    set_attribute(open_file(&from.join("with/file")), ATTRIBUTE, &acl(6)).unwrap();
    let notices = Notices::default();
    tree::copy(&open(&from), &open(&to), false, &notices, &signals(), &progress()).unwrap();
    assert_eq!(notices.take_warnings(), [""; 0]);
    for path in ["with", "with/file", "without", "without/file"] {
        let acls = |top: &Path| {
            let file = open_file(&top.join(path));
            let value = |name| Attributes::of_file(std::os::fd::AsFd::as_fd(&file)).value(name).unwrap();
            (value(ATTRIBUTE), value(DEFAULT))
        };
        assert_eq!(acls(&to), acls(&from), "{path}");
        assert_eq!(bits(&to.join(path)), bits(&from.join(path)), "{path}");
    }
}

/// Until then nobody else can read what is in it.
#[test]
fn the_top_gets_its_metadata_when_asked() {
    let top = scratch();
    let (from, to) = (top.path().join("from"), top.path().join("to"));
    fs::create_dir(&from).unwrap();
    fs::write(from.join("x"), "").unwrap();
    chmod(&from, 0o751);
    File::open(&from).unwrap().set_modified(UNIX_EPOCH + Duration::new(5, 6)).unwrap();
    fs::create_dir(&to).unwrap();
    chmod(&to, 0o700);
    let notices = Notices::default();
    tree::copy(&open(&from), &open(&to), false, &notices, &signals(), &progress()).unwrap();
    assert_eq!(bits(&to), 0o700);
    tree::copy_top_metadata(&open(&from), &open(&to), &notices).unwrap();
    assert_eq!(bits(&to), 0o751);
    assert_eq!((state(&to).mtime(), state(&to).mtime_nsec()), (5, 6));
    assert_eq!(notices.take_warnings(), [""; 0]);
}

#[test]
fn deep_trees_are_copied_and_compared() {
    let top = scratch();
    let (from, to) = (top.path().join("from"), top.path().join("to"));
    fs::create_dir(&from).unwrap();
    make_deep(&from);
    assert_eq!(copy(&from, &to).unwrap(), [""; 0]);
    assert!(tree::same(&open(&from), &open(&to), &signals()).unwrap());
    for tree in [from, to] {
        assert!(remove(&tree).left.is_empty());
    }
}

#[test]
fn an_unreadable_file_is_an_error_that_names_it() {
    if rustix::process::geteuid().is_root() {
        return;
    }
    let top = scratch();
    let (from, to) = (top.path().join("from"), top.path().join("to"));
    fs::create_dir(&from).unwrap();
    fs::write(from.join("closed"), "").unwrap();
    chmod(&from.join("closed"), 0);
    let error = copy(&from, &to).unwrap_err();
    assert_eq!(text(&error), format!("copy: {}: Permission denied", from.join("closed").display()));
}

/// Another program replaces entries while they are read: the result is the error or a consistent copy, never what a link
/// leads to.
#[test]
fn entries_that_change_their_kind_are_errors() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let top = scratch();
    let (from, outside) = (top.path().join("from"), top.path().join("outside"));
    fs::create_dir_all(from.join("dir")).unwrap();
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("secret"), "secret").unwrap();
    let is_done = AtomicBool::new(false);
    let mut changed = 0;
    std::thread::scope(|scope| {
        // Also if an assertion fails.
        let _stop = OnDrop(|| is_done.store(true, Ordering::Relaxed));
        scope.spawn(|| {
            while !is_done.load(Ordering::Relaxed) {
                let _ = fs::remove_dir(from.join("dir"));
                let _ = symlink(&outside, from.join("dir"));
                let _ = fs::remove_file(from.join("dir"));
                let _ = fs::create_dir(from.join("dir"));
            }
        });
        // At least once it is read while it changes.
        let mut number = 0;
        while number < 200 || changed == 0 {
            number += 1;
            let to = top.path().join(format!("{number}"));
            if let Err(error) = copy(&from, &to) {
                assert!(text(&error).ends_with("changed while it was read"), "{}", text(&error));
                changed += 1;
            }
            assert!(
                !fs::symlink_metadata(to.join("dir")).is_ok_and(|state| state.is_dir())
                    || !to.join("dir/secret").exists()
            );
            fs::remove_dir_all(&to).unwrap();
        }
    });
}

/// Does this when it is dropped.
struct OnDrop<F: Fn()>(F);

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
