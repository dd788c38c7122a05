//! `--edit`: TARGET's content is COMMAND's input, and must still be TARGET's when it is replaced.
//!
//! Rows: 71.

use crate::common::{Scene, stderr};

#[test]
fn every_form_edits() {
    let forms: [&[&str]; 6] = [
        &["--edit", "f", "--", "tr", "a-z", "A-Z"],
        &["-e", "f", "--", "tr", "a-z", "A-Z"],
        &["f", "--edit", "--", "tr", "a-z", "A-Z"],
        &["--edit", "--", "f", "--", "tr", "a-z", "A-Z"],
        &["-ve", "./f", "--", "sh", "-c", "tr a-z A-Z"],
        &["--edit", "--lock", "--backup=none", "f", "--", "tr", "a-z", "A-Z"],
    ];
    for form in forms {
        let scene = Scene::new();
        scene.write("f", "old text");
        // Standard input is not what is edited.
        scene.cmd().args(form).write_stdin("other").assert().success();
        assert_eq!(scene.text("f"), "OLD TEXT", "{form:?}");
        assert_eq!(scene.names(), ["f"]);
    }
}

#[test]
fn a_missing_target_is_an_error_and_starts_nothing() {
    let scene = Scene::new();
    scene.symlinks(&[("nowhere", "dangling"), ("dangling", "link")]);
    for target in ["absent", "dangling", "link"] {
        for options in [&["--edit"][..], &["--edit", "--lock"], &["--edit", "--allow-empty"], &["--edit", "-C"]] {
            let output = scene.cmd().args(options).args([target, "--", "touch", "ran"]).output().unwrap();
            assert_eq!(output.status.code(), Some(125));
            let expected = format!("{target}: edit: does not exist, so there is nothing to edit (unchanged)");
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
const MEANWHILE: [(&str, &str); 6] = [
    ("echo other >>f", "old\nother\n"),
    ("echo new >f", "new\n"),
    // Of the same size, in the same instant.
    ("printf 'OLD\n' >f", "OLD\n"),
    ("echo other >g; mv g f", "other\n"),
    ("cp f g; mv g f", "old\n"),
    ("sed -i s/old/new/ f", "new\n"),
];

#[test]
fn a_target_that_changed_meanwhile_is_not_replaced() {
    for options in [&["--edit"][..], &["--edit", "--lock"], &["--edit", "-b"], &["-eC"], &["-e", "-m", "600"]] {
        for (meanwhile, content) in MEANWHILE {
            let scene = Scene::new();
            scene.write("f", "old\n");
            let script = format!("cat; {meanwhile}; echo mine");
            let output = scene.cmd().args(options).args(["f", "--", "sh", "-c", &script]).output().unwrap();
            let words = stderr(&output);
            if options.contains(&"-eC") && output.status.code() == Some(125) {
                assert!(words.contains("was changed in place while it was read"), "{words}");
            } else {
                assert_eq!(output.status.code(), Some(123), "{options:?} {meanwhile}: {words}");
                let says = "f: replace: has changed since it was read (changed by another program)\nhint: ";
                assert!(words.contains(says), "{words}");
            }
            assert_eq!(scene.text("f"), content, "{options:?} {meanwhile}");
            assert_eq!(scene.names(), ["f"]);
        }
    }
}

#[test]
fn a_target_that_vanished_meanwhile_is_not_created_again() {
    let scene = Scene::with_old();
    let output = scene.cmd().args(["-e", "f", "--", "sh", "-c", "cat; rm f"]).output().unwrap();
    assert_eq!(output.status.code(), Some(123), "{}", stderr(&output));
    assert!(scene.names().is_empty());
}

/// Row 71: the in-place editor that writes nothing.
#[test]
fn an_in_place_editor_is_refused_and_its_work_stays() {
    for options in [&["--edit"][..], &["--edit", "--allow-empty"]] {
        let scene = Scene::with_old();
        scene.cmd().args(options).args(["f", "--", "sed", "-i", "s/old/new/", "f"]).assert().code(123);
        assert_eq!(scene.text("f"), "new");
        assert_eq!(scene.names(), ["f"]);
    }
}

#[test]
fn a_link_stays_and_the_file_behind_it_is_edited() {
    let scene = Scene::new();
    scene.mkdir("d");
    scene.write("d/file", "old");
    scene.symlinks(&[("d/file", "hop"), ("hop", "f")]);
    scene.cmd().args(["--edit", "--lock", "f", "--", "tr", "a-z", "A-Z"]).assert().success();
    assert_eq!(scene.text("d/file"), "OLD");
    assert!(scene.path("f").is_symlink() && scene.path("hop").is_symlink());
    assert_eq!(scene.names(), ["d", "f", "hop"]);
    let output = scene.cmd().args(["-eP", "f", "--", "cat"]).output().unwrap();
    assert_eq!(output.status.code(), Some(125));
    assert!(stderr(&output).contains("is a symbolic link"), "{}", stderr(&output));
    assert!(scene.path("f").is_symlink());
}

#[test]
fn a_link_that_leads_elsewhere_meanwhile_changes_nothing() {
    let scene = Scene::new();
    scene.write("one", "old");
    scene.write("two", "other");
    scene.symlink("one", "f");
    scene.cmd().args(["-e", "f", "--", "sh", "-c", "cat; ln -sfn two f; echo new"]).assert().success();
    assert_eq!((scene.text("one"), scene.text("two")), ("oldnew\n".to_owned(), "other".to_owned()));
}

#[test]
fn a_command_need_not_read_what_it_edits() {
    let scene = Scene::new();
    scene.write("f", vec![b'x'; 5 << 20]);
    scene.cmd().args(["-e", "f", "--", "echo", "new"]).assert().success();
    assert_eq!(scene.text("f"), "new\n");
}

#[test]
fn a_large_file_is_edited_whole() {
    let scene = Scene::new();
    scene.write("f", vec![b'a'; (5 << 20) + 17]);
    scene.cmd().args(["-e", "f", "--", "tr", "a", "b"]).assert().success();
    assert!(scene.read("f") == vec![b'b'; (5 << 20) + 17]);
}

#[test]
fn an_empty_file_can_be_edited_and_a_file_emptied() {
    let scene = Scene::new();
    scene.write("f", "");
    scene.cmd().args(["-e", "f", "--", "cat"]).assert().code(123);
    scene.cmd().args(["-e", "f", "--", "sh", "-c", "cat; echo new"]).assert().success();
    assert_eq!(scene.text("f"), "new\n");
    scene.cmd().args(["-e", "f", "--", "grep", "-v", "new"]).assert().code(1);
    assert_eq!(scene.text("f"), "new\n");
    let script = "grep -v new || test $? = 1";
    scene.cmd().args(["-e", "--allow-empty", "f", "--", "sh", "-c", script]).assert().success();
    assert_eq!(scene.text("f"), "");
}

/// The same `awk` of the contract, one run after the other.
#[test]
fn a_counter_counts() {
    let scene = Scene::new();
    scene.write("counter", "0\n");
    for _ in 0..3 {
        scene.cmd().args(["--edit", "--lock", "counter", "--", "awk", "{ print $1 + 1 }"]).assert().success();
    }
    assert_eq!(scene.text("counter"), "3\n");
}
