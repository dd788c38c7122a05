//! The old tree is removed, whatever it holds, and nothing else is.
//!
//! Rows: 102.

use std::fs;

use crate::common::needs::needs;
use crate::common::{Disk, Mounted, stderr, tool};
use crate::portable::tree::{NEW, done, made, make, run, tree, with_tree};

#[test]
fn what_links_lead_to_stays() {
    needs!(exchange);
    for args in [&["d"][..], &["--edit", "d"], &["--backup=simple", "d"]] {
        let scene = with_tree();
        make(&scene, "outside", "theirs");
        make(&scene, "d~", "older");
        for name in ["d/link", "d/sub/link", "d~/link", "d~/sub/link"] {
            scene.symlink(scene.path("outside"), name);
        }
        scene.symlink("..", "d/sub/up");
        done(&scene, args, &["write {}/f new", "write {}/h new"]);
        assert_eq!(tree(&scene, "outside"), made("theirs"), "{args:?}");
    }
}

#[test]
fn a_link_that_the_command_puts_into_the_tree_is_not_followed() {
    needs!(exchange);
    let scene = with_tree();
    make(&scene, "outside", "theirs");
    done(&scene, &["d"], &["symlink ../outside {}/link"]);
    assert_eq!(tree(&scene, "d"), ["link -> ../outside"]);
    // And of what is removed after a failure.
    let output = run(&scene, &["d"], &["symlink ../outside {}/link", "symlink ../outside {}-beside", "exit 1"]);
    assert_eq!((output.status.code(), tree(&scene, "outside")), (Some(1), made("theirs")));
    assert_eq!(scene.names(), ["d", "outside"]);
}

#[test]
fn what_cannot_be_removed_is_a_warning_with_its_path() {
    needs!(root, chattr, "mkfs.ext4", exchange);
    let scene = Disk::new("ext4", 8, "");
    make(&scene, "d", "old");
    scene.write("d/sub/other", "old");
    let chattr = |change, name: &str| tool("chattr", &[change, scene.path(name).to_str().unwrap()]);
    chattr("+i", "d/sub/g");
    let output = run(&scene, &["d"], &NEW);
    let (status, says) = (output.status.code(), stderr(&output));
    let path = says.strip_prefix("atomic-write: d: warning: ").and_then(|rest| rest.split_once(" is left behind: "));
    let Some((path, reason)) = path else { panic!("{says:?}") };
    assert_eq!((status, reason), (Some(0), "Operation not permitted\n"));
    // Nothing else is, and quiet runs tell it too.
    let content = fs::read(scene.path(path));
    chattr("-i", path);
    assert_eq!(content.unwrap(), b"old");
    assert_eq!(tree(&scene, "d"), ["f = new"]);
    let private = path.split('/').next().unwrap();
    let files = tree(&scene, private).into_iter().filter(|line| !line.ends_with('/')).count();
    assert_eq!(files, 1, "{:?}", tree(&scene, private));
}

#[test]
fn quiet_runs_name_what_is_left_behind_too() {
    needs!(root, chattr, "mkfs.ext4", exchange);
    let scene = Disk::new("ext4", 8, "");
    make(&scene, "d", "old");
    let path = scene.path("d/f");
    tool("chattr", &["+i", path.to_str().unwrap()]);
    let output = run(&scene, &["--quiet", "d"], &NEW);
    let says = stderr(&output);
    let left = says.split_once(" is left behind: ").map(|(before, _)| before.rsplit(' ').next().unwrap().to_owned());
    tool("chattr", &["-i", scene.path(left.unwrap()).to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
}

/// It was not there when TARGET was looked at.
#[test]
fn what_is_mounted_in_the_old_tree_meanwhile_is_not_emptied() {
    needs!(root, exchange);
    let scene = with_tree();
    make(&scene, "theirs", "theirs");
    let script = "mount --bind theirs d/sub && printf new >{}/f";
    let output = scene.cmd().args(["--tree", "-I", "{}", "d", "--", "sh", "-c", script]).output().unwrap();
    let left = scene.names().into_iter().find(|name| name.starts_with(".aw-")).unwrap();
    let mounted = Mounted::at(scene.path(format!("{left}/d/sub")));
    assert_eq!((output.status.code(), tree(&scene, "theirs")), (Some(0), made("theirs")), "{output:?}");
    assert!(stderr(&output).contains(&format!("{left}/d/sub is left behind: Device or resource busy")), "{output:?}");
    assert_eq!(tree(&scene, "d"), ["f = new"]);
    drop(mounted);
}

#[test]
fn special_files_are_removed() {
    needs!(exchange);
    let scene = with_tree();
    tool("mkfifo", &[scene.path("d/sub/fifo").to_str().unwrap()]);
    let _listener = std::os::unix::net::UnixListener::bind(scene.path("d/s")).unwrap();
    done(&scene, &["d"], &NEW);
    assert_eq!((tree(&scene, "d"), scene.names()), (vec!["f = new".to_owned()], vec!["d".to_owned()]));
}

/// As an editor that has a file of the old tree open.
#[test]
fn open_files_of_the_old_tree_keep_their_content() {
    needs!(exchange);
    let scene = with_tree();
    let mut file = scene.open("d/sub/g");
    done(&scene, &["d"], &NEW);
    let mut content = String::new();
    std::io::Read::read_to_string(&mut file, &mut content).unwrap();
    assert_eq!(content, "old");
}
