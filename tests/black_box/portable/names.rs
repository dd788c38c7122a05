//! Where the bytes go: links, what is no file, names of every kind, and created parents.

mod kinds;
mod links;
pub mod long;
mod parents;
pub mod shown;
pub mod swapped;

use predicates::str::contains;

use crate::common::Scene;

/// Asserts that TARGET is refused before the input is read: status 1, these words, and the pipe still holds it.
pub fn refused(scene: &Scene, args: &[&str], words: &str) {
    let before = scene.names();
    // What `cat` finds was left by the program.
    let output = scene
        .other("sh")
        .args(["-c", r#"printf new | { "$0" "$@"; echo "$?"; cat; }"#])
        .arg(crate::common::program())
        .args(args)
        .output()
        .unwrap();
    let text = crate::common::stderr(&output);
    assert_eq!(crate::common::stdout(&output), "1\nnew", "{args:?}: {text}");
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
