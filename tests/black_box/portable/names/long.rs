//! Long names and long paths, and PATH_MAX.
//!
//! Rows: 32.

use super::{fails, refused};
use crate::common::needs::needs;
use crate::common::{Scene, does};

/// As long as a name can be here, in bytes.
pub const LONGEST: usize = 255;

#[test]
fn the_longest_name_is_created_and_replaced() {
    let scene = Scene::new();
    for name in ["n".repeat(LONGEST), format!("{}.conf", "\u{fc}".repeat(125)), format!(".{}", "x".repeat(LONGEST - 1))]
    {
        for content in ["one", "two"] {
            scene.cmd().arg(&name).write_stdin(content).assert().success().stdout("").stderr("");
            assert_eq!(scene.text(&name), content);
        }
    }
    assert_eq!(scene.names().len(), 3);
}

#[test]
fn a_longer_name_is_refused_early() {
    let scene = Scene::new();
    let name = "n".repeat(LONGEST + 1);
    refused(&scene, &[&name], ": ");
    refused(&scene, &["-D", &format!("{name}/f")], ": ");
    needs!(symlinks);
    scene.symlink(&name, "link");
    refused(&scene, &["link"], "link: ");
}

#[test]
fn parents_are_created_down_to_the_longest_path() {
    needs!(long_paths);
    let scene = Scene::new();
    let path = format!("{}f", "directory/".repeat(409));
    assert_eq!(path.len(), 4091);
    scene.cmd().args(["-D", &path]).write_stdin("new").assert().success().stdout("").stderr("");
    let shown = does(&[&format!("cat {path}")]);
    let shown = scene.other(&shown[0]).args(&shown[1..]).output().unwrap();
    assert_eq!(crate::common::stdout(&shown), "new");
    fails(&scene, &["-D", &format!("other/{path}")], "other/directory");
    assert_eq!(scene.names(), ["directory"]);
}
