//! The command line itself: forms, options, contradictions, statuses and the shape of messages.

use crate::common::Scene;

#[test]
fn standard_input_becomes_the_target() {
    let scene = Scene::new();
    scene.cmd().arg("f").write_stdin("new").assert().success().stdout("").stderr("");
    assert_eq!(scene.text("f"), "new");
    assert_eq!(scene.names(), ["f"]);
}
