//! What the pages state and can be looked up: their links, and the number of packages.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::needs::needs;
use crate::common::stdout;

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn text(page: &str) -> String {
    fs::read_to_string(here(page)).unwrap()
}

/// What a heading is called in links: small letters, dashes, no punctuation.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = page.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let letters = |heading: &str| heading.to_lowercase().replace(' ', "-");
    headings.map(|heading| letters(heading).replace(|c: char| !c.is_alphanumeric() && c != '-', "")).collect()
}

#[test]
fn every_link_leads_to_a_file_and_a_heading_in_it() {
    let docs = fs::read_dir(here("docs")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let docs = docs.filter(|name| name.rsplit_once('.').is_some_and(|(_, kind)| kind == "md"));
    let pages = ["README.md", "tests/README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "pkg/RELEASE.md"];
    // The crate's archive has all but these.
    let is_left_out = |path: &str| ["pkg", ".ci"].iter().any(|top| path.starts_with(top) && !here(top).exists());
    let pages = pages.map(String::from).into_iter().filter(|page| !is_left_out(page));
    for page in pages.chain(docs.map(|name| format!("docs/{name}"))) {
        let text = text(&page);
        let targets = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
        for target in targets.filter(|target| !target.contains("://")) {
            let (name, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = if name.is_empty() { here(&page) } else { here(&page).with_file_name(name) };
            if is_left_out(target) {
                continue;
            }
            assert!(file.exists(), "{page}: {target}");
            let known = anchor.is_empty() || anchors(&fs::read_to_string(file).unwrap()).contains(anchor);
            assert!(known, "{page}: {target}");
        }
    }
}

#[test]
fn the_number_of_packages_is_what_the_command_beside_it_prints() {
    needs!(cargo);
    let page = text("docs/building.md");
    let command = page.lines().find(|line| line.starts_with("cargo tree ")).unwrap();
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", command]).current_dir(here("")).env("CARGO_NET_OFFLINE", "true");
    let printed = stdout(&shell.output().unwrap());
    let number = format!("is built from {} packages, itself included", printed.lines().count());
    assert!(page.contains(&number), "{printed}");
}

#[test]
fn the_readme_installs_this_version() {
    let readme = text("README.md");
    let after = ["/download/v", "atomic-write-", "atomic-write_"].map(|word| readme.split(word).skip(1));
    let versions = after.into_iter().flatten().filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let versions: Vec<_> = versions.map(|rest| rest.split(['/', '-']).next().unwrap()).collect();
    assert!(versions.len() >= 4, "{versions:?}");
    assert!(versions.iter().all(|version| *version == env!("CARGO_PKG_VERSION")), "{versions:?}");
}
