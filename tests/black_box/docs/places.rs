//! Where the README installs the manual and the completions is where man(1) and the shells look for them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::needs::needs;
use crate::common::{Scene, stdout};

/// Where the README puts the file of this name: for everybody, and for one user, whose home is the scene.
fn places(scene: &Scene, file: &str) -> [PathBuf; 2] {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let install = format!("install -Dm 644 {file} ");
    let place = |line: &str| line.split_once(&install).map(|(_, place)| place.to_owned());
    let places: Vec<String> = readme.lines().filter_map(place).collect();
    let home = format!("{}/", scene.root().display());
    let [all, own] = places.as_slice() else { panic!("two places are expected in {places:?}") };
    [all, own].map(|place| Path::new(&place.replace("~/", &home)).parent().unwrap().to_owned())
}

/// What a command that prints where it looks says, in that home.
fn looks(scene: &Scene, words: &[&str]) -> Vec<PathBuf> {
    let mut command = scene.other(words[0]);
    let home = scene.root();
    let path = format!("{}:{}/.cargo/bin", std::env::var("PATH").unwrap(), home.display());
    command.args(&words[1..]).env("HOME", home).env("PATH", path);
    for name in ["MANPATH", "FPATH", "XDG_DATA_DIRS", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "ZDOTDIR"] {
        command.env_remove(name);
    }
    let printed = stdout(&command.output().unwrap());
    // One may be a link to the other.
    printed.split(['\n', ':']).map(|line| real(Path::new(line))).collect()
}

fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

#[test]
fn man_looks_there() {
    needs!(manpath);
    let scene = Scene::new();
    let places = places(&scene, "man/atomic-write.1");
    fs::create_dir_all(&places[1]).unwrap();
    scene.mkdir(".cargo/bin");
    let searched = looks(&scene, &["manpath", "-q"]);
    for place in places {
        let above = real(place.parent().unwrap());
        assert!(searched.contains(&above), "{} is not in {searched:?}", above.display());
    }
}

#[test]
fn fish_looks_there() {
    needs!(fish);
    let scene = Scene::new();
    let searched = looks(&scene, &["fish", "-c", "string join \\n $fish_complete_path"]);
    for place in places(&scene, "completions/atomic-write.fish") {
        assert!(searched.contains(&real(&place)), "{} is not in {searched:?}", place.display());
    }
}

#[test]
fn zsh_looks_there_once_it_is_told() {
    needs!(zsh);
    let scene = Scene::new();
    let [all, own] = places(&scene, "completions/_atomic-write");
    let searched = looks(&scene, &["zsh", "-fc", "print -l $fpath"]);
    assert!(searched.contains(&real(&all)) && !searched.contains(&real(&own)), "{searched:?}");
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let told = readme.split('`').find(|words| words.starts_with("fpath+=")).unwrap();
    let searched = looks(&scene, &["zsh", "-fc", &format!("{told}; print -l $fpath")]);
    assert!(searched.contains(&real(&own)), "{searched:?}");
}
