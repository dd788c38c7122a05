//! Under fakeroot and eatmydata, and as an ordinary user.
//!
//! Rows: 85, 107.

use super::{args, content, sources};
use crate::common::needs::needs;
use crate::common::{Scene, as_user, names_in, program, stderr, stdout};

fn all_new(scene: &Scene, count: usize) {
    assert!((0..count).all(|number| scene.text(format!("d/{number}")) == content(number)));
    assert_eq!(names_in(&scene.path("d")).len(), count);
}

#[test]
fn an_ordinary_user_places_many_files() {
    let scene = Scene::new();
    let files = sources(&scene, 300);
    for name in ["d", "src"] {
        scene.give_to_user(name);
    }
    scene.ordinary().args(args(&[], &files)).assert().success().stderr("").stdout("");
    all_new(&scene, 300);
}

#[test]
fn fakeroot_sees_owner_and_mode_of_each() {
    needs!(fakeroot, dynamic_program);
    let scene = Scene::new();
    sources(&scene, 20);
    scene.give_to_user("");
    scene.give_to_user("d");
    let script = "AW=/proc/self/fd/9; umask 022; printf old >d/0; chmod 640 d/0; chown 12:13 d/0; \
                  $AW -t d src/*; stat -c '%n %u:%g %a' d/0 d/1 d/19; cat d/19";
    let mut command = scene.other("sh");
    command.args(["-c", "exec 9<\"$PROGRAM\"; exec \"$@\"", "sh"]).args(as_user()).env("PROGRAM", program());
    let output = command.args(["fakeroot", "sh", "-ec", script]).output().unwrap();
    assert_eq!(
        (stdout(&output).as_str(), stderr(&output).as_str()),
        ("d/0 12:13 640\nd/1 0:0 644\nd/19 0:0 644\nnew 19", "")
    );
}

#[test]
fn eatmydata_works() {
    needs!(eatmydata, dynamic_program);
    let scene = Scene::new();
    let files = sources(&scene, 20);
    scene.through(&["eatmydata"]).args(args(&[], &files)).assert().success().stderr("");
    all_new(&scene, 20);
}
