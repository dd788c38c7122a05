//! What the pages state and can be looked up: their links, and the number of packages.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::needs::needs;
use crate::common::tool;

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn every_link_to_a_file_leads_to_one() {
    for page in ["README.md", "tests/README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "pkg/RELEASE.md"] {
        if page.starts_with("pkg/") && !here("pkg").exists() {
            continue;
        }
        let text = fs::read_to_string(here(page)).unwrap();
        let targets = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
        for target in targets.filter(|target| !target.contains("://")) {
            // The crate's archive has all but these.
            let left_out = ["pkg", ".ci"].iter().any(|top| target.starts_with(top) && !here(top).exists());
            assert!(left_out || here(page).with_file_name(target).exists(), "{page}: {target}");
        }
    }
}

#[test]
fn the_readme_counts_the_packages_right() {
    needs!(cargo);
    let manifest = here("Cargo.toml");
    let arguments = ["tree", "--offline", "--locked", "-e", "normal", "--prefix", "none", "--manifest-path"];
    let tree = tool("cargo", &[arguments.as_slice(), &[manifest.to_str().unwrap()]].concat());
    let packages: BTreeSet<_> = tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    let readme = fs::read_to_string(here("README.md")).unwrap();
    assert!(readme.contains(&format!("is built from {} packages, itself included", packages.len())), "{packages:#?}");
}
