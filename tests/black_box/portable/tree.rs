//! `--tree`: a directory is replaced as a whole.

mod backup;
mod copied;
mod created;
mod guards;
mod refused;
mod replaced;
mod usage;

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::common::{Scene, does, names_in, stderr};

/// The steps of a COMMAND that makes a tree of one file.
pub const NEW: [&str; 1] = ["write {}/f new"];

/// A scene with `d`, which holds `f` and `sub/g`.
pub fn with_tree() -> Scene {
    let scene = Scene::new();
    make(&scene, "d", "old");
    scene
}

/// The directory `name`, with files that hold this.
pub fn make(scene: &Scene, name: &str, content: &str) {
    scene.mkdir(name);
    scene.mkdir(format!("{name}/sub"));
    scene.write(format!("{name}/f"), content);
    scene.write(format!("{name}/sub/g"), content);
}

/// What [`make`] makes.
pub fn made(content: &str) -> Vec<String> {
    vec![format!("f = {content}"), "sub/".to_owned(), format!("sub/g = {content}")]
}

/// `--tree -I {} ARGS -- COMMAND`, with a command that does these steps.
pub fn run(scene: &Scene, args: &[&str], steps: &[&str]) -> Output {
    scene.cmd().args(["--tree", "-I", "{}"]).args(args).arg("--").args(does(steps)).output().unwrap()
}

/// The same, which must succeed without a word.
#[track_caller]
pub fn done(scene: &Scene, args: &[&str], steps: &[&str]) {
    let output = run(scene, args, steps);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{args:?} {steps:?}");
}

/// Everything in a directory: paths of directories with a slash, files with what they hold, links with their text.
pub fn listing(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for name in names_in(directory) {
        let path = directory.join(&name);
        let kind = fs::symlink_metadata(&path).unwrap().file_type();
        if kind.is_dir() {
            found.push(format!("{name}/"));
            found.extend(listing(&path).into_iter().map(|inner| format!("{name}/{inner}")));
        } else if kind.is_symlink() {
            found.push(format!("{name} -> {}", fs::read_link(&path).unwrap().display()));
        } else if kind.is_file() {
            found.push(format!("{name} = {}", String::from_utf8_lossy(&fs::read(&path).unwrap())));
        } else {
            found.push(name);
        }
    }
    found
}

/// What is in the directory of this name.
pub fn tree(scene: &Scene, name: &str) -> Vec<String> {
    listing(&scene.path(name))
}

/// Asserts this status and that the message contains this, and that `d` is what [`with_tree`] has made, with nothing
/// beside it.
#[track_caller]
pub fn fails(scene: &Scene, output: &Output, status: i32, says: &str) {
    assert_eq!(output.status.code(), Some(status), "{output:?}");
    assert!(stderr(output).contains(says), "{says:?} is not in {:?}", stderr(output));
    assert_eq!(tree(scene, "d"), made("old"), "{output:?}");
    assert_eq!(scene.names(), ["d"], "{output:?}");
}
