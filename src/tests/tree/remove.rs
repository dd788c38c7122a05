use std::fs;
use std::os::unix::fs::symlink;

use super::{chmod, make_deep, make_some, remove, scratch};

#[test]
fn a_tree_is_removed_with_all_in_it() {
    let top = scratch();
    let tree = top.path().join("tree");
    let outside = top.path().join("outside");
    fs::create_dir(&tree).unwrap();
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("kept"), "").unwrap();
    make_some(&tree);
    symlink(&outside, tree.join("a/b/to-directory")).unwrap();
    for number in 0..50 {
        fs::create_dir_all(tree.join(format!("{number}/x/y/z"))).unwrap();
        fs::write(tree.join(format!("{number}/x/y/z/file")), "").unwrap();
    }
    assert!(remove(&tree).left.is_empty());
    assert!(fs::symlink_metadata(&tree).is_err());
    assert!(outside.join("kept").exists());
}

#[test]
fn files_links_and_what_is_gone_are_removed_too() {
    let top = scratch();
    let (file, link) = (top.path().join("file"), top.path().join("link"));
    fs::write(&file, "").unwrap();
    symlink("/", &link).unwrap();
    for path in [&file, &link, &link] {
        let removal = remove(path);
        assert!(removal.left.is_empty() && removal.more == 0, "{removal:?}");
        assert!(fs::symlink_metadata(path).is_err());
    }
}

#[test]
fn directories_without_permissions_are_removed() {
    let top = scratch();
    let tree = top.path().join("tree");
    fs::create_dir_all(tree.join("a/b/c")).unwrap();
    fs::create_dir_all(tree.join("d/e")).unwrap();
    fs::write(tree.join("a/b/c/file"), "").unwrap();
    fs::write(tree.join("d/e/file"), "").unwrap();
    for (path, mode) in [("a/b/c", 0), ("a/b", 0o500), ("a", 0o400), ("d/e", 0o100), ("d", 0o600), ("", 0)] {
        chmod(&tree.join(path), mode);
    }
    let removal = remove(&tree);
    assert!(removal.left.is_empty(), "{removal:?}");
    assert!(!tree.exists());
}

#[test]
fn a_deep_tree_is_removed() {
    let top = scratch();
    let tree = top.path().join("tree");
    fs::create_dir(&tree).unwrap();
    make_deep(&tree);
    assert!(remove(&tree).left.is_empty());
    assert!(!tree.exists());
}

#[test]
fn what_stays_is_reported_with_its_reason() {
    if rustix::process::geteuid().is_root() {
        return;
    }
    // Nobody but root may remove it.
    let removal = remove("/etc/passwd".as_ref());
    assert_eq!(removal.left, [("/etc/passwd".into(), "Permission denied".to_owned())]);
}

/// The removal ends although another program keeps adding files.
#[test]
fn a_removal_ends_while_others_write() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let top = scratch();
    let tree = top.path().join("tree");
    fs::create_dir_all(tree.join("a/b")).unwrap();
    let (is_done, has_begun) = (AtomicBool::new(false), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0_u64.. {
                let _ = fs::create_dir_all(tree.join(format!("a/{number}/x")));
                let _ = fs::write(tree.join(format!("{number}")), "");
                has_begun.store(true, Ordering::Relaxed);
                if is_done.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        while !has_begun.load(Ordering::Relaxed) {
            std::thread::yield_now();
        }
        remove(&tree);
        is_done.store(true, Ordering::Relaxed);
    });
    let removal = remove(&tree);
    assert!(removal.left.is_empty(), "{removal:?}");
}
