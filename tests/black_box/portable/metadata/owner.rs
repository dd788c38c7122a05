//! Owner, group, set-ID bits and hard links.
//!
//! Rows: 52, 55.

use crate::common::Scene;
use crate::common::needs::needs;

/// Row 52, and the contract: new content does not inherit the rights that were given to the old.
#[test]
fn set_id_bits_are_not_carried_over() {
    needs!(permissions);
    for mode in [0o4755, 0o2755, 0o6755, 0o6711] {
        let scene = Scene::with_old();
        scene.chmod("f", mode);
        scene.cmd().arg("f").write_stdin("new").assert().success().stderr("");
        assert_eq!(scene.mode("f"), mode & 0o777);
    }
}

/// Row 55.
#[test]
fn other_names_of_the_old_file_are_warned_of() {
    needs!(hard_links);
    let scene = Scene::new();
    let link = |name| std::fs::hard_link(scene.path("f"), scene.path(name)).unwrap();
    scene.write("f", "old");
    link("g");
    let warning = "atomic-write: f: warning: 1 other hard link still has the old content\n";
    scene.cmd().arg("f").write_stdin("new").assert().success().stderr(warning);
    assert_eq!((scene.text("f").as_str(), scene.text("g").as_str()), ("new", "old"));
    link("h");
    link("i");
    let warning = "atomic-write: f: warning: 2 other hard links still have the old content\n";
    scene.cmd().arg("f").write_stdin("newer").assert().success().stderr(warning);
    scene.cmd().arg("f").write_stdin("newest").assert().success().stderr("");
    link("j");
    scene.cmd().args(["-q", "f"]).write_stdin("last").assert().success().stderr("");
}
