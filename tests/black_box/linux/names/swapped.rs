//! Links and directories that are swapped while the program is on its way: what was resolved is resolved once, and the
//! directory that it led to is held.
//!
//! Rows: 43.

use std::fs;

use crate::common::Scene;
use crate::common::needs::needs;
use crate::common::strace::{Calls, Strace};
use crate::portable::names::swapped::{scene, swap};

/// The calls of an undisturbed run on the same scene, to know where to stop the next.
fn calls(target: &str) -> Calls {
    let traced = Strace::new(&scene(), &[target]).input("new").run();
    assert!(traced.output.status.success(), "{traced:?}");
    traced.calls
}

fn assert_contents(scene: &Scene, a: &str, b: &str) {
    assert_eq!((scene.text(a).as_str(), scene.text(b).as_str()), ("new", "b"));
    assert_eq!(crate::common::names_in(&scene.path("b")), ["f"]);
}

#[test]
fn a_link_swapped_once_it_was_read_is_not_read_again() {
    needs!(strace);
    let scene = scene();
    let stopped = Strace::new(&scene, &["link"]).input("new").stopped_after("readlinkat:when=1");
    swap(&scene, "b/f", "link");
    assert!(stopped.resume().output.status.success());
    assert_contents(&scene, "a/f", "b/f");
}

/// What is judged is what is followed: the link is held from before it is looked at.
#[test]
fn a_link_swapped_before_it_is_read_is_the_one_looked_at() {
    needs!(strace);
    let before = calls("link");
    let pinned = before.when(before.at("openat", &["\"link\"", "O_PATH"]));
    let scene = scene();
    let stopped = Strace::new(&scene, &["link"]).input("new").stopped_after(&format!("openat:when={pinned}"));
    swap(&scene, "b/f", "link");
    assert!(stopped.resume().output.status.success());
    assert_contents(&scene, "a/f", "b/f");
}

#[test]
fn a_directory_swapped_once_it_was_opened_stays_the_one() {
    needs!(strace);
    let before = calls("a/f");
    let opened = before.when(before.at("openat", &["\"a/\""]));
    let scene = scene();
    let stopped = Strace::new(&scene, &["a/f"]).input("new").stopped_after(&format!("openat:when={opened}"));
    fs::rename(scene.path("a"), scene.path("moved")).unwrap();
    scene.symlink("b", "a");
    assert!(stopped.resume().output.status.success());
    assert_contents(&scene, "moved/f", "b/f");
}
