//! Symbolic links.
//!
//! Rows: 40, 41, 42.

use std::fs;

use super::{arrives, refused};
use crate::common::needs::needs;
use crate::common::{NOTHING, Scene};

/// Row 40.
#[test]
fn a_link_is_followed_and_stays_a_link() {
    needs!(symlinks);
    let scene = Scene::with_old();
    scene.symlink("f", "link");
    let (inode, link) = (scene.inode("f"), scene.inode("link"));
    // Truncating f through the link would show in this descriptor.
    let reader = fs::File::open(scene.path("f")).unwrap();
    arrives(&scene, "link", "f");
    assert_eq!(scene.inode("link"), link);
    assert_ne!(scene.inode("f"), inode);
    assert_eq!(std::io::read_to_string(reader).unwrap(), "old");
}

/// Row 41: each link's text counts from the directory that holds it, and the file is staged where it ends.
#[test]
fn relative_links_are_followed_through_directories_at_every_level() {
    needs!(symlinks);
    let scene = Scene::new();
    for directory in ["a", "b", "b/c", "d"] {
        scene.mkdir(directory);
    }
    scene.symlinks(&[("a/one", "start"), ("../b/c/two", "a/one"), ("../../d/./end", "b/c/two")]);
    scene.write("d/end", "old");
    // Decoys, where a resolution against the working directory or of one level only would write.
    scene.write("two", "decoy");
    scene.write("end", "decoy");
    arrives(&scene, "start", "d/end");
    assert_eq!((scene.text("two"), scene.text("end")), ("decoy".to_owned(), "decoy".to_owned()));
    for (directory, names) in [("a", vec!["one"]), ("b", vec!["c"]), ("b/c", vec!["two"]), ("d", vec!["end"])] {
        assert_eq!(crate::common::names_in(&scene.path(directory)), names);
    }
}

#[test]
fn an_absolute_link_is_followed() {
    needs!(symlinks);
    let scene = Scene::new();
    scene.mkdir("d");
    scene.symlink(scene.path("d/f"), "link");
    arrives(&scene, "link", "d/f");
}

#[test]
fn the_directory_part_may_lead_through_links_and_dots() {
    needs!(symlinks);
    let scene = Scene::new();
    scene.mkdir("d");
    scene.mkdir("d/e");
    scene.symlink("d/e", "link");
    // `link/..` is d, as the kernel sees it, and not the scene.
    arrives(&scene, "link/../f", "d/f");
    arrives(&scene, "link//./g", "d/e/g");
}

#[test]
fn a_dangling_link_creates_the_file_that_it_names() {
    needs!(symlinks);
    let scene = Scene::new();
    scene.mkdir("d");
    scene.symlinks(&[("second", "first"), ("d/f", "second")]);
    arrives(&scene, "first", "d/f");
    assert!(scene.path("first").is_symlink() && scene.path("second").is_symlink());
}

#[test]
fn a_dangling_link_into_a_missing_directory_is_refused_early() {
    needs!(symlinks);
    let scene = Scene::new();
    scene.symlink("missing/f", "link");
    refused(&scene, &["link"], "link: open directory: missing");
}

/// Row 42.
#[test]
fn a_loop_is_told() {
    needs!(symlinks);
    let scene = Scene::new();
    scene.symlinks(&[("self", "self"), ("b", "a"), ("a", "b")]);
    refused(&scene, &["self"], "self: follow link: ");
    refused(&scene, &["a"], "a: follow link: ");
    refused(&scene, &["a/f"], "a/f: open directory: a");
}

/// As many as the system follows: 40 on Linux, 32 elsewhere.
#[test]
fn as_many_links_are_followed_as_the_system_follows() {
    needs!(symlinks);
    let scene = Scene::new();
    scene.write("0", "old");
    for number in 1..=80 {
        scene.symlink((number - 1).to_string(), number.to_string());
    }
    let last = (1..=80).take_while(|number| scene.path(number.to_string()).exists()).last().unwrap();
    assert!(last >= 8);
    arrives(&scene, &last.to_string(), "0");
    let next = (last + 1).to_string();
    refused(&scene, &[&next], &format!("{next}: follow link: "));
}

#[test]
fn a_link_that_ends_in_a_slash_or_dots_is_refused() {
    needs!(symlinks);
    let scene = Scene::new();
    scene.mkdir("d");
    for (name, to) in [("slash", "d/"), ("new-slash", "new/"), ("dot", "d/."), ("parent", "d/.."), ("root", "/")] {
        scene.symlink(to, name);
        refused(&scene, &[name], &format!("{name}: replace: "));
    }
}

#[test]
fn no_dereference_replaces_the_link_itself() {
    needs!(symlinks);
    let scene = Scene::with_old();
    scene.mkdir("d");
    for to in ["f", "missing", "link", "d", NOTHING] {
        scene.symlink(to, "link");
        scene.cmd().args(["-P", "link"]).write_stdin("new").assert().success().stdout("").stderr("");
        assert!(scene.path("link").symlink_metadata().unwrap().is_file(), "{to}");
        assert_eq!((scene.text("link"), scene.text("f")), ("new".to_owned(), "old".to_owned()));
        assert_eq!(scene.names(), ["d", "f", "link"]);
        fs::remove_file(scene.path("link")).unwrap();
    }
}

/// As if TARGET were new: the file that the link led to lends it nothing.
#[test]
fn no_dereference_takes_the_mode_of_a_new_file() {
    needs!(shell, symlinks, permissions);
    let scene = Scene::with_old();
    scene.chmod("f", 0o600);
    scene.symlink("f", "link");
    let output = scene.sh(r#"umask 022; printf new | "$AW" --no-dereference link"#);
    assert!(output.status.success());
    assert_eq!((scene.mode("link"), scene.mode("f")), (0o644, 0o600));
}

#[test]
fn no_dereference_still_follows_links_among_the_directories_and_replaces_plain_files() {
    needs!(symlinks);
    let scene = Scene::new();
    scene.mkdir("d");
    scene.symlink("d", "link");
    scene.cmd().args(["-P", "link/f"]).write_stdin("one").assert().success();
    scene.cmd().args(["-P", "link/f"]).write_stdin("two").assert().success();
    assert_eq!(scene.text("d/f"), "two");
    assert!(scene.path("link").is_symlink());
}
