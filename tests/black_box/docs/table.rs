//! `tests/README.md` tells the truth: its table of failure modes and the files of the tests say the same, and no row, no
//! topic and no target is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// As many rows as there are failure modes.
const ROWS: usize = 110;

/// The modules of tests, and the rows that each is of.
type Modules = BTreeMap<String, BTreeSet<usize>>;

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(path)
}

/// The files below `directory`, each with the path of its module.
pub fn sources(directory: &Path, module: &str) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        if path.is_dir() {
            found.extend(sources(&path, &format!("{module}::{name}")));
        } else if let Some(stem) = name.strip_suffix(".rs") {
            found.push((format!("{module}::{stem}"), path));
        }
    }
    found
}

/// The rows that a file says it is of, in its head: `//! Rows: 9, 16.` or `//! Rows: none.`
fn rows_in_head(text: &str) -> Option<BTreeSet<usize>> {
    let mut head = text.lines().take_while(|line| line.starts_with("//!"));
    let rows = head.find_map(|line| line.strip_prefix("//! Rows: ")?.strip_suffix('.'))?;
    if rows == "none" { Some(BTreeSet::new()) } else { rows.split(", ").map(|row| row.parse().ok()).collect() }
}

/// All files with tests of the program.
fn in_files() -> Modules {
    let mut modules = Modules::new();
    for half in ["linux", "portable"] {
        for (module, path) in sources(&here("black_box").join(half), half) {
            let text = fs::read_to_string(path).unwrap();
            let rows = rows_in_head(&text);
            if text.contains("#[test]") {
                modules.insert(module.clone(), rows.unwrap_or_else(|| panic!("{module} does not say its rows")));
            } else {
                assert_eq!(rows, None, "{module} has no tests");
            }
        }
    }
    modules
}

/// The cells of each row of the table.
fn rows(readme: &str) -> Vec<Vec<&str>> {
    let rows = readme.lines().filter_map(|line| line.strip_prefix("| "));
    let cells = rows.map(|row| row.trim_end_matches('|').split(" | ").map(str::trim).collect::<Vec<_>>());
    cells.filter(|cells| cells[0].parse::<usize>().is_ok()).collect()
}

/// What stands between backticks and is the path of a module.
fn named(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2).filter(|word| word.contains("::"))
}

fn readme() -> String {
    fs::read_to_string(here("README.md")).unwrap()
}

#[test]
fn every_row_names_a_module_or_says_why_there_is_none() {
    let readme = readme();
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
fn table_and_files_name_the_same_rows() {
    let in_files = in_files();
    let mut in_table: Modules = in_files.keys().map(|module| (module.clone(), BTreeSet::new())).collect();
    for cells in rows(&readme()) {
        for module in named(cells[2]) {
            let rows = in_table.get_mut(module).unwrap_or_else(|| panic!("there are no tests in {module}"));
            assert!(rows.insert(cells[0].parse().unwrap()), "{module} twice in {cells:?}");
        }
    }
    for (module, rows) in &in_files {
        assert_eq!(rows, &in_table[module], "{module}: its head is on the left, the table on the right");
    }
}

#[test]
fn every_topic_is_described() {
    let readme = readme();
    let mut topics = BTreeSet::from(["docs".to_owned()]);
    for half in ["linux", "portable"] {
        let text = fs::read_to_string(here("black_box").join(half).with_extension("rs")).unwrap();
        let modules = text.lines().filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod "));
        topics.extend(modules.map(|line| line.trim_end_matches(';').to_owned()));
    }
    let cells = readme.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let described: BTreeSet<String> = cells.map(|(name, _)| name.to_owned()).collect();
    let missing: Vec<_> = topics.difference(&described).collect();
    assert!(topics.len() > 10 && missing.is_empty(), "{missing:?}");
}

#[test]
fn every_target_is_described() {
    let readme = readme();
    let manifest = fs::read_to_string(here("../Cargo.toml")).unwrap();
    let targets = manifest.split("[[test]]\nname = \"").skip(1).map(|rest| rest.split('"').next().unwrap());
    for target in targets {
        assert!(readme.contains(&format!("\n- `{target}`: ")), "{target}");
    }
}
