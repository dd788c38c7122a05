//! The metadata of the top directory.
//!
//! Rows: 100.

use rustix::fs::{XattrFlags, lgetxattr, lsetxattr};

use crate::common::acl::{ACCESS, DEFAULT, Entry, encode};
use crate::common::needs::needs;
use crate::common::{Scene, stdout};
use crate::portable::tree::{NEW, done, run, with_tree};

fn attribute(scene: &Scene, name: &str, attribute: &str) -> Option<Vec<u8>> {
    let mut buffer = [0; 1024];
    lgetxattr(scene.path(name), attribute, &mut buffer[..]).ok().map(|length| buffer[..length].to_vec())
}

fn set(scene: &Scene, name: &str, attribute: &str, value: &[u8]) {
    lsetxattr(scene.path(name), attribute, value, XattrFlags::empty()).unwrap();
}

fn acl(user: u32) -> Vec<u8> {
    encode(&[Entry::Owner(7), Entry::User(user, 5), Entry::OwningGroup(5), Entry::Mask(5), Entry::Other(0)])
}

#[test]
fn owner_group_and_mode_of_the_old_directory_are_kept() {
    needs!(root, exchange);
    for mode in [0o700, 0o2750, 0o1777, 0o3771, 0o555] {
        for args in [&["d"][..], &["--edit", "d"]] {
            let scene = with_tree();
            scene.give("d", 5, 6);
            scene.chmod("d", mode);
            done(&scene, args, &NEW);
            assert_eq!((scene.owner("d"), scene.mode("d")), ((5, 6), mode), "{args:?}");
        }
    }
}

#[test]
fn new_files_in_a_directory_that_passes_its_group_on_have_that() {
    needs!(root, exchange);
    for args in [&["d"][..], &["--edit", "d"]] {
        let scene = with_tree();
        scene.give("d", 5, 6);
        scene.chmod("d", 0o2750);
        done(&scene, args, &["mkdir {}/made", "write {}/made/f new"]);
        assert_eq!((scene.owner("d/made").1, scene.mode("d/made") & 0o2000), (6, 0o2000), "{args:?}");
        assert_eq!(scene.owner("d/made/f").1, 6, "{args:?}");
    }
}

#[test]
fn so_they_are_with_a_source() {
    needs!(root, exchange);
    let scene = with_tree();
    scene.give("d", 5, 6);
    scene.chmod("d", 0o2750);
    scene.mkdir("src");
    scene.give("src", 7, 8);
    scene.chmod("src", 0o1711);
    scene.cmd().args(["--tree", "--from", "src", "d"]).assert().success().stderr("");
    assert_eq!((scene.owner("d"), scene.mode("d")), ((5, 6), 0o2750));
    scene.cmd().args(["--tree", "--from", "src", "new"]).assert().success().stderr("");
    assert_eq!((scene.owner("new"), scene.mode("new")), ((7, 8), 0o1711));
}

#[test]
fn acls_and_attributes_are_the_old_ones_and_no_others() {
    needs!(acls_and_attributes, exchange);
    let scene = with_tree();
    set(&scene, "d", ACCESS, &acl(1));
    set(&scene, "d", DEFAULT, &acl(2));
    set(&scene, "d", "user.mine", b"x");
    done(&scene, &["d"], &NEW);
    assert_eq!(attribute(&scene, "d", ACCESS), Some(acl(1)));
    assert_eq!(attribute(&scene, "d", DEFAULT), Some(acl(2)));
    assert_eq!(attribute(&scene, "d", "user.mine").as_deref(), Some(&b"x"[..]));
    // A new file in it got what it would get in the old one.
    scene.write("d/plain", "");
    assert_eq!(attribute(&scene, "d/f", ACCESS), attribute(&scene, "d/plain", ACCESS));
    assert!(attribute(&scene, "d/f", ACCESS).is_some());

    scene.mkdir("src");
    set(&scene, "src", ACCESS, &acl(3));
    set(&scene, "src", DEFAULT, &acl(4));
    set(&scene, "src", "user.other", b"y");
    scene.mkdir("plain");
    scene.cmd().args(["--tree", "--from", "src", "plain"]).assert().success().stderr("");
    for name in [ACCESS, DEFAULT, "user.other"] {
        assert_eq!(attribute(&scene, "plain", name), None, "{name}");
    }
}

#[test]
fn files_that_the_command_creates_are_as_the_umask_says() {
    needs!(shell);
    let scene = Scene::new();
    let output = scene.sh("umask 027; $AW --tree -I {} new -- sh -c 'mkdir {}/a; echo >{}/a/f'");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(["new", "new/a", "new/a/f"].map(|name| scene.mode(name)), [0o750, 0o750, 0o640]);
}

/// From the directory that TARGET is in, by way of the private one.
#[test]
fn a_new_directory_inherits_what_mkdir_would() {
    needs!(root, acls_and_attributes);
    let scene = Scene::new();
    scene.mkdir("in");
    scene.give("in", 0, 7);
    scene.chmod("in", 0o2775);
    set(&scene, "in", DEFAULT, &acl(1));
    scene.mkdir("in/plain");
    scene.mkdir("in/plain/sub");
    scene.write("in/plain/f", "");
    done(&scene, &["in/new"], &["write {}/f new", "mkdir {}/sub"]);
    for name in ["", "/f", "/sub"] {
        let [plain, new] = ["in/plain", "in/new"].map(|top| {
            let path = format!("{top}{name}");
            let acls = [ACCESS, DEFAULT].map(|kind| attribute(&scene, &path, kind));
            (scene.owner(&path), scene.mode(&path), acls)
        });
        assert_eq!(new, plain, "{name:?}");
    }
    assert_eq!(scene.owner("in/new").1, 7);
}

#[test]
fn a_new_directory_is_as_the_command_left_it() {
    needs!(root, acls_and_attributes);
    let scene = Scene::new();
    let script =
        "echo new >{}/f; chown 5:6 {}; setfacl -m u:1:rx,d:u:2:rx {}; setfattr -n user.mine -v x {}; chmod g+s,+t {}";
    scene.cmd().args(["--tree", "-I", "{}", "new", "--", "sh", "-c", script]).assert().success().stderr("");
    assert_eq!((scene.owner("new"), scene.mode("new") & 0o7000), ((5, 6), 0o3000));
    for name in [ACCESS, DEFAULT, "user.mine"] {
        assert!(attribute(&scene, "new", name).is_some(), "{name}");
    }
}

#[test]
fn a_mode_wins_over_the_old_one() {
    needs!(exchange);
    let scene = with_tree();
    scene.chmod("d", 0o2755);
    done(&scene, &["--mode", "1711", "d"], &NEW);
    assert_eq!(scene.mode("d"), 0o1711);
    let output = run(&scene, &["--report", "-C", "--mode", "700", "d"], &NEW);
    assert_eq!((stdout(&output).as_str(), scene.mode("d")), ("replaced\n", 0o700));
}

/// An ordinary user cannot give it back to another owner, and is told.
#[test]
fn an_owner_that_cannot_be_kept_is_a_warning() {
    needs!(root, exchange);
    let scene = with_tree();
    scene.give_to_user("");
    scene.give("d", 5, crate::common::USER);
    scene.chmod("d", 0o777);
    let mut command = scene.through(crate::common::as_user());
    let output = command.args(["--tree", "-I", "{}", "d", "--", "sh", "-c", "echo new >{}/f"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(crate::common::stderr(&output).contains("d: warning: "), "{output:?}");
    assert_eq!(scene.owner("d").0, crate::common::USER);
}
