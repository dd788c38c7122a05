//! The tests keep to their own rules: what is below `portable/` needs nothing of Linux, and names of tests are short.

use std::fs;
use std::path::{Path, PathBuf};

use super::table::sources;

/// What only Linux has, or only this project's tests of it.
const OF_LINUX: [&str; 17] = [
    "/dev/full",
    "/proc",
    "rustix::",
    " nix::",
    "os::linux",
    "Mounted",
    "Strace",
    "Filter",
    "Quirk",
    "Fifo",
    "as_user",
    "NO_PROC",
    ".through(",
    ".ordinary(",
    "crate::linux",
    "setpriv",
    "setfacl",
];

/// What no portable test may need.
const NEEDS_OF_LINUX: [&str; 7] = [
    "root",
    "strace",
    "acls_and_attributes",
    "changed_answers",
    "dynamic_program",
    "user_namespaces",
    "mount_namespaces",
];

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// What is in the code that only Linux has.
fn of_linux(code: &str) -> Vec<&'static str> {
    let mut found: Vec<_> = OF_LINUX.into_iter().filter(|word| code.contains(word)).collect();
    for needs in ["needs!(", "lacks!("] {
        let lists = code.split(needs).skip(1).filter_map(|rest| rest.split_once(')'));
        let words: Vec<&str> = lists.flat_map(|(list, _)| list.split(',').map(str::trim)).collect();
        found.extend(NEEDS_OF_LINUX.into_iter().filter(|need| words.contains(need)));
    }
    found
}

#[test]
fn what_is_portable_needs_nothing_of_linux() {
    let files = sources(&tests().join("black_box/portable"), "portable");
    assert!(files.len() > 40, "{files:?}");
    for (module, path) in files {
        let code = fs::read_to_string(path).unwrap();
        assert_eq!(of_linux(&code), [""; 0], "{module}");
    }
}

#[test]
fn what_only_linux_has_is_found() {
    assert_eq!(of_linux("needs!(perl, strace);\nlacks!(\"mkfs.xfs\", root)"), ["strace", "root"]);
    assert_eq!(of_linux("use std::os::unix::fs::symlink;\nneeds!(make);"), [""; 0]);
    assert_eq!(of_linux("use nix::libc;\nread(\"/proc/mounts\")"), ["/proc", " nix::"]);
}

/// The names of the tests in a file.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let after = text.split("#[test]").skip(1).filter_map(|rest| rest.split_once("fn "));
    after.map(|(_, rest)| rest.split('(').next().unwrap())
}

/// The most words in the name of a test.
const WORDS: usize = 12;

#[test]
fn no_name_of_a_test_has_too_many_words() {
    let mut count = 0;
    let mut long = Vec::new();
    for (module, path) in sources(&tests(), "tests") {
        let text = fs::read_to_string(path).unwrap();
        count += names(&text).count();
        let words = |name: &&str| name.split('_').count();
        long.extend(names(&text).filter(|name| words(name) > WORDS).map(|name| format!("{module}::{name}")));
    }
    assert!(count > 500, "only {count} tests are found");
    assert!(long.is_empty(), "more than {WORDS} words: {long:#?}");
}
