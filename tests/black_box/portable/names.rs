//! Where the bytes go: links, what is no file, names of every kind, and created parents.

mod kinds;
mod links;
pub mod long;
mod parents;
pub mod shown;
pub mod swapped;

use std::io::{Read, Write};

use predicates::str::contains;

use crate::common::{Scene, stderr};

/// Asserts that TARGET is refused before the input is read: status 1, these words, and the pipe still holds it.
pub fn refused(scene: &Scene, args: &[&str], words: &str) {
    let before = scene.names();
    let (mut reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(b"new").unwrap();
    drop(writer);
    let output = scene.process().args(args).stdin(reader.try_clone().unwrap()).output().unwrap();
    let text = stderr(&output);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]), "{args:?}: {text}");
    // What is found was left by the program.
    let mut left = String::new();
    reader.read_to_string(&mut left).unwrap();
    assert_eq!(left, "new", "{args:?}: {text}");
    assert!(text.contains(words) && text.contains(" (unchanged)\n"), "{args:?}: {text}");
    assert_eq!(scene.names(), before, "{args:?}");
}

/// Asserts that writing to `target` makes `path` what was written, and adds no other name to the directory.
pub fn arrives(scene: &Scene, target: &str, path: &str) {
    let mut before = scene.names();
    scene.cmd().arg(target).write_stdin("new").assert().success().stdout("").stderr("");
    assert_eq!(scene.text(path), "new", "{target}");
    if !path.contains('/') && !before.iter().any(|name| name == path) {
        before.push(path.to_owned());
        before.sort();
    }
    assert_eq!(scene.names(), before, "{target}");
}

/// Asserts that the program fails with status 1 and these words.
pub fn fails(scene: &Scene, args: &[&str], words: &str) {
    scene.cmd().args(args).write_stdin("new").assert().code(1).stdout("").stderr(contains(words));
}
