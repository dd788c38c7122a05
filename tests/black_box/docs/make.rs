//! What docs/recipes.md says of make.

use std::fs;

use super::recipes::{block, run, scene};
use crate::common::Scene;
use crate::common::needs::needs;

/// The scene of a Makefile, built once, with times that do not depend on the clock: the sources are older than what was
/// made from them. And the script that builds it.
fn built(first_line: &str) -> (Scene, String) {
    let block = block(first_line);
    let scene = scene(block.expected());
    let script = block.scripts().remove(0);
    does(&scene, &script);
    does(&scene, "touch -d 2020-01-01 *.* && touch -d 2020-01-02 gen/* && touch -d 2020-01-03 app");
    (scene, script)
}

fn does(scene: &Scene, script: &str) {
    let output = run(scene, script, "");
    assert!(output.status.success(), "{script}: {output:?}");
}

#[test]
fn it_links_again_only_if_the_generated_content_differs() {
    needs!(make);
    let (scene, script) = built("app: gen/table.rs");
    does(&scene, "touch -d 2020-01-04 table.csv");
    does(&scene, &script);
    assert_eq!(scene.text("link.log"), "link\n", "the same table");
    let stamp = fs::metadata(scene.path("gen/table.stamp")).unwrap().modified().unwrap();
    assert!(stamp > fs::metadata(scene.path("table.csv")).unwrap().modified().unwrap(), "made again");

    scene.write("table.csv", "other\n");
    does(&scene, "touch -d 2020-01-05 gen/table.stamp && touch -d 2020-01-06 table.csv");
    does(&scene, &script);
    assert_eq!((scene.text("app"), scene.text("link.log")), ("other\n".to_owned(), "link\nlink\n".to_owned()));
}

#[test]
fn nothing_is_left_to_do_once_it_is_done() {
    needs!(make);
    for first_line in ["gen/api.rs: api.proto", "app: gen/table.rs", "app: main.c gen/api.stamp"] {
        let (scene, script) = built(first_line);
        does(&scene, "make -q app");
        does(&scene, "touch -d 2020-01-04 $(ls *.proto *.csv 2>/dev/null)");
        does(&scene, &script);
        does(&scene, "make -q app");
    }
}

#[test]
fn a_generated_file_that_was_deleted_comes_back() {
    needs!(make);
    let (scene, script) = built("app: gen/table.rs");
    does(&scene, "rm gen/table.rs");
    does(&scene, &script);
    assert_eq!((scene.text("gen/table.rs"), scene.text("app")), ("table\n".to_owned(), "table\n".to_owned()));
}

#[test]
fn it_keeps_the_target_of_a_recipe_that_fails() {
    needs!(make);
    let (scene, script) = built("gen/api.rs: api.proto");
    does(&scene, "touch -d 2020-01-04 api.proto");
    let script = script.replacen("END'\n", "END'\n.DELETE_ON_ERROR:\n", 1);
    assert!(!run(&scene, &script, "yes").status.success());
    assert_eq!(scene.text("gen/api.rs"), "--print api\n");
}
