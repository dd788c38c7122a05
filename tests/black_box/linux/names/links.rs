//! Symbolic links.
//!
//! Rows: none.

use crate::common::needs::needs;
use crate::common::{Mounted, Scene, names_in, stderr, tool};

/// The user sees a link in a directory of his own, and is told of the one that he may not write.
#[test]
fn a_link_into_an_unwritable_directory_names_that_and_the_option() {
    let scene = Scene::new();
    scene.mkdir("d");
    scene.write("d/f", "old");
    scene.give_to_user("d/f");
    scene.symlinks(&[("d/f", "link"), ("d/new", "dangling"), ("link", "first")]);
    let run = |target: &str| {
        let mut command = scene.ordinary();
        scene.chmod("d", 0o555);
        let output = command.arg(target).write_stdin("new").output().unwrap();
        scene.chmod("d", 0o755);
        assert_eq!(output.status.code(), Some(1), "{target}: {output:?}");
        assert_eq!((scene.text("d/f").as_str(), names_in(&scene.path("d"))), ("old", vec!["f".to_owned()]));
        stderr(&output)
    };
    for target in ["link", "dangling", "first"] {
        let text = run(target);
        assert!(text.contains("no write permission on directory d/ (unchanged)\n"), "{text}");
        assert!(text.contains("hint: ") && text.contains("--no-dereference"), "{text}");
    }
    // Without a link there is nothing to be replaced in its stead.
    let text = run("d/f");
    assert!(!text.contains("--no-dereference"), "{text}");
    // What it promises.
    scene.cmd().args(["-P", "link"]).write_stdin("new").assert().success();
    assert_eq!((scene.text("link").as_str(), scene.text("d/f").as_str()), ("new", "old"));
}

#[test]
fn a_link_into_a_read_only_file_system_names_the_place() {
    needs!(root);
    let scene = Scene::new();
    let inside = scene.mkdir("ro");
    scene.write("ro/f", "old");
    scene.symlinks(&[("ro/f", "link"), ("ro/new", "dangling")]);
    let mounted = Mounted::bind(&inside, &inside);
    tool("mount", &["-o", "remount,bind,ro", inside.to_str().unwrap()]);
    for (target, of_link) in [("link", true), ("dangling", true), ("ro/f", false)] {
        let output = scene.cmd().arg(target).write_stdin("new").output().unwrap();
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains("Read-only file system (unchanged)\n") && text.contains("ro/"), "{text}");
        assert_eq!(text.contains("--no-dereference"), of_link, "{text}");
    }
    scene.cmd().args(["-P", "link"]).write_stdin("new").assert().success();
    drop(mounted);
    assert_eq!((scene.text("link").as_str(), scene.text("ro/f").as_str()), ("new", "old"));
}
