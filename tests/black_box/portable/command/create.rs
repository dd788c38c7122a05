//! `--create`: an edit that may begin with nothing.
//!
//! Rows: none.

use crate::common::needs::{lacks, needs};
use crate::common::{Scene, does, stderr};

#[test]
fn a_missing_target_is_edited_as_an_empty_one() {
    for (options, name) in [
        (&["-e", "--create"][..], "f"),
        (&["-e", "--create", "--lock"], "f"),
        (&["-e", "--create", "-C"], "f"),
        (&["-e", "--create", "-D"], "d/f"),
        (&["-e", "--create", "--no-lock"], "f"),
    ] {
        let scene = Scene::new();
        let edit = |word| {
            let command = does(&["copy", "print +"]);
            let mut run = scene.cmd();
            // Nothing of ours is its input.
            run.args(options).args(["--report", name, "--"]).args(command).write_stdin("given");
            run.assert().success().stdout(word).stderr("");
        };
        edit("created\n");
        edit("replaced\n");
        assert_eq!(scene.text(name), "++");
    }
}

#[test]
fn nothing_in_and_nothing_out_is_an_empty_file() {
    let scene = Scene::new();
    scene.cmd().args(["-e", "--create", "f", "--"]).args(does(&["copy"])).assert().success().stderr("");
    scene.has_only("f", "");
    scene.cmd().args(["-e", "--create", "--non-empty", "g", "--"]).args(does(&["copy"])).assert().code(123);
    scene.cmd().args(["-e", "--create", "g", "--"]).args(does(&["exit 7"])).assert().code(7);
    scene.has_only("f", "");
}

#[test]
fn the_command_finds_an_empty_file_or_directory_at_its_path() {
    let scene = Scene::new();
    let args = ["-e", "--create", "-I", "{}"];
    scene.cmd().args(args).args(["f", "--"]).args(does(&["cat {}", "append {} new"])).assert().success();
    scene.has_only("f", "new");
    scene.cmd().args(args).args(["f", "--"]).args(does(&["append {} er"])).assert().success();
    scene.has_only("f", "newer");
    // A directory that exists is exchanged.
    let names = if lacks!(exchange) { &["one"][..] } else { &["one", "two"] };
    for name in names {
        let command = does(&[&format!("write {{}}/{name} new")]);
        scene.cmd().args(args).args(["--tree", "d", "--"]).args(command).assert().success();
    }
    assert_eq!(crate::common::names_in(&scene.path("d")), names);
}

#[test]
fn a_dangling_link_leads_to_what_is_created() {
    needs!(symlinks);
    let scene = Scene::new();
    scene.symlink("f", "link");
    scene.cmd().args(["-e", "--create", "link", "--"]).args(does(&["print new"])).assert().success();
    assert_eq!((scene.text("f").as_str(), scene.path("link").is_symlink()), ("new", true));
}

#[test]
fn what_appears_meanwhile_is_not_overwritten() {
    for options in [&["-e", "--create"][..], &["-e", "--create", "--no-lock"]] {
        let scene = Scene::new();
        let command = does(&["write f other", "print mine"]);
        let output = scene.cmd().args(options).args(["f", "--"]).args(command).output().unwrap();
        assert_eq!(output.status.code(), Some(123), "{output:?}");
        assert!(stderr(&output).contains("(changed meanwhile)"), "{output:?}");
        scene.has_only("f", "other");
    }
    if !lacks!(symlinks) {
        let scene = Scene::new();
        scene.symlink("nowhere", "f");
        scene.cmd().args(["-e", "--create", "-P", "f", "--"]).args(does(&["copy"])).assert().code(125);
        assert!(scene.path("f").is_symlink());
    }
}
