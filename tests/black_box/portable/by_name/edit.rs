//! `-I` with `--edit`: the path holds a copy of TARGET, which COMMAND may change.
//!
//! Rows: 64, 71, 95.

use super::run;
use crate::common::needs::{lacks_for, needs};
use crate::common::{Scene, stderr, stdout, system};

#[test]
fn the_copy_is_there_at_the_start() {
    for options in [&["-e"][..], &["-e", "--lock"], &["-eb"], &["-eC"], &["--edit", "--sync=none"]] {
        let scene = Scene::new();
        scene.write("f", "old text");
        let output = run(&scene, options, &["cat {}", "append {} and more"]);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(stdout(&output), "old text", "{options:?}");
        assert_eq!(scene.text("f"), "old textand more");
    }
}

#[test]
fn a_large_copy_is_whole() {
    let scene = Scene::new();
    let content: Vec<u8> = (0..(3_u32 << 20) + 5).map(|number| number.to_le_bytes()[1]).collect();
    scene.write("f", &content);
    assert!(run(&scene, &["-e"], &["copy-file {} copy", "append {} x"]).status.success());
    assert!(scene.read("copy") == content);
    assert!(scene.read("f") == [&content[..], b"x"].concat());
}

#[test]
fn the_copy_has_the_permission_bits() {
    needs!(shell, permissions);
    for mode in [0o644, 0o640, 0o600, 0o755] {
        let scene = Scene::with_old();
        scene.chmod("f", mode);
        let args = ["-e", "-I", "{}", "f", "--", "sh", "-c", r#"ls -l "$1"; ls -l f; echo more >>"$1""#, "sh", "{}"];
        let output = scene.cmd().args(args).output().unwrap();
        let said = stdout(&output);
        let bits: Vec<&str> = said.lines().map(|line| &line[..10]).collect();
        assert_eq!(bits[0], bits[1], "{said}");
        assert_eq!(scene.mode("f"), mode);
    }
}

/// A look is no change: neither inode nor times.
#[test]
fn without_a_change_the_target_is_left_alone() {
    let looks: [&[&str]; 5] = [
        &["cat {}"],
        &["print {}"],
        &["write {} old"],
        &["write {}.tmp old", "rename {}.tmp {}"],
        &["append {} more", "write {} old"],
    ];
    for steps in looks {
        for options in [&["-e"][..], &["-eb"], &["-e", "--lock"], &["-eC"]] {
            let scene = Scene::with_old();
            let traces = || system::traces(&scene.path("f")).without_access();
            let before = traces();
            let output = run(&scene, &[options, &["-v", "--report"]].concat(), steps);
            assert!(output.status.success(), "{output:?}");
            assert!(stdout(&output).ends_with("unchanged\n"), "{output:?}");
            assert_eq!(stderr(&output), "atomic-write: f: unchanged (3 bytes)\n", "{steps:?}");
            assert_eq!(traces(), before, "{steps:?}");
            scene.has_only("f", "old");
        }
    }
}

/// What is asked for besides is done.
#[test]
fn a_mode_is_set_without_a_change_of_the_content() {
    needs!(permissions);
    let scene = Scene::with_old();
    scene.chmod("f", 0o600);
    let output = run(&scene, &["-e", "-m", "644", "--report"], &["cat {}"]);
    assert_eq!(stdout(&output), "oldreplaced\n", "{output:?}");
    assert_eq!((scene.mode("f"), scene.text("f").as_str()), (0o644, "old"));
}

#[test]
fn a_failed_edit_changes_nothing_and_its_status_is_passed_on() {
    let scene = Scene::with_old();
    let traces = || system::traces(&scene.path("f")).without_access();
    let before = traces();
    for (steps, code) in [(&["print {}", "exit 3"][..], 3), (&["append {} more", "exit 5"], 5)] {
        assert_eq!(run(&scene, &["-e"], steps).status.code(), Some(code));
        assert_eq!(traces(), before);
    }
    scene.has_only("f", "old");
}

#[test]
fn a_copy_that_was_removed_or_emptied_is_refused() {
    let scene = Scene::with_old();
    for steps in [&["remove {}"][..], &["write {}"], &["rename {} {}.bak"]] {
        let output = run(&scene, &["-e"], steps);
        assert_eq!(output.status.code(), Some(123), "{output:?}");
        scene.has_only("f", "old");
    }
    assert!(run(&scene, &["-e", "--allow-empty"], &["write {}"]).status.success());
    scene.has_only("f", "");
}

#[test]
fn an_empty_target_may_stay_empty() {
    let scene = Scene::new();
    scene.write("f", "");
    let output = run(&scene, &["-e", "--report"], &["write {}"]);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(0), "unchanged\n"), "{output:?}");
    assert!(run(&scene, &["-e"], &["write {} new"]).status.success());
    scene.has_only("f", "new");
}

#[test]
fn a_missing_target_starts_nothing() {
    let scene = Scene::new();
    let output = run(&scene, &["-e"], &["write ran {}"]);
    assert_eq!(output.status.code(), Some(125), "{output:?}");
    assert!(stderr(&output).contains("f: edit: does not exist (unchanged)"), "{output:?}");
    assert_eq!(scene.names(), [""; 0]);
}

#[test]
fn a_target_that_changed_meanwhile_is_not_replaced() {
    for meanwhile in [&["write f other"][..], &["write g other", "rename g f"], &["disguise f OLD"], &["append f x"]] {
        if lacks_for(meanwhile) {
            continue;
        }
        let scene = Scene::with_old();
        let output = run(&scene, &["-e"], &[&["append {} mine"], meanwhile].concat());
        assert_eq!(output.status.code(), Some(123), "{meanwhile:?}: {output:?}");
        let words = "f: replace: has changed since it was read (changed meanwhile)\n";
        assert!(stderr(&output).contains(words), "{output:?}");
        assert!(!scene.text("f").contains("mine"));
        assert_eq!(scene.names(), ["f"]);
    }
}

#[test]
fn a_link_stays_and_the_file_behind_it_is_edited() {
    needs!(symlinks);
    let scene = Scene::new();
    scene.mkdir("d");
    scene.write("d/file", "old");
    scene.symlink("d/file", "f");
    assert!(run(&scene, &["-e"], &["append {} more"]).status.success());
    assert_eq!(scene.text("d/file"), "oldmore");
    assert!(scene.path("f").is_symlink());
    let output = run(&scene, &["-eP"], &["append {} more"]);
    assert_eq!(output.status.code(), Some(125), "{output:?}");
}

/// The turn begins before the copy is made.
#[test]
fn with_a_lock_no_update_is_lost() {
    const WRITERS: usize = 8;
    needs!(locks_without_names);
    let scene = Scene::new();
    scene.write("f", "");
    std::thread::scope(|threads| {
        for _ in 0..WRITERS {
            threads.spawn(|| {
                let output = run(&scene, &["-e", "--lock"], &["pause", "append {} x", "pause"]);
                assert!(output.status.success(), "{output:?}");
            });
        }
    });
    scene.has_only("f", &"x".repeat(WRITERS));
}
