//! `-I`: a command writes the content by name, at a path that stands in its arguments.

mod contract;
mod edit;
mod path;
mod usage;
mod written;

use std::process::Output;

use crate::common::{Scene, does};

/// Runs a COMMAND that does this for `target`; `{}` is the path of its output.
pub fn run_for(scene: &Scene, target: &str, options: &[&str], steps: &[&str]) -> Output {
    scene.cmd().args(options).args(["-I", "{}", target, "--"]).args(does(steps)).output().unwrap()
}

/// The same for `f`.
pub fn run(scene: &Scene, options: &[&str], steps: &[&str]) -> Output {
    run_for(scene, "f", options, steps)
}
