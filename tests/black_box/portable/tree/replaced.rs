//! A TARGET that is there: exchanged, edited, or left alone.
//!
//! Rows: 100, 102.

use std::fs;

use super::{done, fails, made, run, tree, with_tree};
use crate::common::needs::{lacks, needs};
use crate::common::system::{Traces, traces};
use crate::common::{Scene, does, stderr, stdout};

#[test]
fn the_old_tree_is_gone_and_the_new_one_is_there() {
    needs!(exchange);
    let scene = with_tree();
    let before = scene.inode("d");
    done(&scene, &["d"], &["list {}", "mkdir {}/new", "write {}/new/h new"]);
    assert_eq!(
        (tree(&scene, "d"), scene.names()),
        (vec!["new/".to_owned(), "new/h = new".to_owned()], vec!["d".to_owned()])
    );
    assert_ne!(scene.inode("d"), before);
}

#[test]
fn a_failing_command_changes_nothing() {
    let scene = with_tree();
    let before = scene.inode("d");
    if lacks!(exchange) {
        return;
    }
    let output = run(&scene, &["d"], &["write {}/f new", "exit 7"]);
    fails(&scene, &output, 7, "exited with status 7 (unchanged)");
    let output = run(&scene, &["--edit", "d"], &["remove {}/f", "remove-all {}/sub", "exit 7"]);
    fails(&scene, &output, 7, "exited with status 7 (unchanged)");
    assert_eq!(scene.inode("d"), before);
}

#[test]
fn edit_starts_with_a_copy_whose_files_can_be_edited() {
    needs!(exchange);
    let scene = with_tree();
    let steps = ["append {}/f er", "patch {}/sub/g N", "write {}/new x", "list {}"];
    let output = run(&scene, &["--edit", "d"], &steps);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(0), "f\nnew\nsub\n"), "{output:?}");
    assert_eq!(tree(&scene, "d"), ["f = older", "new = x", "sub/", "sub/g = Nld"]);
    assert_eq!(scene.names(), ["d"]);
}

#[test]
fn edit_needs_a_directory_that_exists() {
    let scene = with_tree();
    let output = run(&scene, &["--edit", "none"], &["write {}/f x", "write ran x"]);
    fails(&scene, &output, 125, "none: edit: does not exist (unchanged)");
}

#[test]
fn an_edit_of_an_empty_directory_may_leave_it_empty() {
    needs!(exchange);
    let scene = Scene::new();
    scene.mkdir("d");
    let inode = scene.inode("d");
    done(&scene, &["--edit", "d"], &["list {}"]);
    assert_eq!((tree(&scene, "d"), scene.inode("d")), (vec![], inode));
    let output = run(&scene, &["--edit", "--non-empty", "d"], &["list {}"]);
    assert_eq!(output.status.code(), Some(123), "{output:?}");
    // Whoever empties it has to say so.
    done(&scene, &["--edit", "d"], &["write {}/f new"]);
    let output = run(&scene, &["--edit", "d"], &["remove {}/f"]);
    assert!(
        stderr(&output).contains("d: replace: the command made nothing in the directory (unchanged)"),
        "{output:?}"
    );
    assert_eq!((output.status.code(), tree(&scene, "d")), (Some(123), vec!["f = new".to_owned()]));
    done(&scene, &["--edit", "--allow-empty", "d"], &["remove {}/f"]);
    assert_eq!(tree(&scene, "d"), [""; 0]);
}

#[test]
fn an_edit_of_what_has_changed_meanwhile_is_refused() {
    needs!(exchange);
    for (change, content) in [("append d/sub/g x", "oldx"), ("disguise d/sub/g OLD", "OLD")] {
        let scene = with_tree();
        let output = run(&scene, &["--edit", "d"], &["write {}/f new", change]);
        assert_eq!(output.status.code(), Some(123), "{output:?}");
        let says = "d: replace: has changed since it was read (changed meanwhile)\nhint: ";
        assert!(stderr(&output).contains(says), "{output:?}");
        assert_eq!(tree(&scene, "d"), ["f = old", "sub/", &format!("sub/g = {content}")]);
        assert_eq!(scene.names(), ["d"]);
    }
}

#[test]
fn an_edit_of_what_was_removed_or_replaced_meanwhile_is_refused() {
    needs!(exchange, open_files_give_way);
    for change in [
        &["remove d/sub/g"][..],
        &["write d/sub/new x"],
        &["write x x", "rename x d/f"],
        &["rename d away"],
        &["rename d away", "mkdir d"],
        &["mkdir d/sub/deep"],
    ] {
        let scene = with_tree();
        let output = run(&scene, &["--edit", "d"], &[&["write {}/f new"], change].concat());
        assert_eq!(output.status.code(), Some(123), "{change:?}: {output:?}");
        assert!(stderr(&output).contains("d: replace: has changed since it was read (changed"), "{output:?}");
        assert!(scene.names().iter().all(|name| ["d", "away"].contains(&name.as_str())), "{change:?}");
    }
}

/// Of everything in it.
fn all_traces(scene: &Scene) -> Vec<Traces> {
    ["d", "d/f", "d/sub", "d/sub/g"].map(|name| traces(&scene.path(name)).without_access()).into()
}

#[test]
fn if_nothing_differs_nothing_is_touched() {
    needs!(exchange);
    let same = ["write {}/f old", "mkdir {}/sub", "write {}/sub/g old"];
    let scene = with_tree();
    super::make(&scene, "src", "old");
    let before = all_traces(&scene);
    for options in [&[][..], &["-b"], &["--lock"], &["--sync=none"], &["--validate", "exit 9"]] {
        let output = run(&scene, &[&["--report", "--if-changed"], options, &["d"]].concat(), &same);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(0), "unchanged\n"), "{output:?}");
        let output = run(&scene, &[&["--report", "--edit"], options, &["d"]].concat(), &["list {}", "append {}/f "]);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(0), "f\nsub\nunchanged\n"), "{output:?}");
        scene.cmd().args(["--tree", "-C", "--from", "src"]).args(options).arg("d").assert().success();
        assert_eq!(all_traces(&scene), before);
        assert_eq!(scene.names(), ["d", "src"]);
    }
}

#[test]
fn each_kind_of_difference_replaces() {
    needs!(exchange);
    for (change, now) in [
        (&["write {}/f OLD"][..], "f = OLD"),
        (&["write {}/f older"], "f = older"),
        (&["write {}/sub/g new"], "sub/g = new"),
        (&["remove {}/sub/g"], "sub/"),
        (&["rename {}/f {}/e"], "e = old"),
        (&["mkdir {}/sub/dir"], "sub/dir/"),
        (&["remove {}/f", "mkdir {}/f"], "f/"),
    ] {
        for option in ["--if-changed", "--edit"] {
            let scene = with_tree();
            let all = [&["write {}/f old", "mkdir {}/sub", "write {}/sub/g old"], change].concat();
            let output = run(&scene, &["--report", option, "d"], if option == "--edit" { change } else { &all });
            assert_eq!((stdout(&output).as_str(), stderr(&output).as_str()), ("replaced\n", ""), "{change:?}");
            assert!(tree(&scene, "d").contains(&now.to_owned()), "{change:?}: {:?}", tree(&scene, "d"));
            assert_eq!(scene.names(), ["d"]);
        }
    }
}

#[test]
fn modes_and_texts_of_links_are_differences_too() {
    needs!(exchange, permissions, symlinks);
    let scene = with_tree();
    scene.chmod("d/f", 0o640);
    scene.symlink("f", "d/link");
    let word = |steps: &[&str]| stdout(&run(&scene, &["--report", "--edit", "d"], steps));
    assert_eq!(word(&["mode {}/f 640", "remove {}/link", "symlink f {}/link"]), "unchanged\n");
    assert_eq!(word(&["mode {}/f 644"]), "replaced\n");
    assert_eq!(scene.mode("d/f"), 0o644);
    assert_eq!(word(&["remove {}/link", "symlink g {}/link"]), "replaced\n");
    assert_eq!(word(&["remove {}/link", "symlink sub {}/link"]), "replaced\n");
    assert_eq!(fs::read_link(scene.path("d/link")).unwrap().to_str(), Some("sub"));
    assert_eq!(word(&["mode {}/sub 700"]), "replaced\n");
    assert_eq!(word(&["mode {}/sub 700"]), "unchanged\n");
}

#[test]
fn a_link_is_followed_or_replaced() {
    needs!(exchange, symlinks);
    let scene = with_tree();
    scene.symlink("d", "link");
    done(&scene, &["link"], &super::NEW);
    assert_eq!(tree(&scene, "."), ["d/", "d/f = new", "link -> d"]);
    done(&scene, &["-P", "link"], &["write {}/f other"]);
    assert_eq!(tree(&scene, "."), ["d/", "d/f = new", "link/", "link/f = other"]);
}

/// As if TARGET were new.
#[test]
fn a_directory_in_place_of_a_link_has_not_its_mode() {
    needs!(exchange, symlinks, shell, permissions);
    let scene = with_tree();
    scene.symlink("d", "link");
    let output = scene.sh("umask 027; $AW --tree -P -I {} link -- sh -c 'echo new >{}/f'");
    assert!(output.status.success(), "{output:?}");
    assert_eq!((scene.mode("link"), tree(&scene, "d")), (0o750, made("old")));
}

#[test]
fn a_link_that_leads_nowhere_names_the_new_directory() {
    needs!(symlinks);
    let scene = Scene::new();
    scene.symlink("there", "link");
    done(&scene, &["link"], &super::NEW);
    assert_eq!(tree(&scene, "."), ["link -> there", "there/", "there/f = new"]);
}

#[test]
fn the_mode_of_the_top_directory_is_kept_or_set() {
    needs!(exchange, permissions);
    let scene = with_tree();
    scene.chmod("d", 0o711);
    done(&scene, &["d"], &["write {}/f new", "mode {} 700"]);
    assert_eq!(scene.mode("d"), 0o711);
    done(&scene, &["--mode", "750", "d"], &["write {}/f new", "mode {} 700"]);
    assert_eq!(scene.mode("d"), 0o750);
    done(&scene, &["new"], &["write {}/f new", "mode {} 705"]);
    assert_eq!(scene.mode("new"), 0o705);
    done(&scene, &["--mode", "711", "newer"], &["write {}/f new", "mode {} 700"]);
    assert_eq!(scene.mode("newer"), 0o711);
}

#[test]
fn standard_input_is_the_commands_own() {
    let scene = Scene::new();
    let command = does(&["copy", "write {}/f new"]);
    let output =
        scene.cmd().args(["--tree", "-I", "{}", "new", "--"]).args(command).write_stdin("typed").output().unwrap();
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(0), "typed"), "{output:?}");
}
