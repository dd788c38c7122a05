//! Which name a backup gets: control words, environment, suffixes, numbers.
//!
//! Rows: none.

use crate::common::Scene;

/// A directory that may be written and searched, and not read, cannot be listed: its numbers are asked for one by one.
#[test]
fn numbers_are_found_in_a_directory_that_cannot_be_read() {
    let scene = Scene::new();
    scene.mkdir("d");
    for name in ["d/f", "d/f.~1~", "d/f.~2~", "d/g"] {
        scene.write(name, name);
        scene.give_to_user(name);
    }
    scene.give_to_user("d");
    scene.chmod("d", 0o300);
    for target in ["d/f", "d/g"] {
        scene.ordinary().args(["-b", target]).write_stdin("new").assert().success().stderr("");
    }
    scene.chmod("d", 0o700);
    assert_eq!(crate::common::names_in(&scene.path("d")), ["f", "f.~1~", "f.~2~", "f.~3~", "g", "g~"]);
    assert_eq!((scene.text("d/f.~3~").as_str(), scene.text("d/g~").as_str()), ("d/f", "d/g"));
}
