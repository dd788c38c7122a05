//! `-I`, as far as Linux is needed to see it.

mod editors;
mod kinds;
mod metadata;
mod places;
mod private;
mod programs;
mod terminal;

use std::process::Output;

use crate::common::Scene;

/// Runs a shell script as COMMAND for `f`; `$1` is the path of its output.
fn run(scene: &Scene, options: &[&str], script: &str) -> Output {
    scene.cmd().args(options).args(["-I", "{}", "f", "--", "sh", "-c", script, "sh", "{}"]).output().unwrap()
}
