//! The command line itself: forms, options, contradictions, statuses and the shape of messages.

mod backup;
mod contradictions;
mod environment;
mod forms;
mod help;
mod many;
pub mod messages;
mod operands;
mod slips;
mod values;

use crate::common::Scene;

/// Asserts a usage error: status 2, nothing on standard output, nothing written, and these words. Returns all of them.
pub fn usage(args: &[&str], words: &str) -> String {
    let scene = Scene::with_old();
    scene.write("src", "source");
    let output = scene.cmd().args(args).write_stdin("new").output().unwrap();
    let text = crate::common::stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{args:?}: {text}");
    assert!(text.contains(words), "{args:?}: {text}");
    assert!(text.starts_with("atomic-write: "), "{args:?}: {text}");
    assert_eq!(output.stdout, b"", "{args:?}");
    assert_eq!((scene.text("f").as_str(), scene.names()), ("old", vec!["f".to_owned(), "src".to_owned()]), "{args:?}");
    text
}
