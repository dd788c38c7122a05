//! `--validate`: the path that the command gets, and what it may do with the file there.
//!
//! Rows: 73, 96.

use std::path::Path;

use super::refused;
use super::validate::run;
use crate::common::needs::needs;
use crate::common::{Scene, does, stderr};
use crate::portable::guards::target::OLD;

/// Judges by the extension, as `node --check` does: `"$1"` must be the path of a `.json` file.
const BY_EXTENSION: &str = r#"case $1 in /*/.aw-????????????/?*.json) cat "$1";; *) echo "$1"; exit 1;; esac"#;

#[test]
fn a_validator_by_extension_finds_the_targets_own() {
    needs!(validation_by_sh);
    let scene = Scene::new();
    scene.mkdir("d");
    for target in ["a.json", "d/b.json", "./d/../c.json", "d/e f.json"] {
        for _ in 0..2 {
            let args = ["--validate", BY_EXTENSION, target];
            let output = scene.cmd().args(args).write_stdin("new").output().unwrap();
            assert!(output.status.success() && stderr(&output) == "new", "{output:?}");
            assert_eq!(scene.text(target), "new");
        }
    }
    let output = scene.cmd().args(["--validate", BY_EXTENSION, "a.js"]).write_stdin("new").output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert_eq!(scene.names(), ["a.json", "c.json", "d"]);
}

#[test]
fn behind_a_link_the_name_is_that_of_the_final_file() {
    needs!(validation_by_sh, symlinks);
    let scene = Scene::new();
    scene.mkdir("d");
    scene.write("d/file.json", "old");
    scene.symlink("d/file.json", "link");
    let script = r#"cd "${1%/*}/.." && ls; echo "${1##*/}""#;
    let output = scene.cmd().args(["--validate", script, "link"]).write_stdin("new").output().unwrap();
    assert_eq!(stderr(&output), "file.json\nfile.json\n", "{output:?}");
    assert_eq!(scene.text("d/file.json"), "new");
}

#[test]
fn the_longest_name_and_any_name_work() {
    needs!(validation_by_sh, any_names);
    let scene = Scene::new();
    for name in [&"n".repeat(255), "a b", "a\nb", "-n", "$1"] {
        let args = ["--validate", r#"printf %s "${1##*/}"; test -f "$1""#, "--", name];
        let output = scene.cmd().args(args).write_stdin("new").output().unwrap();
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), name), "{output:?}");
    }
    assert_eq!(scene.names().len(), 5);
}

#[test]
fn another_file_at_the_path_is_refused() {
    needs!(validation_by_sh, open_files_give_way);
    let changes = [
        r#"echo other >"$1.x"; mv "$1.x" "$1""#,
        r#"cp "$1" "$1.x"; mv "$1.x" "$1""#,
        r#"rm "$1""#,
        r#"rm "$1"; echo other >"$1""#,
        r#"mv "$1" "$1.x"; ln -s "$1.x" "$1""#,
        r#"mv "$1" "$1.x""#,
        r#"rm "$1"; mkdir "$1""#,
        r#"rm -r "${1%/*}""#,
    ];
    for change in changes {
        for options in [&[][..], &["-b"], &["--lock"], &["--sync", "none"]] {
            let scene = Scene::with_old();
            let args = ["--validate", change, "f"];
            let output = scene.cmd().args(options).args(args).write_stdin("new").output().unwrap();
            refused(&scene, &output, "validate: the command changed the content that it was to look at");
            // Nothing is.
            assert!(!stderr(&output).contains("left behind"), "{change}: {output:?}");
        }
    }
}

/// By an atomic editor: what is at the path again is what was validated.
#[test]
fn a_rename_there_and_back_is_no_change() {
    needs!(validation_by_sh, open_files_give_way);
    let scene = Scene::with_old();
    let output = run(&scene, r#"mv "$1" "$1.x" && mv "$1.x" "$1""#);
    assert!(output.status.success() && stderr(&output).is_empty(), "{output:?}");
    scene.has_only("f", "new");
}

#[test]
fn what_is_left_beside_is_removed_and_told() {
    needs!(validation_by_sh);
    let scene = Scene::with_old();
    let output = run(&scene, r#"echo x >"$1.pyc"; mkdir "${1%/*}/__pycache__"; echo y >"${1%/*}/__pycache__/z""#);
    assert!(output.status.success(), "{output:?}");
    let words = stderr(&output);
    assert!(
        words.starts_with("atomic-write: f: warning: removed what the validator left beside the file: "),
        "{words}"
    );
    assert!(words.ends_with(": __pycache__, f.pyc\n") && words.lines().count() == 1, "{words}");
    scene.has_only("f", "new");
}

#[test]
fn every_other_option_holds() {
    needs!(validation_by_sh);
    let look = r#"test "${1##*/}" = f && test "$(cat "$1")" = new"#;
    for options in [
        &["-C"][..],
        &["-b"],
        &["--backup=numbered"],
        &["--lock"],
        &["-C", "--lock"],
        &["--if-match", OLD],
        &["--sync=none"],
        &["--allow-in-place"],
        &["--from", "source"],
        &["-m", "600"],
    ] {
        let scene = Scene::with_old();
        scene.write("source", "new");
        let args = ["--validate", look, "f"];
        let output = scene.cmd().args(options).args(args).write_stdin("new").output().unwrap();
        assert!(output.status.success() && stderr(&output).is_empty(), "{options:?}: {output:?}");
        assert_eq!(scene.text("f"), "new", "{options:?}");
        assert!(!scene.names().iter().any(|name| name.starts_with(".aw-")), "{options:?}");
    }
    let scene = Scene::new();
    for options in [&["-n"][..], &["-D"]] {
        let target = if options == ["-D"] { "a/b/f" } else { "f" };
        let args = ["--validate", look, target];
        scene.cmd().args(options).args(args).write_stdin("new").assert().success().stderr("");
        assert_eq!(scene.text(target), "new");
    }
    let refuses = ["-D", "--validate", "exit 1", "c/d/f"];
    scene.cmd().args(refuses).write_stdin("new").assert().code(3);
    assert_eq!(scene.names(), ["a", "f"]);
}

#[test]
fn with_no_change_there_is_nothing_to_validate() {
    let scene = Scene::with_old();
    scene.cmd().args(["-C", "--validate", "exit 1", "f"]).write_stdin("old").assert().success();
    scene.has_only("f", "old");
}

/// It sees the file that COMMAND wrote, at the same path.
#[test]
fn what_was_written_by_name_is_validated_where_it_is() {
    needs!(validation_by_sh);
    let scene = Scene::with_old();
    for edit in [&[][..], &["-e"]] {
        let options = ["--validate", r#"echo "$1"; cat "$1"; cat"#, "-I", "{}", "f", "--"];
        let command = does(&["write {} new", "error {}"]);
        let output = scene.cmd().args(edit).args(options).args(command).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let said = stderr(&output);
        let path = said.strip_suffix("\nnewnew").unwrap_or_else(|| panic!("{said}"));
        let (one, two) = path.split_at(path.len() / 2);
        assert!(one == two && Path::new(one).is_absolute() && one.ends_with('f'), "{said}");
        scene.has_only("f", "new");
        scene.write("f", "old");
    }
    for (script, code) in [("exit 1", 123), (r#"echo x >>"$1""#, 123), (r#"rm "$1""#, 123), ("exit 127", 125)] {
        let options = ["--validate", script, "-I", "{}", "f", "--"];
        scene.cmd().args(options).args(does(&["write {} new"])).assert().code(code);
        scene.has_only("f", "old");
    }
}
