//! No hint leads to a dead end: whoever follows one has what he wanted, or is told of another obstacle and given no further
//! hint.
//!
//! Rows: none.

use std::process::Output;

use crate::common::needs::needs;
use crate::common::{Mounted, Scene, as_user, is_root, stderr};

/// What a caller finds, and what he types.
struct Situation {
    prepare: fn(&Scene),
    words: &'static [&'static str],
    /// The options that the hints name, for an ordinary user.
    offers: &'static [&'static str],
}

const DIGEST: &str = "sha256:cba06b5736faf67e54b07b561eae94395e774c517a7d910a54369e1263ccfbd4";

fn own(scene: &Scene, names: &[&str]) {
    names.iter().chain(&[""]).for_each(|name| scene.give_to_user(name));
}

/// `d/f`, which belongs to the user, with these modes of file and directory; `link` leads to it.
fn file_in(scene: &Scene, file: u32, directory: u32) {
    scene.mkdir("d");
    scene.write("d/f", "old");
    scene.symlink("d/f", "link");
    own(scene, &["d", "d/f", "link"]);
    scene.chmod("d/f", file);
    scene.chmod("d", directory);
}

fn closed_file(scene: &Scene) {
    file_in(scene, 0o444, 0o755);
}

fn closed_directory(scene: &Scene) {
    file_in(scene, 0o644, 0o555);
}

fn both_closed(scene: &Scene) {
    file_in(scene, 0o444, 0o555);
}

fn all_closed(scene: &Scene) {
    closed_directory(scene);
    scene.chmod("", 0o555);
}

fn dangling(scene: &Scene) {
    scene.symlink("nowhere", "dangling");
    own(scene, &["dangling"]);
}

fn nothing(scene: &Scene) {
    own(scene, &[]);
}

fn in_sticky(scene: &Scene, mode: u32) {
    scene.mkdir("d");
    scene.chmod("d", 0o1777);
    scene.write("d/f", "old");
    scene.chmod("d/f", mode);
}

fn anothers(scene: &Scene) {
    in_sticky(scene, 0o666);
}

fn anothers_closed(scene: &Scene) {
    in_sticky(scene, 0o644);
}

const SITUATIONS: &[Situation] = &[
    Situation { prepare: closed_file, words: &["d/f"], offers: &["--force"] },
    Situation { prepare: closed_file, words: &["--backup", "d/f"], offers: &["--force"] },
    Situation { prepare: closed_file, words: &["--in-place", "d/f"], offers: &[] },
    Situation { prepare: closed_directory, words: &["d/f"], offers: &["--allow-in-place"] },
    Situation { prepare: closed_directory, words: &["--force", "d/f"], offers: &["--allow-in-place"] },
    Situation { prepare: closed_directory, words: &["--backup", "d/f"], offers: &[] },
    Situation { prepare: closed_directory, words: &["d/new"], offers: &[] },
    Situation { prepare: closed_directory, words: &["d/no/new"], offers: &[] },
    Situation { prepare: closed_directory, words: &["link"], offers: &["--allow-in-place", "--no-dereference"] },
    Situation { prepare: closed_directory, words: &["--append", "link"], offers: &["--allow-in-place"] },
    Situation { prepare: closed_directory, words: &["-e", "link", "--", "cat"], offers: &["--allow-in-place"] },
    Situation { prepare: all_closed, words: &["link"], offers: &["--allow-in-place"] },
    Situation { prepare: both_closed, words: &["d/f"], offers: &[] },
    Situation { prepare: both_closed, words: &["--force", "d/f"], offers: &[] },
    Situation { prepare: both_closed, words: &["-m", "644", "d/f"], offers: &[] },
    Situation { prepare: both_closed, words: &["--allow-in-place", "d/f"], offers: &[] },
    Situation { prepare: anothers, words: &["d/f"], offers: &["--allow-in-place"] },
    Situation { prepare: anothers, words: &["-m", "600", "d/f"], offers: &[] },
    Situation { prepare: anothers_closed, words: &["d/f"], offers: &[] },
    Situation { prepare: anothers_closed, words: &["--force", "d/f"], offers: &[] },
    Situation { prepare: nothing, words: &["no/new"], offers: &["--parents"] },
    Situation { prepare: nothing, words: &["no/such/new"], offers: &["--parents"] },
    Situation { prepare: nothing, words: &["--if-match", DIGEST, "no/new"], offers: &[] },
    Situation { prepare: nothing, words: &["-e", "no/new", "--", "cat"], offers: &[] },
    Situation { prepare: dangling, words: &["dangling/new"], offers: &[] },
    Situation { prepare: nothing, words: &["-e", "new", "--", "cat"], offers: &["--create"] },
    Situation { prepare: nothing, words: &["-e", "--if-match", DIGEST, "new", "--", "cat"], offers: &[] },
    Situation { prepare: nothing, words: &["new", "--", "true"], offers: &["--allow-empty"] },
    Situation { prepare: nothing, words: &["-I", "{}", "new", "--", "touch", "{}"], offers: &["--allow-empty"] },
    Situation {
        prepare: nothing,
        words: &["-I", "{}", "new", "--", "sh", "-c", "mkdir $1; touch $1/x", "-", "{}"],
        offers: &["--tree"],
    },
    Situation { prepare: nothing, words: &["--checksum", DIGEST, "-I", "{}", "new", "--", "mkdir", "{}"], offers: &[] },
    Situation { prepare: closed_file, words: &["-I", "{}", "-f", "d/f", "--", "mkdir", "{}"], offers: &[] },
];

/// The options that the hints name.
fn offered(output: &Output) -> Vec<String> {
    let text = stderr(output);
    let hints = text.lines().filter(|line| line.starts_with("hint: "));
    let words = hints.flat_map(|line| line.split([' ', ';', ',', '(', ')']));
    let mut options: Vec<_> = words.filter(|word| word.starts_with("--")).map(str::to_owned).collect();
    options.sort();
    options
}

fn run(situation: &Situation, by: &[&str], option: Option<&str>) -> Output {
    let scene = Scene::new();
    (situation.prepare)(&scene);
    let output = scene.through(by).args(option).args(situation.words).write_stdin("new").output().unwrap();
    // So that it can be removed.
    scene.chmod("", 0o755);
    if scene.path("d").exists() {
        scene.chmod("d", 0o755);
    }
    output
}

/// The reason of a failure.
fn reason(output: &Output) -> String {
    stderr(output).lines().next().unwrap_or_default().to_owned()
}

#[track_caller]
fn follow(situation: &Situation, by: &[&str]) -> Vec<String> {
    let words = situation.words;
    let refused = run(situation, by, None);
    let options = offered(&refused);
    for option in &options {
        let output = run(situation, by, Some(option));
        let has_worked = output.status.success();
        let is_other = reason(&output) != reason(&refused) && !stderr(&output).contains("hint: ");
        assert!(has_worked || is_other, "{words:?}: {refused:?}, with {option}: {output:?}");
    }
    options
}

#[test]
fn an_ordinary_user_is_offered_what_works_for_him() {
    for situation in SITUATIONS {
        let is_of_two_users = [anothers as fn(&Scene), anothers_closed].contains(&situation.prepare);
        if is_of_two_users && !is_root() {
            continue;
        }
        let options = follow(situation, as_user());
        assert_eq!(options, situation.offers, "{:?}", situation.words);
    }
}

#[test]
fn what_root_is_offered_works_for_root() {
    needs!(root);
    for situation in SITUATIONS {
        follow(situation, &[]);
    }
}

#[test]
fn what_is_offered_for_a_mount_point_works() {
    needs!(root, setpriv);
    for (mode, words, offers) in [
        (0o666, &["f"][..], &["--allow-in-place"][..]),
        (0o666, &["--backup", "f"], &["--in-place"]),
        (0o644, &["f"], &[]),
        (0o644, &["--force", "f"], &[]),
    ] {
        let scene = Scene::new();
        scene.write("f", "old");
        scene.give_to_user("");
        scene.chmod("f", mode);
        let _bound = Mounted::bind(&scene.path("f"), &scene.path("f"));
        let run = |option: Option<&str>| {
            scene.through(as_user()).args(option).args(words).write_stdin("new").output().unwrap()
        };
        let refused = run(None);
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        assert_eq!(offered(&refused), offers, "{refused:?}");
        for option in offers {
            let output = run(Some(option));
            assert!(output.status.success(), "{words:?} {option}: {output:?}");
        }
    }
}
