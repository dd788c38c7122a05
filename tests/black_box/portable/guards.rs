//! What may refuse, and that nothing is replaced then.

mod content;
pub mod target;
pub mod validate;
mod validated_path;

use std::process::Output;

use crate::common::{Scene, stderr};

/// The output of a run that must have refused: status 3, one line about `f`, and `f` as it was.
pub fn refused(scene: &Scene, output: &Output, words: &str) {
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert_eq!(stderr(output).lines().next(), Some(format!("atomic-write: f: {words} (unchanged)").as_str()));
    assert_eq!(scene.text("f"), "old");
    assert_eq!(scene.names(), ["f"]);
}
