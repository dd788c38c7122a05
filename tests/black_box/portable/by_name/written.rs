//! What is at the path after exit 0 decides: a regular file is the content, and nothing else is.
//!
//! Rows: 95, 98, 99.

use super::run;
use crate::common::needs::{lacks_for, needs};
use crate::common::{Scene, does, its_name, stderr, stdout};

/// A run that must have refused: status 123, these words, and `f` as it was.
#[track_caller]
fn refused(scene: &Scene, output: &std::process::Output, words: &str) {
    assert_eq!(output.status.code(), Some(123), "{output:?}");
    let line = format!("atomic-write: f: {words} (unchanged)");
    assert!(stderr(output).lines().any(|found| found == line), "{output:?}");
    scene.has_only("f", "old");
}

#[test]
fn the_file_itself_becomes_the_target() {
    for old in [None, Some("old")] {
        let scene = Scene::new();
        if let Some(old) = old {
            scene.write("f", old);
        }
        let output = run(&scene, &[], &["write {} new"]);
        assert!(output.status.success(), "{output:?}");
        assert_eq!((stdout(&output).as_str(), stderr(&output).as_str()), ("", ""));
        scene.has_only("f", "new");
    }
}

#[test]
fn nothing_at_the_path_is_refused() {
    let words = "replace: the command wrote no file at the path that it was given";
    for steps in [&["print {}"][..], &["write {} new", "remove {}"], &["write {} new", "rename {} {}.x"]] {
        let scene = Scene::with_old();
        let output = run(&scene, &[], steps);
        refused(&scene, &output, words);
        assert!(stderr(&output).contains("\nhint: the new content is the file that it writes there\n"), "{output:?}");
    }
    let scene = Scene::new();
    assert_eq!(run(&scene, &[], &["print {}"]).status.code(), Some(123));
    assert_eq!(scene.names(), [""; 0]);
}

#[test]
fn an_empty_file_is_refused_unless_it_may_be() {
    let scene = Scene::with_old();
    let output = run(&scene, &[], &["write {}"]);
    refused(&scene, &output, "replace: the file that the command wrote is empty");
    assert!(stderr(&output).contains("hint: --allow-empty permits an empty file"), "{output:?}");
    refused(&scene, &run(&scene, &["--non-empty"], &["write {}"]), "non-empty: the input is empty");
    assert!(run(&scene, &["--allow-empty"], &["write {}"]).status.success());
    scene.has_only("f", "");
    // Nothing is not an empty file.
    scene.write("f", "old");
    assert_eq!(run(&scene, &["--allow-empty"], &["print {}"]).status.code(), Some(123));
    scene.has_only("f", "old");
}

#[test]
fn a_link_or_a_directory_is_refused() {
    let scene = Scene::with_old();
    let output = run(&scene, &[], &["mkdir {}", "write {}/x new"]);
    refused(&scene, &output, "replace: the command left a directory in place of a file");
    needs!(symlinks);
    for steps in [
        &["symlink nowhere {}"][..],
        &["write {}.x new", "symlink {}.x {}"],
        &["write {} new", "rename {} {}.x", "symlink {}.x {}"],
    ] {
        refused(&scene, &run(&scene, &[], steps), "replace: the command left a symbolic link in place of a file");
    }
}

#[test]
fn a_link_to_a_file_of_others_is_not_followed() {
    needs!(symlinks);
    let scene = Scene::with_old();
    let elsewhere = Scene::new();
    let secret = elsewhere.write("secret", "secret");
    let output = run(&scene, &[], &[&format!("symlink {} {{}}", secret.display())]);
    refused(&scene, &output, "replace: the command left a symbolic link in place of a file");
    elsewhere.has_only("secret", "secret");
}

#[test]
fn it_may_be_written_in_every_way() {
    for (steps, content) in [
        (&["write {} one", "remove {}", "write {} two"][..], "two"),
        (&["write {} one", "write {}.tmp two", "rename {}.tmp {}"], "two"),
        (&["write {}.tmp two", "rename {}.tmp {}"], "two"),
        (&["write {} one", "append {} +two"], "one+two"),
        (&["write {} one", "patch {} O"], "One"),
        (&["write {} a longer one", "write {} two"], "two"),
        (&["mkdir {}", "rmdir {}", "write {} two"], "two"),
        (&["write {}.tmp two", "copy-file {}.tmp {}", "remove {}.tmp"], "two"),
        (&["symlink {}.x {}", "remove {}", "write {} two"], "two"),
    ] {
        if lacks_for(steps) {
            continue;
        }
        let scene = Scene::with_old();
        let output = run(&scene, &[], steps);
        assert!(output.status.success(), "{steps:?}: {output:?}");
        assert_eq!(stderr(&output), "", "{steps:?}");
        scene.has_only("f", content);
    }
}

#[test]
fn standard_input_and_output_are_ours() {
    let scene = Scene::with_old();
    let steps = ["print out ", "copy", "error err", "write {} new"];
    let output =
        scene.cmd().args(["--report", "-I", "{}", "f", "--"]).args(does(&steps)).write_stdin("in ").output().unwrap();
    assert_eq!((stdout(&output).as_str(), stderr(&output).as_str()), ("out in replaced\n", "err"), "{output:?}");
    scene.has_only("f", "new");
}

#[test]
fn its_status_decides_and_is_passed_on() {
    for (code, ours) in [(1, 1), (7, 7), (42, 42), (121, 125), (122, 125), (255, 255)] {
        let scene = Scene::with_old();
        let output = run(&scene, &[], &["write {} new", &format!("exit {code}")]);
        assert_eq!(output.status.code(), Some(ours), "{output:?}");
        let line =
            format!("atomic-write: f: replace: command '{}' exited with status {code} (unchanged)\n", its_name());
        assert_eq!(stderr(&output), line);
        scene.has_only("f", "old");
    }
}

#[test]
fn a_command_that_is_not_found_is_127() {
    needs!(native_program);
    let scene = Scene::with_old();
    let output = scene.cmd().args(["-I", "{}", "f", "--", "no-such-command", "{}"]).output().unwrap();
    assert_eq!(output.status.code(), Some(127), "{output:?}");
    scene.has_only("f", "old");
}

#[test]
fn what_is_left_beside_it_is_removed_and_told() {
    let words = "atomic-write: f: warning: removed what the command left beside its output: ";
    for (steps, told) in [
        (&["write {}.d x"][..], "f.d"),
        (&["write {}.o x", "write {}.d x"], "f.d, f.o"),
        (&["mkdir {}.d", "write {}.d/x y", "mkdir {}.d/e"], "f.d"),
    ] {
        let scene = Scene::with_old();
        let output = run(&scene, &[], &[&["write {} new"], steps].concat());
        assert!(output.status.success(), "{output:?}");
        assert_eq!(stderr(&output), format!("{words}{told}\n"));
        scene.has_only("f", "new");
        assert_eq!(stderr(&run(&scene, &["-q"], &[&["write {} newer"], steps].concat())), "");
        scene.has_only("f", "newer");
    }
}

#[test]
fn of_many_that_are_left_some_are_named() {
    let scene = Scene::new();
    let more: Vec<String> = (10..30).map(|number| format!("write {{}}.{number} x")).collect();
    let steps: Vec<&str> = ["write {} new"].into_iter().chain(more.iter().map(String::as_str)).collect();
    let output = run(&scene, &[], &steps);
    assert!(output.status.success(), "{output:?}");
    let words = stderr(&output);
    assert!(words.contains("f.10, f.11, ") && words.ends_with(" and 12 more\n"), "{words}");
    assert_eq!(words.lines().count(), 1);
    scene.has_only("f", "new");
}

/// A build cache may have given it another name of the same file.
#[test]
fn a_file_with_other_names_is_copied() {
    needs!(hard_links);
    for old in [None, Some("old")] {
        for steps in [["link cache {}", "print {}"], ["write {} cached", "link {} other"]] {
            let scene = Scene::new();
            if let Some(old) = old {
                scene.write("f", old);
            }
            scene.write("cache", "cached");
            let output = run(&scene, &[], &steps);
            assert!(output.status.success(), "{output:?}");
            let cache = if steps[0].starts_with("link") { "cache" } else { "other" };
            assert_eq!((scene.text("f").as_str(), scene.text(cache).as_str()), ("cached", "cached"));
            assert_ne!(scene.inode("f"), scene.inode(cache));
            scene.meanwhile(&["append f more"]);
            assert_eq!(scene.text(cache), "cached");
            assert!(!scene.names().iter().any(|name| name.starts_with(".aw-")));
        }
    }
}

#[test]
fn a_large_file_arrives_whole() {
    let scene = Scene::with_old();
    scene.write("large", vec![b'x'; (5 << 20) + 3]);
    assert!(run(&scene, &[], &["copy-file large {}"]).status.success());
    assert_eq!(scene.read("f"), scene.read("large"));
}
