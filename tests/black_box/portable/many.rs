//! `-t`: many files, each by the protocol of one.

mod collisions;
mod failing;
mod guards;
mod listed;
mod placed;
mod refused;

use std::process::Output;

use crate::common::{Scene, stderr, stdout};

/// Sources `src/a`, `src/b` and `src/c`, and `d` with an old `a` and `b`.
pub fn with_files() -> Scene {
    let scene = Scene::new();
    scene.mkdir("src");
    scene.mkdir("d");
    for name in ["a", "b", "c"] {
        scene.write(format!("src/{name}"), format!("new {name}"));
    }
    scene.write("d/a", "old a");
    scene.write("d/b", "old b");
    scene
}

pub const SOURCES: [&str; 3] = ["src/a", "src/b", "src/c"];

/// `atomic-write -t d ARGS`.
pub fn many(scene: &Scene, args: &[&str]) -> Output {
    scene.cmd().args(["-t", "d"]).args(args).output().unwrap()
}

/// What is in `d`: each name with its content.
pub fn found(scene: &Scene) -> Vec<String> {
    super::tree::tree(scene, "d")
}

/// What was printed on standard error, with slashes in paths.
pub fn said(output: &Output) -> String {
    let text = stderr(output);
    if cfg!(windows) { text.replace('\\', "/") } else { text }
}

/// What was printed must be this, and the status.
#[track_caller]
pub fn says(output: &Output, status: i32, on_stdout: &str, on_stderr: &str) {
    let printed = (output.status.code(), stdout(output), said(output));
    assert_eq!(printed, (Some(status), on_stdout.to_owned(), on_stderr.to_owned()));
}

/// It must be a success without a word.
#[track_caller]
pub fn done(output: &Output) {
    says(output, 0, "", "");
}
