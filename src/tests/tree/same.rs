use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::{chmod, copy, make_some, open, scratch, signals};
use crate::protocol::tree;

/// A change, and what it is called.
type Change = (&'static str, fn(&Path));

fn same(one: &Path, other: &Path) -> bool {
    let same = |one, other| tree::same(&open(one), &open(other), &signals()).unwrap();
    let result = same(one, other);
    assert_eq!(same(other, one), result);
    result
}

#[test]
fn a_copy_is_the_same_and_any_difference_is_found() {
    let changes: [Change; 10] = [
        ("content", |top| fs::write(top.join("a/b/c/large"), vec![1; 300_000]).unwrap()),
        ("size", |top| fs::write(top.join("a/b/c/large"), vec![0; 300_001]).unwrap()),
        ("mode", |top| chmod(&top.join("a/b/c/empty"), 0o600)),
        ("mode of a directory", |top| chmod(&top.join("a/b"), 0o755)),
        ("additional", |top| fs::write(top.join("a/b/c/new"), "").unwrap()),
        ("missing", |top| fs::remove_file(top.join("a/b/c/empty")).unwrap()),
        ("name", |top| fs::rename(top.join("a/file"), top.join("a/FILE")).unwrap()),
        ("link", |top| {
            fs::remove_file(top.join("a/link")).unwrap();
            symlink("other", top.join("a/link")).unwrap();
        }),
        ("kind", |top| {
            fs::remove_file(top.join("a/link")).unwrap();
            fs::create_dir(top.join("a/link")).unwrap();
            chmod(&top.join("a/link"), 0o777);
        }),
        ("directory", |top| {
            fs::remove_file(top.join("a/file")).unwrap();
            fs::create_dir(top.join("a/file")).unwrap();
        }),
    ];
    let top = scratch();
    let one = top.path().join("one");
    fs::create_dir(&one).unwrap();
    make_some(&one);
    chmod(&one.join("a/b/c/empty"), 0o644);
    fs::write(one.join("a/b/c/large"), vec![0; 300_000]).unwrap();
    for (number, (name, change)) in changes.into_iter().enumerate() {
        let other = top.path().join(format!("{number}"));
        copy(&one, &other).unwrap();
        assert!(same(&one, &other), "{name}");
        change(&other);
        assert!(!same(&one, &other), "{name}");
    }
}

#[test]
fn times_links_and_the_mode_of_the_top_do_not_matter() {
    let top = scratch();
    let (one, other) = (top.path().join("one"), top.path().join("other"));
    fs::create_dir(&one).unwrap();
    make_some(&one);
    copy(&one, &other).unwrap();
    chmod(&other, 0o700);
    chmod(&one, 0o755);
    fs::remove_file(other.join("a/b/again")).unwrap();
    fs::write(other.join("a/b/again"), "content").unwrap();
    assert!(same(&one, &other));
}
