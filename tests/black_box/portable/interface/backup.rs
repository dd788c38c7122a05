//! The words of `--backup` and of the environment that it reads, as far as they decide what is a usage error and which
//! name the backup has.
//!
//! Rows: none.

use super::usage;
use crate::common::Scene;

/// The names beside `f` after a replacement with these options and this environment.
fn backups(args: &[&str], environment: &[(&str, &str)]) -> Vec<String> {
    let scene = Scene::with_old();
    let mut command = scene.cmd();
    command.args(args).arg("f").envs(environment.iter().copied()).write_stdin("new");
    command.assert().success().stdout("").stderr("");
    assert_eq!(scene.text("f"), "new");
    scene.names().into_iter().filter(|name| name != "f").collect()
}

#[test]
fn each_word_and_its_unambiguous_beginnings() {
    for word in ["none", "off", "no", "of"] {
        assert!(backups(&[&format!("--backup={word}")], &[]).is_empty(), "{word}");
    }
    for word in ["numbered", "t", "nu"] {
        assert_eq!(backups(&[&format!("--backup={word}")], &[]), ["f.~1~"], "{word}");
    }
    for word in ["simple", "never", "s", "ne", "existing", "nil", "e", "ni", ""] {
        assert_eq!(backups(&[&format!("--backup={word}")], &[]), ["f~"], "{word}");
    }
}

#[test]
fn another_word_is_an_error_that_lists_them() {
    for word in ["bogus", "n", "Simple", "simplest"] {
        let text = usage(
            &[&format!("--backup={word}"), "f"],
            &format!("invalid CONTROL '{word}' (choose from none, off, numbered"),
        );
        assert!(text.contains("none, off, numbered, t, existing, nil, simple, never"), "{text}");
    }
}

#[test]
fn the_value_comes_only_with_an_equals_sign() {
    assert_eq!(backups(&["--backup"], &[]), ["f~"]);
    let advice = "unexpected argument 'f'\nhint: the value of --backup comes after an equals sign: --backup=numbered\n";
    usage(&["--backup", "numbered", "f"], advice);
}

#[test]
fn version_control_is_read_where_the_option_says_nothing() {
    let numbered = [("VERSION_CONTROL", "numbered")];
    assert_eq!(backups(&["-b"], &numbered), ["f.~1~"]);
    assert_eq!(backups(&["--backup"], &numbered), ["f.~1~"]);
    assert_eq!(backups(&["-S", ".bak"], &numbered), ["f.~1~"]);
    assert_eq!(backups(&["--backup=simple"], &numbered), ["f~"]);
    assert!(backups(&[], &numbered).is_empty());
    assert!(backups(&["-b"], &[("VERSION_CONTROL", "off")]).is_empty());
    assert_eq!(backups(&["-b"], &[("VERSION_CONTROL", "")]), ["f~"]);
}

#[test]
fn a_bad_version_control_matters_only_where_it_is_read() {
    let bad = [("VERSION_CONTROL", "bogus")];
    assert_eq!(backups(&["--backup=simple"], &bad), ["f~"]);
    assert!(backups(&[], &bad).is_empty());
    let scene = Scene::with_old();
    let output = scene.cmd().args(["-b", "f"]).envs(bad).write_stdin("new").output().unwrap();
    assert_eq!((output.status.code(), scene.text("f").as_str()), (Some(2), "old"));
    assert!(crate::common::stderr(&output).contains("invalid VERSION_CONTROL 'bogus' (choose from none"));
}

#[test]
fn the_suffix_is_the_options_else_the_environments_else_a_tilde() {
    let environment = [("SIMPLE_BACKUP_SUFFIX", ".env")];
    assert_eq!(backups(&["-b"], &environment), ["f.env"]);
    assert_eq!(backups(&["-S", ".opt"], &environment), ["f.opt"]);
    assert_eq!(backups(&["--suffix=.opt"], &[]), ["f.opt"]);
    assert!(backups(&[], &environment).is_empty());
    // GNU takes an empty one, and one with a slash in the environment, for none.
    assert_eq!(backups(&["-b"], &[("SIMPLE_BACKUP_SUFFIX", "")]), ["f~"]);
    assert_eq!(backups(&["-b"], &[("SIMPLE_BACKUP_SUFFIX", "/x")]), ["f~"]);
    assert_eq!(backups(&["-b", "-S", ""], &[]), ["f~"]);
}

#[test]
fn a_suffix_cannot_lead_to_another_directory() {
    usage(&["-S", "/../x", "f"], "--suffix");
    usage(&["-b", "--suffix=a/b", "f"], "--suffix");
}
