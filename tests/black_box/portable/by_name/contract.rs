//! The rest of the contract holds for what was written by name as for any content.
//!
//! Rows: 18, 97.

use super::{run, run_for};
use crate::common::needs::needs;
use crate::common::{Scene, stderr, stdout, system};
use crate::portable::guards::target::OLD;

/// Of `new`.
const NEW: &str = "sha256:11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437";

#[test]
fn the_checksum_is_that_of_the_file() {
    let scene = Scene::with_old();
    let output = run(&scene, &["--checksum", OLD], &["write {} new"]);
    assert_eq!(output.status.code(), Some(123), "{output:?}");
    let words = stderr(&output);
    assert!(words.contains(&format!("f: checksum: expected {OLD}, got {NEW} (3 bytes) (unchanged)")), "{words}");
    scene.has_only("f", "old");
    for options in [&["--checksum", NEW][..], &["-C", "--checksum", NEW], &["--checksum", NEW, "--validate", "exit 0"]]
    {
        assert!(run(&scene, options, &["write {}.tmp new", "rename {}.tmp {}"]).status.success(), "{options:?}");
        scene.has_only("f", "new");
    }
}

#[test]
fn if_changed_compares_the_content_and_leaves_the_target_alone() {
    let scene = Scene::with_old();
    let traces = || system::traces(&scene.path("f")).without_access();
    let before = traces();
    for options in [&["-C"][..], &["-C", "--lock"], &["-Cb"], &["-C", "--validate", "exit 0"]] {
        let output = run(&scene, &[options, &["--report"]].concat(), &["write {} old"]);
        assert_eq!(stdout(&output), "unchanged\n", "{options:?}: {output:?}");
        assert_eq!(traces(), before);
    }
    scene.has_only("f", "old");
    for content in ["older", "OLD", "ol", "olD"] {
        scene.write("f", "old");
        let output = run(&scene, &["-C", "--report"], &[&format!("write {{}} {content}")]);
        assert_eq!(stdout(&output), "replaced\n", "{output:?}");
        scene.has_only("f", content);
    }
}

#[test]
fn without_if_changed_the_same_content_is_a_replacement() {
    let scene = Scene::with_old();
    let inode = scene.inode("f");
    assert_eq!(stdout(&run(&scene, &["--report"], &["write {} old"])), "replaced\n");
    assert_ne!(scene.inode("f"), inode);
}

#[test]
fn backups_are_made_by_every_control() {
    for (option, name) in
        [("-b", "f~"), ("--backup=simple", "f~"), ("--backup=numbered", "f.~1~"), ("--suffix=.bak", "f.bak")]
    {
        for more in [&[][..], &["-e"]] {
            let scene = Scene::with_old();
            let inode = scene.inode("f");
            let output = run(&scene, &[&[option], more].concat(), &["write {} new"]);
            assert!(output.status.success(), "{output:?}");
            assert_eq!((scene.text("f").as_str(), scene.text(name).as_str()), ("new", "old"));
            assert_eq!((scene.names(), scene.inode(name)), (vec!["f".to_owned(), name.to_owned()], inode));
        }
    }
    let scene = Scene::with_old();
    assert_eq!(run(&scene, &["-b"], &["write {} new", "exit 1"]).status.code(), Some(1));
    assert!(run(&scene, &["--backup=none"], &["write {} new"]).status.success());
    scene.has_only("f", "new");
}

#[test]
fn no_clobber_refuses_early_and_at_the_commit() {
    let scene = Scene::with_old();
    let output = run(&scene, &["-n"], &["write ran {}", "write {} new"]);
    assert_eq!(output.status.code(), Some(123), "{output:?}");
    scene.has_only("f", "old");
    let output = run_for(&scene, "g", &["-n"], &["write {} new", "write g other"]);
    assert_eq!(output.status.code(), Some(123), "{output:?}");
    assert_eq!((scene.text("g").as_str(), scene.names()), ("other", vec!["f".to_owned(), "g".to_owned()]));
    assert!(run_for(&scene, "h", &["-n"], &["write {} new"]).status.success());
    assert_eq!((scene.text("h").as_str(), scene.names().len()), ("new", 3));
}

#[test]
fn if_match_is_judged_early_and_at_the_commit() {
    let scene = Scene::with_old();
    let output = run(&scene, &["--if-match", NEW], &["write ran", "write {} new"]);
    assert_eq!(output.status.code(), Some(123), "{output:?}");
    scene.has_only("f", "old");
    let output = run(&scene, &["--if-match", OLD], &["write {} new", "write f other"]);
    assert_eq!(output.status.code(), Some(123), "{output:?}");
    scene.has_only("f", "other");
    scene.write("f", "old");
    assert!(run(&scene, &["--if-match", OLD], &["write {} new"]).status.success());
    scene.has_only("f", "new");
}

#[test]
fn a_mode_wins_over_what_command_gave_its_file() {
    needs!(permissions);
    let scene = Scene::with_old();
    for (target, mode) in [("f", 0o604), ("g", 0o750), ("g", 0o400)] {
        let octal = format!("{mode:o}");
        let output = run_for(&scene, target, &["-m", &octal], &["write {} new", "mode {} 777"]);
        assert!(output.status.success(), "{output:?}");
        assert_eq!((scene.mode(target), scene.text(target).as_str()), (mode, "new"));
    }
}

#[test]
fn a_new_target_has_the_bits_that_command_gave_it() {
    needs!(permissions);
    for mode in [0o755, 0o600, 0o640, 0o444, 0o700, 0o666] {
        for more in [&[][..], &["-C"], &["--validate", "exit 0"], &["--lock"], &["-b"]] {
            let scene = Scene::new();
            let output = run(&scene, more, &["write {} new", &format!("mode {{}} {mode:o}")]);
            assert!(output.status.success(), "{output:?}");
            assert_eq!(scene.mode("f"), mode, "{more:?}");
        }
    }
}

#[test]
fn an_existing_target_keeps_its_bits() {
    needs!(permissions);
    for (old, given) in [(0o640, 0o777), (0o755, 0o600), (0o604, 0o400)] {
        for more in [&[][..], &["-e"], &["-b"], &["--validate", "exit 0"]] {
            let scene = Scene::with_old();
            scene.chmod("f", old);
            let output = run(&scene, more, &["write {} new", &format!("mode {{}} {given:o}")]);
            assert!(output.status.success(), "{output:?}");
            assert_eq!(scene.mode("f"), old, "{more:?}");
        }
    }
}

#[test]
fn set_id_bits_do_not_come_from_command() {
    needs!(permissions);
    for (target, mode) in [("g", 0o755), ("f", 0o644)] {
        let scene = Scene::with_old();
        scene.chmod("f", 0o644);
        let output = run_for(&scene, target, &[], &["write {} new", "mode {} 6755"]);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(scene.mode(target), mode);
    }
}

#[test]
fn a_hard_link_of_a_cache_gives_its_bits_and_nothing_else() {
    needs!(hard_links, permissions);
    let scene = Scene::new();
    scene.write("cache", "new");
    scene.chmod("cache", 0o751);
    assert!(run(&scene, &["-q"], &["link cache {}"]).status.success());
    assert_eq!((scene.mode("f"), scene.mode("cache")), (0o751, 0o751));
    scene.chmod("f", 0o600);
    assert!(run(&scene, &["-q"], &["link cache {}"]).status.success());
    assert_eq!((scene.mode("f"), scene.mode("cache")), (0o600, 0o751));
}

#[test]
fn every_degree_of_durability_replaces() {
    for sync in ["full", "file", "none"] {
        let scene = Scene::with_old();
        let output = run(&scene, &["--sync", sync, "-v"], &["write {} new"]);
        assert!(output.status.success() && stderr(&output).contains("replaced"), "{output:?}");
        scene.has_only("f", "new");
    }
}

#[test]
fn a_target_that_command_wrote_itself_is_not_called_unchanged() {
    let scene = Scene::with_old();
    let output = run(&scene, &[], &["write f gen", "print {}"]);
    assert_eq!(output.status.code(), Some(123), "{output:?}");
    assert!(stderr(&output).contains(" (changed meanwhile)\n"), "{output:?}");
    scene.has_only("f", "gen");
}
