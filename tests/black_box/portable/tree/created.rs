//! A TARGET that is not there yet, and what COMMAND may do on the way to it.
//!
//! Rows: 100, 104.

use super::{done, run, tree};
use crate::common::needs::needs;
use crate::common::{Scene, does, its_name, stderr, stdout};
use crate::portable::lock::lost::at_once;

#[test]
fn the_command_gets_an_empty_directory_with_targets_own_name() {
    let scene = Scene::new();
    let output = run(&scene, &["new"], &["list {}", "print {}", "write {}/f new"]);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    // Nothing was listed.
    let path = std::path::PathBuf::from(stdout(&output));
    assert!(path.is_absolute() && path.file_name() == Some("new".as_ref()), "{path:?}");
    let private = path.parent().unwrap();
    assert_eq!(
        private.parent().map(|beside| beside.canonicalize().unwrap()),
        Some(scene.root().canonicalize().unwrap())
    );
    assert!(private.file_name().unwrap().to_str().unwrap().starts_with(".aw-"), "{path:?}");
    assert_eq!((tree(&scene, "new"), scene.names()), (vec!["f = new".to_owned()], vec!["new".to_owned()]));
}

#[test]
fn only_the_user_can_enter_the_private_directory() {
    needs!(permissions, shell);
    let scene = Scene::new();
    let args = ["--tree", "-I", "{}", "new", "--", "sh", "-c", "ls -ld {}/..; echo new >{}/f"];
    let output = scene.cmd().args(args).output().unwrap();
    assert!(stdout(&output).starts_with("drwx------"), "{output:?}");
}

#[test]
fn whole_trees_are_made() {
    let scene = Scene::new();
    done(&scene, &["new"], &["mkdir {}/a", "mkdir {}/a/b", "write {}/a/b/f one", "write {}/g two"]);
    assert_eq!(tree(&scene, "new"), ["a/", "a/b/", "a/b/f = one", "g = two"]);
}

#[test]
fn parents_are_created() {
    let scene = Scene::new();
    done(&scene, &["-D", "a/b/new"], &super::NEW);
    assert_eq!(tree(&scene, "a"), ["b/", "b/new/", "b/new/f = new"]);
    let output = run(&scene, &["-D", "x/y/new"], &["write {}/f x", "exit 3"]);
    assert_eq!((output.status.code(), scene.names()), (Some(3), vec!["a".to_owned()]));
    let output = run(&scene, &["x/new"], &["write {}/f x", "write ran x"]);
    assert_eq!((output.status.code(), scene.names()), (Some(125), vec!["a".to_owned()]), "{output:?}");
}

#[test]
fn the_report_is_a_word_on_standard_output() {
    needs!(exchange);
    let scene = Scene::new();
    let word = |steps: &[&str], option| stdout(&run(&scene, &["--report", option, "new"], steps));
    assert_eq!(word(&super::NEW, "--quiet"), "created\n");
    assert_eq!(word(&super::NEW, "--quiet"), "replaced\n");
    assert_eq!(word(&super::NEW, "--if-changed"), "unchanged\n");
}

#[test]
fn a_command_that_fails_passes_on_its_status() {
    let scene = Scene::new();
    for (step, status) in [("exit 1", 1), ("exit 7", 7), ("exit 121", 125), ("exit 122", 125)] {
        let output = run(&scene, &["new"], &["write {}/f new", "write {}-beside x", step]);
        assert_eq!((output.status.code(), scene.names()), (Some(status), vec![]), "{output:?}");
        assert!(stderr(&output).contains(&format!("command '{}' exited with status {}", its_name(), &step[5..])));
    }
}

#[test]
fn a_command_that_cannot_be_run_leaves_nothing() {
    needs!(native_program);
    let scene = Scene::new();
    let args = ["--tree", "-I", "{}", "new", "--", "./no-such-program", "{}"];
    scene.cmd().args(args).assert().code(127);
    assert_eq!(scene.names(), [""; 0]);
}

#[test]
fn a_directory_with_nothing_in_it_is_refused() {
    let scene = Scene::new();
    let output = run(&scene, &["new"], &["list {}"]);
    let says = "atomic-write: new: replace: the command made nothing in the directory (unchanged)\n\
                hint: --allow-empty permits an empty directory\n";
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(123), says));
    assert_eq!(scene.names(), [""; 0]);
    done(&scene, &["--allow-empty", "new"], &["list {}"]);
    assert_eq!((tree(&scene, "new"), scene.names()), (vec![], vec!["new".to_owned()]));
}

#[test]
fn what_the_command_puts_in_place_of_the_directory_decides() {
    let scene = Scene::new();
    for (steps, says) in [
        (&["rmdir {}"][..], "the command removed the directory that it was given"),
        (&["rmdir {}", "write {} new"], "the command left something that is no directory"),
    ] {
        let output = run(&scene, &["new"], steps);
        assert_eq!((output.status.code(), scene.names()), (Some(123), vec![]), "{output:?}");
        assert_eq!(stderr(&output), format!("atomic-write: new: replace: {says} (unchanged)\n"));
    }
    for steps in [
        &["write {}/f x", "remove-all {}", "mkdir {}", "write {}/f new"][..],
        &["mkdir other", "write other/f new", "rmdir {}", "rename other {}"],
    ] {
        let scene = Scene::new();
        done(&scene, &["new"], steps);
        assert_eq!((tree(&scene, "new"), scene.names()), (vec!["f = new".to_owned()], vec!["new".to_owned()]));
    }
}

#[test]
fn a_link_in_place_of_the_directory_is_refused() {
    needs!(symlinks);
    let scene = Scene::new();
    scene.mkdir("other");
    scene.write("other/f", "other");
    let output = run(&scene, &["new"], &["rmdir {}", "symlink ../other {}"]);
    assert_eq!(output.status.code(), Some(123), "{output:?}");
    assert!(stderr(&output).contains("the command left something that is no directory (unchanged)"), "{output:?}");
    assert_eq!((tree(&scene, "other"), scene.names()), (vec!["f = other".to_owned()], vec!["other".to_owned()]));
}

#[test]
fn what_is_left_beside_the_directory_is_removed_and_named() {
    let scene = Scene::new();
    let output = run(&scene, &["new"], &["write {}/f new", "write {}.log x", "mkdir {}-x", "write {}-x/y z"]);
    let says = "atomic-write: new: warning: removed what the command left beside its output: new-x, new.log\n";
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), says));
    assert_eq!((tree(&scene, "new"), scene.names()), (vec!["f = new".to_owned()], vec!["new".to_owned()]));
}

#[test]
fn of_many_writers_at_once_one_tree_is_there_and_whole() {
    needs!(exchange, open_files_give_way);
    for options in [&[][..], &["-C"], &["--sync=none"]] {
        let scene = Scene::new();
        let ends = at_once(8, |number| {
            let steps = ["f", "g", "h"].map(|name| format!("write {{}}/{name} {number}"));
            let mut command = scene.process();
            command.args(["--tree", "-I", "{}"]).args(options).args(["new", "--"]);
            command.args(does(&steps.each_ref().map(String::as_str))).spawn().unwrap()
        });
        assert_eq!((ends, scene.names()), (vec![0; 8], vec!["new".to_owned()]));
        let texts = ["f", "g", "h"].map(|name| scene.text(format!("new/{name}")));
        assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
    }
}
