//! Links that do not lead where their text says, and those that must not be followed.
//!
//! Rows: 44.

use std::fs;

use crate::common::needs::needs;
use crate::common::{Mounted, Scene};
use crate::portable::names::refused;

#[test]
fn standard_output_is_no_target() {
    let scene = Scene::new();
    scene.symlinks(&[("/dev/stdout", "link"), ("/proc/self/fd/1", "direct")]);
    for name in ["/dev/stdout", "/dev/stderr", "/dev/fd/1", "/proc/self/fd/1", "link", "direct"] {
        refused(&scene, &[name], "replace: is a link to an open descriptor or another link of /proc");
    }
}

/// The text of such a link is no path: `pipe:[1]` would be created in the working directory, and a deleted file under
/// a name that ends in ` (deleted)`.
#[test]
fn no_kind_of_descriptor_is_followed() {
    let scene = Scene::with_old();
    let script = r#"
        exec 5<>f 6<f; mkfifo fifo; exec 7<>fifo; rm fifo; exec 8>gone; rm gone
        for fd in 5 6 7 8; do
            printf new | "$AW" -q /proc/self/fd/$fd 2>&1; printf '%s\n' "$?"
            printf new | "$AW" /dev/fd/$fd -- echo 2>/dev/null; printf '%s\n' "$?"
        done"#;
    let output = crate::common::stdout(&scene.sh(script));
    let statuses: Vec<&str> = output.lines().filter(|line| line.parse::<u8>().is_ok()).collect();
    assert_eq!(statuses, ["1", "125"].repeat(4), "{output}");
    assert_eq!((scene.names(), scene.text("f").as_str()), (vec!["f".to_owned()], "old"));
}

#[test]
fn other_magic_links_of_a_process_are_refused_as_last_component() {
    let scene = Scene::new();
    for name in ["/proc/self/exe", "/proc/self/cwd", "/proc/self/root", "/proc/self"] {
        refused(&scene, &[name], "link of /proc");
    }
}

/// The kernel resolves the directory part, by its own rules.
#[test]
fn a_magic_link_among_the_directories_is_followed() {
    let scene = Scene::new();
    scene.cmd().arg("/proc/self/cwd/f").write_stdin("new").assert().success();
    let descriptor = scene.sh(r#"exec 5<.; printf new | "$AW" /proc/self/fd/5/g"#);
    assert!(descriptor.status.success(), "{descriptor:?}");
    assert_eq!((scene.names(), scene.text("g").as_str()), (vec!["f".to_owned(), "g".to_owned()], "new"));
}

#[test]
fn a_link_to_a_magic_link_is_replaced_where_asked() {
    let scene = Scene::new();
    scene.symlink("/proc/self/fd/1", "link");
    scene.cmd().args(["-P", "link"]).write_stdin("new").assert().success().stdout("");
    assert!(fs::symlink_metadata(scene.path("link")).unwrap().is_file());
}

#[test]
fn links_are_not_followed_where_the_mount_forbids_it() {
    needs!(root);
    let scene = Scene::new();
    let mount = Mounted::with(&scene, "m", &["-t", "tmpfs", "-o", "nosymfollow,size=1m", "tmpfs"]);
    scene.write("m/f", "old");
    scene.symlink("f", "m/link");
    scene.mkdir("m/d");
    scene.symlink("d", "m/directory");
    // From without, too: the mount that holds the link decides.
    scene.symlinks(&[("m/link", "outside"), ("../plain", "m/inside")]);
    refused(&scene, &["m/link"], "follow link: is a symbolic link on a file system mounted with nosymfollow");
    refused(&scene, &["outside"], "nosymfollow");
    refused(&scene, &["m/inside"], "nosymfollow");
    refused(&scene, &["m/directory/f"], "Too many symbolic links encountered");
    assert_eq!(scene.text("m/f"), "old");
    scene.cmd().args(["-P", "m/link"]).write_stdin("new").assert().success();
    // A link that leads there is not on it.
    scene.symlink("m/f", "into");
    scene.cmd().arg("into").write_stdin("new").assert().success();
    assert_eq!((scene.text("m/link").as_str(), scene.text("m/f").as_str()), ("new", "new"));
    drop(mount);
}
