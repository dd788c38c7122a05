//! `--edit`: TARGET's content is COMMAND's input, and must still be TARGET's when it is replaced.
//!
//! Rows: 71.

use crate::common::needs::{lacks_for, needs};
use crate::common::{Scene, does, stderr};

#[test]
fn every_form_edits() {
    let forms: [&[&str]; 6] = [
        &["--edit", "f", "--"],
        &["-e", "f", "--"],
        &["f", "--edit", "--"],
        &["--edit", "--", "f", "--"],
        &["-ve", "./f", "--"],
        &["--edit", "--lock", "--backup=none", "f", "--"],
    ];
    for form in forms {
        let scene = Scene::new();
        scene.write("f", "old text");
        // Standard input is not what is edited.
        scene.cmd().args(form).args(does(&["upper"])).write_stdin("other").assert().success();
        assert_eq!(scene.text("f"), "OLD TEXT", "{form:?}");
        assert_eq!(scene.names(), ["f"]);
    }
}

#[test]
fn a_missing_target_is_an_error_and_starts_nothing() {
    needs!(symlinks);
    let scene = Scene::new();
    scene.symlinks(&[("nowhere", "dangling"), ("dangling", "link")]);
    for target in ["absent", "dangling", "link"] {
        for options in [&["--edit"][..], &["--edit", "--lock"], &["--edit", "--allow-empty"], &["--edit", "-C"]] {
            let command = does(&["write ran"]);
            let output = scene.cmd().args(options).args([target, "--"]).args(command).output().unwrap();
            assert_eq!(output.status.code(), Some(125));
            let expected = format!("{target}: edit: does not exist (unchanged)");
            assert!(stderr(&output).contains(&expected), "{}", stderr(&output));
        }
    }
    assert_eq!(scene.names(), ["dangling", "link"]);
}

#[test]
fn edit_without_a_command_is_a_usage_error() {
    let scene = Scene::with_old();
    for args in [&["--edit", "f"][..], &["--edit", "f", "--"], &["--edit", "--append", "f", "--", "cat"]] {
        scene.cmd().args(args).assert().code(2);
    }
    assert_eq!(scene.text("f"), "old");
}

/// What happens to TARGET while COMMAND runs, and what TARGET holds in the end.
const MEANWHILE: [(&[&str], &str); 6] = [
    (&["append f other\n"], "old\nother\n"),
    (&["write f new\n"], "new\n"),
    // Of the same size, in the same instant.
    (&["write f OLD\n"], "OLD\n"),
    (&["patch f OLD"], "OLD\n"),
    (&["write g other\n", "rename g f"], "other\n"),
    (&["copy-file f g", "rename g f"], "old\n"),
];

#[test]
fn a_target_that_changed_meanwhile_is_not_replaced() {
    for options in [&["--edit"][..], &["--edit", "--lock"], &["--edit", "-b"], &["-eC"], &["-e", "-m", "600"]] {
        for (meanwhile, content) in MEANWHILE {
            if lacks_for(meanwhile) {
                continue;
            }
            let scene = Scene::new();
            scene.write("f", "old\n");
            let command = does(&[&["copy"], meanwhile, &["print mine\n"]].concat());
            let output = scene.cmd().args(options).args(["f", "--"]).args(command).output().unwrap();
            let words = stderr(&output);
            if options.contains(&"-eC") && output.status.code() == Some(125) {
                assert!(words.contains("was changed in place while it was read"), "{words}");
            } else {
                assert_eq!(output.status.code(), Some(123), "{options:?} {meanwhile:?}: {words}");
                let says = "f: replace: has changed since it was read (changed meanwhile)\nhint: ";
                assert!(words.contains(says), "{words}");
            }
            assert_eq!(scene.text("f"), content, "{options:?} {meanwhile:?}");
            assert_eq!(scene.names(), ["f"]);
        }
    }
}

#[test]
fn a_target_that_vanished_meanwhile_is_not_created_again() {
    needs!(open_files_give_way);
    let scene = Scene::with_old();
    let output = scene.cmd().args(["-e", "f", "--"]).args(does(&["copy", "remove f"])).output().unwrap();
    assert_eq!(output.status.code(), Some(123), "{}", stderr(&output));
    assert!(scene.names().is_empty());
}

/// Row 71: the in-place editor that writes nothing.
#[test]
fn an_in_place_editor_is_refused_and_its_work_stays() {
    needs!(open_files_give_way);
    for options in [&["--edit"][..], &["--edit", "--allow-empty"]] {
        let scene = Scene::with_old();
        let editor = does(&["write g new", "rename g f"]);
        scene.cmd().args(options).args(["f", "--"]).args(editor).assert().code(123);
        assert_eq!(scene.text("f"), "new");
        assert_eq!(scene.names(), ["f"]);
    }
}

#[test]
fn a_link_stays_and_the_file_behind_it_is_edited() {
    needs!(symlinks);
    let scene = Scene::new();
    scene.mkdir("d");
    scene.write("d/file", "old");
    scene.symlinks(&[("d/file", "hop"), ("hop", "f")]);
    scene.cmd().args(["--edit", "--lock", "f", "--"]).args(does(&["upper"])).assert().success();
    assert_eq!(scene.text("d/file"), "OLD");
    assert!(scene.path("f").is_symlink() && scene.path("hop").is_symlink());
    assert_eq!(scene.names(), ["d", "f", "hop"]);
    let output = scene.cmd().args(["-eP", "f", "--"]).args(does(&["copy"])).output().unwrap();
    assert_eq!(output.status.code(), Some(125));
    assert!(stderr(&output).contains("is a symbolic link"), "{}", stderr(&output));
    assert!(scene.path("f").is_symlink());
}

#[test]
fn a_link_that_leads_elsewhere_meanwhile_changes_nothing() {
    needs!(symlinks);
    let scene = Scene::new();
    scene.write("one", "old");
    scene.write("two", "other");
    scene.symlink("one", "f");
    let command = does(&["copy", "remove f", "symlink two f", "print new\n"]);
    scene.cmd().args(["-e", "f", "--"]).args(command).assert().success();
    assert_eq!((scene.text("one"), scene.text("two")), ("oldnew\n".to_owned(), "other".to_owned()));
}

#[test]
fn a_command_need_not_read_what_it_edits() {
    let scene = Scene::new();
    scene.write("f", vec![b'x'; 5 << 20]);
    scene.cmd().args(["-e", "f", "--"]).args(does(&["print new\n"])).assert().success();
    assert_eq!(scene.text("f"), "new\n");
}

#[test]
fn a_large_file_is_edited_whole() {
    let scene = Scene::new();
    scene.write("f", vec![b'a'; (5 << 20) + 17]);
    scene.cmd().args(["-e", "f", "--"]).args(does(&["upper"])).assert().success();
    assert!(scene.read("f") == vec![b'A'; (5 << 20) + 17]);
}

#[test]
fn an_empty_file_can_be_edited_and_a_file_emptied() {
    let scene = Scene::new();
    scene.write("f", "");
    let edit = |steps: &[&str]| scene.cmd().args(["-e", "f", "--"]).args(does(steps)).assert();
    edit(&["copy"]).success();
    assert_eq!(scene.text("f"), "");
    edit(&["copy", "print new\n"]).success();
    assert_eq!(scene.text("f"), "new\n");
    edit(&["exit 1"]).code(1);
    assert_eq!(scene.text("f"), "new\n");
    scene.cmd().args(["-e", "--allow-empty", "f", "--"]).args(does(&[])).assert().success();
    assert_eq!(scene.text("f"), "");
}

/// One run after the other.
#[test]
fn a_counter_counts() {
    let scene = Scene::new();
    scene.write("counter", "0\n");
    for _ in 0..3 {
        scene.cmd().args(["--edit", "--lock", "counter", "--"]).args(does(&["increment"])).assert().success();
    }
    assert_eq!(scene.text("counter"), "3\n");
}
