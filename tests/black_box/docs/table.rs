//! `tests/README.md` tells the truth: each test that it names exists, and no row and no module is missing.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// As many rows as there are failure modes.
const ROWS: usize = 94;

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(path)
}

/// `names::links::a_chain_is_followed` and so on, for every test below `directory`.
fn tests_in(directory: &Path, module: &str, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        if path.is_dir() {
            tests_in(&path, &format!("{module}{name}::"), found);
        } else if let Some(stem) = name.strip_suffix(".rs") {
            let module = if stem == "mod" { module.to_owned() } else { format!("{module}{stem}::") };
            let text = fs::read_to_string(&path).unwrap();
            let after = text.split("#[test]").skip(1).filter_map(|rest| rest.split_once("fn "));
            found.extend(after.map(|(_, rest)| module.clone() + rest.split('(').next().unwrap()));
        }
    }
}

/// The cells of each row of the table of failure modes.
fn rows(readme: &str) -> Vec<Vec<&str>> {
    let rows = readme.lines().filter_map(|line| line.strip_prefix("| "));
    let cells = rows.map(|row| row.trim_end_matches('|').split(" | ").map(str::trim).collect::<Vec<_>>());
    cells.filter(|cells| cells[0].parse::<usize>().is_ok()).collect()
}

/// What stands between backticks and is the name of a test.
fn named(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2).filter(|word| word.contains("::"))
}

#[test]
fn every_row_names_a_test_or_says_why_there_is_none() {
    let readme = fs::read_to_string(here("README.md")).unwrap();
    let rows = rows(&readme);
    let numbers: Vec<usize> = rows.iter().map(|cells| cells[0].parse().unwrap()).collect();
    assert_eq!(numbers, (1..=ROWS).collect::<Vec<_>>());
    for cells in &rows {
        let [_, behaviour, proof] = cells.as_slice() else { panic!("three cells are expected in {cells:?}") };
        assert!(!behaviour.is_empty(), "{cells:?}");
        assert!(named(proof).next().is_some() || proof.starts_with("None: "), "{cells:?}");
    }
}

#[test]
fn every_test_that_is_named_exists() {
    let readme = fs::read_to_string(here("README.md")).unwrap();
    let mut tests = BTreeSet::new();
    tests_in(&here("black_box"), "", &mut tests);
    let missing: Vec<_> = named(&readme).filter(|name| !tests.contains(*name)).collect();
    assert!(missing.is_empty(), "not there: {missing:#?}");
}

#[test]
fn every_module_is_described() {
    let readme = fs::read_to_string(here("README.md")).unwrap();
    let main = fs::read_to_string(here("black_box/main.rs")).unwrap();
    let modules = main.lines().filter_map(|line| line.strip_prefix("mod ")).map(|line| line.trim_end_matches(';'));
    for module in modules.filter(|module| *module != "common") {
        assert!(readme.contains(&format!("| `{module}` |")), "{module}");
    }
}

#[test]
fn every_target_is_described() {
    let readme = fs::read_to_string(here("README.md")).unwrap();
    let manifest = fs::read_to_string(here("../Cargo.toml")).unwrap();
    let targets = manifest.split("[[test]]\nname = \"").skip(1).map(|rest| rest.split('"').next().unwrap());
    for target in targets {
        assert!(readme.contains(&format!("\n- `{target}`: ")), "{target}");
    }
}
