//! What the program is built from keeps to `deny.toml`, as far as can be seen without `cargo deny`: licences, versions, sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use spdx::{Expression, ParseMode};

use crate::common::needs::lacks;
use crate::common::{Scene, skip, stderr, stdout};

fn file(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The lines of `[name]`, without comments.
fn section(text: &str, name: &str) -> Vec<String> {
    let mut lines = text.lines().map(str::trim).skip_while(|line| *line != format!("[{name}]"));
    assert!(lines.next().is_some(), "no [{name}]");
    lines.take_while(|line| !line.starts_with('[')).filter(|line| !line.starts_with('#')).map(String::from).collect()
}

/// The quoted words of `key = [...]`.
fn list(lines: &[String], key: &str) -> BTreeSet<String> {
    let from = lines.iter().position(|line| line.starts_with(&format!("{key} = ["))).unwrap();
    let entries = lines[from + 1..].iter().take_while(|line| !line.starts_with(']'));
    // The first of an entry: what follows is the reason.
    entries.map(|line| line.split('"').nth(1).unwrap().to_owned()).collect()
}

/// All packages of all targets, as `name`, `version`, `source` and `licence`; nothing where they have not been fetched.
fn packages() -> Option<Vec<[String; 4]>> {
    let scene = Scene::new();
    if lacks!(cargo, jq) {
        return None;
    }
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let arguments = ["metadata", "--locked", "--offline", "--format-version", "1", "--manifest-path"];
    let output = Command::new("cargo").args(arguments).arg(manifest).output().unwrap();
    if stderr(&output).contains("--offline was specified") {
        skip("packages of other systems are not here: `cargo fetch --locked` gets them");
        return None;
    }
    assert!(output.status.success(), "{}", stderr(&output));
    let metadata = scene.write("metadata", &output.stdout);
    let filter = ".packages[] | [.name, .version, .source // \"\", .license // \"\"] | @tsv";
    let output = Command::new("jq").args(["-r", filter]).arg(metadata).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let fields = |line: &str| line.split('\t').map(String::from).collect::<Vec<_>>().try_into().unwrap();
    Some(stdout(&output).lines().map(fields).collect())
}

/// Whether the licences allowed satisfy an SPDX expression; `/` is how `OR` was once written.
fn satisfied(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let parsed = Expression::parse_mode(expression, ParseMode::LAX);
    parsed.is_ok_and(|parsed| parsed.evaluate(|licence| allowed.contains(&licence.to_string())))
}

#[test]
fn licence_expressions_are_understood() {
    let allowed = BTreeSet::from(["MIT".into(), "Apache-2.0 WITH LLVM-exception".into()]);
    for yes in ["MIT", "ISC OR MIT", "MIT/Apache-2.0", "(ISC OR MIT) AND Apache-2.0 WITH LLVM-exception"] {
        assert!(satisfied(yes, &allowed), "{yes}");
    }
    for no in ["", "ISC", "MIT AND ISC", "Apache-2.0", "No-Such-Licence"] {
        assert!(!satisfied(no, &allowed), "{no}");
    }
}

#[test]
fn every_licence_is_allowed_and_every_allowed_one_is_needed() {
    let Some(packages) = packages() else { return };
    let allowed = list(&section(&file("deny.toml"), "licenses"), "allow");
    let all = |allowed: &BTreeSet<String>| packages.iter().all(|[.., licence]| satisfied(licence, allowed));
    for [name, version, _, licence] in &packages {
        assert!(satisfied(licence, &allowed), "{name} {version}: {licence:?}");
    }
    for licence in &allowed {
        let without = allowed.iter().filter(|other| *other != licence).cloned().collect();
        assert!(!all(&without), "nothing needs {licence}");
    }
}

#[test]
fn every_package_is_from_the_registry() {
    let Some(packages) = packages() else { return };
    for [name, version, source, _] in &packages {
        let ours = name == env!("CARGO_PKG_NAME") && source.is_empty();
        assert!(
            ours || source.starts_with("registry+") && source.ends_with("/crates.io-index"),
            "{name} {version}: {source}"
        );
    }
}

/// In the tests' tree as in the program's.
#[test]
fn no_package_is_there_twice_but_for_a_reason_that_is_written() {
    let Some(packages) = packages() else { return };
    let mut versions = BTreeMap::<&str, BTreeSet<&str>>::new();
    for [name, version, ..] in &packages {
        versions.entry(name).or_default().insert(version);
    }
    let twice: BTreeMap<_, _> = versions.into_iter().filter(|(_, versions)| versions.len() > 1).collect();
    let skipped = list(&section(&file("deny.toml"), "bans"), "skip");
    let skipped: BTreeSet<&str> = skipped.iter().map(|word| word.split('@').next().unwrap()).collect();
    assert_eq!(twice.keys().copied().collect::<BTreeSet<_>>(), skipped, "{twice:?}");
    assert!(twice.values().all(|versions| versions.len() == 2), "{twice:?}");
}

/// The files that hold what no safe call provides. Linux needs none, where the whole crate forbids it.
const WITH_UNSAFE_CODE: [&str; 3] =
    ["platform/bsd/calls.rs", "platform/generic/ignored.rs", "platform/windows/win32.rs"];

#[test]
fn unsafe_code_is_in_the_files_that_are_listed() {
    let lints = section(&file("Cargo.toml"), "lints.rust");
    assert!(lints.iter().any(|line| line == "unsafe_code = \"deny\""), "{lints:?}");
    let forbidden = "#![cfg_attr(all(target_os = \"linux\", not(generic_unix)), forbid(unsafe_code))]";
    assert!(file("src/lib.rs").contains(forbidden));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut directories = vec![source.clone()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if fs::read_to_string(&path).unwrap().contains("allow(unsafe_code)") {
                found.push(path.strip_prefix(&source).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    assert_eq!(found, WITH_UNSAFE_CODE);
}
