//! The input is TARGET itself.
//!
//! Rows: 5.

use std::io::{Seek, SeekFrom};
use std::process::Output;

use crate::common::needs::{lacks, needs};
use crate::common::{Scene, does, stderr};

/// What must succeed in silence, with `f` and a hard link to it, and a symbolic one where it is named.
fn run(what: &str, run: impl FnOnce(&Scene) -> Output) -> Scene {
    let scene = Scene::new();
    scene.write("f", "one\ntwo\nthree\n");
    std::fs::hard_link(scene.path("f"), scene.path("hard")).unwrap();
    let mut names = vec!["f", "hard"];
    if what.contains("soft") {
        scene.symlink("f", "soft");
        names.push("soft");
    }
    let output = run(&scene);
    assert!(output.status.success() && stderr(&output).is_empty(), "{what}: {output:?}");
    assert_eq!(scene.names(), names, "{what}");
    assert_eq!(scene.text("hard"), "one\ntwo\nthree\n", "{what}");
    scene
}

/// Runs the program with these arguments, of which `<NAME` is standard input; what `f` holds then.
fn becomes(words: &str) -> String {
    let (args, stdin) = words.split_once('<').map_or((words, None), |(args, name)| (args, Some(name)));
    let args: Vec<&str> = args.split_whitespace().collect();
    let output = |scene: &Scene| match stdin {
        Some(name) => scene.with_stdin(&args, scene.open(name)),
        None => scene.cmd().args(&args).output().unwrap(),
    };
    run(words, output).text("f")
}

/// Whether TARGET can be open as standard input and be replaced.
fn can_be_read(words: &str) -> bool {
    !words.contains('<') || !lacks!(open_files_give_way)
}

#[test]
fn the_content_stays_whichever_way_it_leads_to_itself() {
    needs!(hard_links);
    let by_file = [
        "-q f <f",
        "-q f --from f",
        "-q f --from hard",
        "-q f <hard",
        "-C f <f",
        "-C f --from hard",
        "-q -P f --from f",
    ];
    for words in by_file.into_iter().filter(|words| can_be_read(words)) {
        assert_eq!(becomes(words), "one\ntwo\nthree\n", "{words}");
    }
    let command = |scene: &Scene| scene.cmd().args(["-q", "f", "--"]).args(does(&["cat f"])).output().unwrap();
    assert_eq!(run("a command", command).text("f"), "one\ntwo\nthree\n");
}

#[test]
fn the_content_stays_where_links_lead_to_itself() {
    needs!(hard_links, symlinks);
    let by_link = ["-q soft --from f", "-q f --from soft", "-q f --from - <soft"];
    for words in by_link.into_iter().filter(|words| can_be_read(words)) {
        assert_eq!(becomes(words), "one\ntwo\nthree\n", "{words}");
    }
}

#[test]
fn a_filter_on_the_target_itself_works() {
    needs!(shell, hard_links);
    for (script, content) in [
        (r#"sort f | "$AW" -q f"#, "one\nthree\ntwo\n"),
        (r#"sort <f | "$AW" -q f"#, "one\nthree\ntwo\n"),
        (r#"cat f | "$AW" -q f"#, "one\ntwo\nthree\n"),
    ] {
        assert_eq!(run(script, |scene| scene.sh(script)).text("f"), content);
    }
}

#[test]
fn what_is_appended_to_itself_is_doubled() {
    needs!(hard_links);
    let by_file = ["-qa f <f", "-qa f --from f", "-qa f --from hard"];
    for words in by_file.into_iter().filter(|words| can_be_read(words)) {
        assert_eq!(becomes(words), "one\ntwo\nthree\none\ntwo\nthree\n", "{words}");
    }
}

#[test]
fn the_rest_of_itself_is_what_is_left_of_it() {
    needs!(hard_links, open_files_give_way);
    let rest = |scene: &Scene| {
        let mut file = scene.open("f");
        file.seek(SeekFrom::Start(4)).unwrap();
        scene.with_stdin(&["-q", "f"], file)
    };
    assert_eq!(run("the rest", rest).text("f"), "two\nthree\n");
}
