//! A TARGET that appears while the run is going on is backed up like one that was there from the start.
//!
//! Rows: 75.

use std::fs::read_link;
use std::io::Write;
use std::process::{Child, Stdio};

use crate::common::events::end_of;
use crate::common::needs::{lacks, needs};
use crate::common::{Scene, does, rounds, stderr, write_until_read};

/// The options, and the name that the first backup gets.
pub const OPTIONS: [(&[&str], &str); 4] =
    [(&["-b"], "f~"), (&["--backup=simple"], "f~"), (&["--backup=numbered"], "f.~1~"), (&["-S", ".orig"], "f.orig")];

#[test]
fn what_the_command_creates_becomes_the_backup() {
    for (options, backup) in OPTIONS {
        let scene = Scene::new();
        let command = does(&["write f precious\n", "mode f 640", "print new\n"]);
        let output = scene.cmd().args(options).args(["f", "--"]).args(command).output().unwrap();
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{options:?}");
        assert_eq!((scene.text("f").as_str(), scene.text(backup).as_str()), ("new\n", "precious\n"), "{options:?}");
        let modes = (scene.mode("f"), scene.mode(backup));
        assert!(modes == (0o640, 0o640) || lacks!(permissions), "{options:?}: {modes:?}");
        assert_eq!(scene.names(), ["f", backup], "{options:?}");
    }
}

#[test]
fn what_another_writer_creates_while_input_arrives_becomes_the_backup() {
    for (options, backup) in OPTIONS {
        let scene = Scene::new();
        let mut child = scene.process().args(options).arg("f").stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let content = write_until_read(&mut stdin);
        scene.write("f", "precious");
        drop(stdin);
        assert!(end_of(&mut child).success(), "{options:?}");
        assert!(scene.read("f") == content, "{options:?}");
        assert_eq!((scene.text(backup).as_str(), scene.names()), ("precious", vec!["f".into(), backup.into()]));
    }
}

/// What had the backup's name is replaced, or numbers go on, as with a TARGET that was there.
#[test]
fn older_backups_count_where_target_appears_later() {
    let expected: [(&str, &[(&str, &str)]); 3] = [
        ("--backup=simple", &[("f", "new\n"), ("f.~7~", "seventh"), ("f~", "precious\n")]),
        ("--backup=existing", &[("f", "new\n"), ("f.~7~", "seventh"), ("f.~8~", "precious\n"), ("f~", "older")]),
        ("--backup=numbered", &[("f", "new\n"), ("f.~7~", "seventh"), ("f.~8~", "precious\n"), ("f~", "older")]),
    ];
    for (option, contents) in expected {
        let scene = Scene::new();
        scene.write("f~", "older");
        scene.write("f.~7~", "seventh");
        let command = does(&["write f precious\n", "print new\n"]);
        scene.cmd().args([option, "f", "--"]).args(command).assert().success().stderr("");
        let found: Vec<_> = scene.names().into_iter().map(|name| (name.clone(), scene.text(&name))).collect();
        let expected: Vec<_> = contents.iter().map(|&(name, text)| (name.to_owned(), text.to_owned())).collect();
        assert_eq!(found, expected, "{option}");
    }
}

#[test]
fn where_nothing_appears_there_is_no_backup_and_older_ones_stay() {
    for (options, _) in OPTIONS {
        let scene = Scene::new();
        scene.write("f~", "older");
        scene.write("f.~1~", "oldest");
        scene.cmd().args(options).args(["--report", "f"]).write_stdin("new").assert().success().stdout("created\n");
        assert_eq!(scene.names(), ["f", "f.~1~", "f~"]);
        assert_eq!((scene.text("f~").as_str(), scene.text("f.~1~").as_str()), ("older", "oldest"));
    }
}

/// With `--no-dereference` the link itself is what is replaced, and kept.
#[test]
fn a_link_that_appears_becomes_the_backup() {
    needs!(symlinks);
    for (option, backup) in [("--backup=simple", "f~"), ("--backup=numbered", "f.~1~")] {
        for leads_to in ["elsewhere", "nowhere"] {
            let scene = Scene::new();
            scene.write("elsewhere", "old");
            let command = does(&[&format!("symlink {leads_to} f"), "print new\n"]);
            scene.cmd().args(["-P", option, "f", "--"]).args(command).assert().success().stderr("");
            assert_eq!((scene.text("f").as_str(), scene.text("elsewhere").as_str()), ("new\n", "old"));
            assert!(!scene.path("f").is_symlink());
            assert_eq!(read_link(scene.path(backup)).unwrap().to_str(), Some(leads_to), "{option}");
            assert_eq!(scene.names(), ["elsewhere", "f", backup]);
        }
    }
}

/// The backup's name is taken by what cannot give way: TARGET is as the other writer left it.
#[test]
fn what_appears_stays_where_it_cannot_be_kept() {
    let scene = Scene::new();
    let command = does(&["write f precious\n", "mkdir f~", "print new\n"]);
    let output = scene.cmd().args(["-b", "f", "--"]).args(command).output().unwrap();
    assert_eq!(output.status.code(), Some(125), "{output:?}");
    assert!(stderr(&output).contains("backup: f~"), "{output:?}");
    assert_eq!((scene.text("f").as_str(), scene.names()), ("precious\n", vec!["f".to_owned(), "f~".to_owned()]));
}

/// Writers of the same new file, all of them with a backup. Where the rounds are many, they meet at every step.
fn writers(many: usize, count: usize, option: &str, judge: impl Fn(&Scene, &[String])) {
    for _ in 0..rounds(many) {
        let scene = Scene::new();
        let contents: Vec<String> = (0..count).map(|number| format!("content {number}")).collect();
        let start = |content: &String| -> Child {
            let mut child = scene.process().args([option, "f"]).stdin(Stdio::piped()).spawn().unwrap();
            child.stdin.as_mut().unwrap().write_all(content.as_bytes()).unwrap();
            child
        };
        let mut children: Vec<Child> = contents.iter().map(start).collect();
        // They have come up to the end of their input, and go on from there together.
        for child in &mut children {
            drop(child.stdin.take());
        }
        for child in &mut children {
            assert!(end_of(child).success());
        }
        judge(&scene, &contents);
    }
}

/// Every content that is there, sorted.
fn all_contents(scene: &Scene) -> Vec<String> {
    let mut contents: Vec<String> = scene.names().iter().map(|name| scene.text(name)).collect();
    contents.sort();
    contents
}

#[test]
fn of_two_writers_of_a_new_file_one_content_becomes_the_backup() {
    writers(150, 2, "--backup=simple", |scene, contents| {
        assert_eq!((scene.names(), all_contents(scene)), (vec!["f".into(), "f~".into()], contents.to_vec()));
    });
}

#[test]
fn each_writer_of_a_new_file_gets_a_numbered_backup_once() {
    needs!(exchange);
    writers(60, 4, "--backup=numbered", |scene, contents| {
        assert_eq!(scene.names(), ["f", "f.~1~", "f.~2~", "f.~3~"]);
        assert_eq!(all_contents(scene), contents);
    });
}
