//! What may refuse a tree.
//!
//! Rows: 104.

use super::{done, fails, run, tree, with_tree};
use crate::common::needs::needs;
use crate::common::{Scene, does, stderr};
use crate::portable::lock::lost::at_once;

#[test]
fn no_clobber_refuses_an_existing_directory_before_the_command_runs() {
    let scene = with_tree();
    let output = run(&scene, &["-n", "d"], &["write {}/f new", "write ran x"]);
    fails(&scene, &output, 123, "d: no-clobber: already exists (unchanged)");
    scene.mkdir("src");
    let output = scene.cmd().args(["--tree", "-n", "--from", "src", "d"]).output().unwrap();
    std::fs::remove_dir(scene.path("src")).unwrap();
    fails(&scene, &output, 3, "d: no-clobber: already exists (unchanged)");
    needs!(exchange);
    done(&scene, &["-n", "new"], &super::NEW);
    assert_eq!(tree(&scene, "new"), ["f = new"]);
}

#[test]
fn no_clobber_refuses_what_is_created_while_the_command_runs() {
    needs!(exchange);
    let scene = Scene::new();
    for made in ["mkdir new", "write new theirs"] {
        let output = run(&scene, &["-n", "new"], &["write {}/f new", made]);
        assert_eq!(output.status.code(), Some(123), "{output:?}");
        assert!(stderr(&output).contains("new: no-clobber: was created meanwhile"), "{output:?}");
        assert_eq!(scene.names(), ["new"]);
        assert!(scene.path("new").is_file() || tree(&scene, "new").is_empty());
        if made == "mkdir new" {
            std::fs::remove_dir(scene.path("new")).unwrap();
        }
    }
}

#[test]
fn what_is_created_while_the_command_runs_is_replaced() {
    needs!(exchange);
    let scene = Scene::new();
    done(&scene, &["new"], &["write {}/f new", "mkdir new", "write new/g theirs"]);
    assert_eq!((tree(&scene, "new"), scene.names()), (vec!["f = new".to_owned()], vec!["new".to_owned()]));
    let output = run(&scene, &["file"], &["write {}/f new", "write file theirs"]);
    assert_eq!(output.status.code(), Some(125), "{output:?}");
    assert_eq!((scene.text("file").as_str(), scene.names()), ("theirs", vec!["file".to_owned(), "new".to_owned()]));
}

#[test]
fn what_is_removed_while_the_command_runs_is_created() {
    needs!(exchange, open_files_give_way);
    let scene = with_tree();
    done(&scene, &["d"], &["write {}/f new", "remove-all d"]);
    assert_eq!((tree(&scene, "d"), scene.names()), (vec!["f = new".to_owned()], vec!["d".to_owned()]));
}

#[test]
fn a_validator_gets_the_directory_and_nothing_to_read() {
    needs!(validation_by_sh);
    let scene = Scene::new();
    let script = r#"cat; ls "$1"; cat "$1/f"; echo " $2"; case $1 in /*/new) ;; *) exit 5 ;; esac"#;
    let output = run(&scene, &["--validate", script, "./new"], &super::NEW);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), "f\nnew ./new\n"));
    assert_eq!(tree(&scene, "new"), ["f = new"]);
}

#[test]
fn a_refusal_of_the_validator_leaves_all_as_it_was() {
    needs!(exchange);
    let scene = with_tree();
    let output = run(&scene, &["--validate", "exit 7", "d"], &super::NEW);
    fails(&scene, &output, 123, "d: validate: command 'exit 7' exited with status 7 (unchanged)");
    let output = run(&scene, &["--validate", "exit 7", "--edit", "-b", "d"], &["append {}/f x"]);
    fails(&scene, &output, 123, "d: validate: command 'exit 7' exited with status 7 (unchanged)");
    let output = run(&scene, &["--validate", "exit 7", "new"], &super::NEW);
    fails(&scene, &output, 123, "new: validate: command 'exit 7' exited with status 7 (unchanged)");
}

#[test]
fn a_tree_that_the_validator_changed_is_refused() {
    needs!(validation_by_sh, exchange);
    for change in [
        "echo more >>\"$1\"/f",
        "echo more >\"$1\"/new",
        "rm \"$1\"/sub/g",
        "mv \"$1\"/f \"$1\"/e",
        "chmod 600 \"$1\"/f",
        "chmod 700 \"$1\"",
        "printf n | dd of=\"$1\"/f conv=notrunc status=none",
        "rm -r \"$1\"",
        "rm -r \"$1\"; mkdir \"$1\"",
        "mv \"$1\" \"$1\"2; cp -r \"$1\"2 \"$1\"",
        "mkdir \"$1\"/sub/dir",
        "mkdir \"$1\"/sub/dir; rmdir \"$1\"/sub/dir",
    ] {
        let scene = with_tree();
        let output = run(&scene, &["--validate", change, "--edit", "d"], &["write {}/f new"]);
        fails(
            &scene,
            &output,
            123,
            "d: validate: the command changed the directory that it was to look at (unchanged)",
        );
    }
}

#[test]
fn no_update_is_lost_under_lock() {
    needs!(exchange, shell, open_files_give_way);
    let scene = Scene::new();
    scene.mkdir("d");
    scene.write("d/counter", "0");
    let increment = "n=$(cat \"$1/counter\"); echo $((n + 1)) >\"$1/counter\"";
    let ends = at_once(12, |_| {
        let command = ["--tree", "--edit", "--lock", "-I", "{}", "d", "--", "sh", "-c", increment, "sh", "{}"];
        scene.process().args(command).spawn().unwrap()
    });
    assert_eq!((ends, scene.text("d/counter").as_str(), scene.names()), (vec![0; 12], "12\n", vec!["d".to_owned()]));
}

#[test]
fn of_a_directory_that_all_create_under_lock_one_is_whole() {
    needs!(exchange, open_files_give_way);
    let scene = Scene::new();
    let ends = at_once(8, |number| {
        let text = format!("write {{}}/f {number}");
        let steps = does(&[text.as_str(), &format!("write {{}}/g {number}")]);
        scene.process().args(["--tree", "--lock", "-I", "{}", "new", "--"]).args(steps).spawn().unwrap()
    });
    assert_eq!((ends, scene.names()), (vec![0; 8], vec!["new".to_owned()]));
    assert_eq!((scene.text("new/f"), tree(&scene, "new").len()), (scene.text("new/g"), 2));
}

#[test]
fn a_lock_that_another_holds_is_waited_for_no_longer_than_asked() {
    needs!(exchange, shell, signals);
    // Whoever does not know that it is the outer run's waits for it.
    for (before, status) in [("", "125\n"), ("unset ATOMIC_WRITE_LOCKED; ", "123\n")] {
        let scene = with_tree();
        let run = "\"$AW\" --lock-timeout 0 --tree -I {} d -- sh -c 'echo new >{}/f'; echo $? >status; echo new >$1/f";
        let args = ["--tree", "--lock", "-I", "[]", "d", "--", "sh", "-c", &format!("{before}{run}"), "sh", "[]"];
        let output = scene.cmd().env("AW", crate::common::program()).args(args).output().unwrap();
        assert_eq!((output.status.code(), scene.text("status").as_str()), (Some(0), status), "{output:?}");
    }
}
