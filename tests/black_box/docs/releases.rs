//! What makes a release agrees with itself: versions, targets, the files of packages, the licences. What `pkg/lint` judges
//! is not judged again.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::skip;

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn file(path: &str) -> String {
    fs::read_to_string(here(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Whether this is a checkout; the archive of the crate has no `pkg` and no `.github`.
fn is_checkout() -> bool {
    let is = here("pkg").exists();
    if !is {
        skip("not a checkout: pkg is not here");
    }
    is
}

/// What follows `before` on its line, up to one of `ends`.
fn after<'t>(text: &'t str, before: &str, ends: &[char]) -> BTreeSet<&'t str> {
    text.lines().filter_map(|line| line.split_once(before)?.1.split(ends).next()).collect()
}

#[test]
fn every_file_says_the_same_version() {
    if !is_checkout() {
        return;
    }
    let version = env!("CARGO_PKG_VERSION");
    let changes = file("CHANGELOG.md");
    let newest = changes.lines().find_map(|line| line.strip_prefix("## ")).unwrap();
    assert!(newest == "Unreleased" || newest.starts_with(&format!("{version} - ")), "{newest}");
    assert!(file("pkg/debian/changelog").starts_with(&format!("atomic-write ({version}-")));
    assert!(file("pkg/homebrew/atomic-write.rb").contains(&format!("/v{version}.tar.gz")));
}

#[test]
fn every_file_says_the_same_oldest_rust() {
    if !is_checkout() {
        return;
    }
    let oldest = env!("CARGO_PKG_RUST_VERSION");
    assert!(file(".github/workflows/ci.yml").contains(&format!("rust: \"{oldest}\"")));
    assert!(file("CONTRIBUTING.md").contains(&format!("Rust {oldest} or newer")));
}

#[test]
fn targets_of_releases_are_those_of_the_page() {
    if !is_checkout() {
        return;
    }
    let (workflow, page) = (file(".github/workflows/release.yml"), file("pkg/RELEASE.md"));
    let built = after(&workflow, "- target: ", &[]);
    assert_eq!(
        built,
        page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).filter(is_target).collect()
    );
    assert_eq!(built.len(), 9);
    // All that are compiled for in a release and run somewhere are tested in CI.
    let tested = file(".github/workflows/ci.yml");
    for target in built.iter().filter(|target| !target.starts_with("armv7-") && !target.starts_with("riscv64gc-")) {
        assert!(tested.contains(&format!("target: {target},")), "{target}");
    }
}

fn is_target(word: &&str) -> bool {
    word.split('-').count() >= 3 && !word.contains(' ')
}

#[test]
fn scripts_that_are_named_exist_and_can_be_run() {
    if !is_checkout() {
        return;
    }
    for page in [".github/workflows/ci.yml", ".github/workflows/release.yml", "pkg/RELEASE.md", ".ci/run"] {
        let text = file(page);
        let words = text.split(|c: char| c.is_whitespace() || "`'\"".contains(c));
        for script in words.filter(|word| {
            word.starts_with("pkg/") && *word != "pkg/" && !word.contains('.') && word.split('/').count() == 2
        }) {
            assert!(here(script).is_file(), "{page}: {script}");
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                let mode = here(script).metadata().unwrap().permissions().mode();
                assert!(mode & 0o111 != 0, "{page}: {script}");
            }
        }
    }
}

/// The files that a package is made of, by their paths here.
fn assets(table: &str) -> BTreeSet<String> {
    let manifest = file("Cargo.toml");
    let (_, rest) = manifest.split_once(&format!("[package.metadata.{table}]")).unwrap();
    let (_, rest) = rest.split_once("assets = [\n").unwrap();
    let lines = rest.lines().take_while(|line| *line != "]");
    lines.map(|line| line.split('"').nth(1).unwrap().to_owned()).collect()
}

#[test]
fn packages_hold_what_exists_and_the_same() {
    if !is_checkout() {
        return;
    }
    let [deb, rpm] = ["deb", "generate-rpm"].map(assets);
    for path in rpm.iter().filter(|path| !path.starts_with("target/release/")) {
        assert!(here(path.trim_end_matches("*.md")).exists(), "{path}");
    }
    // In the .deb they are in the file of copyrights.
    let licences = ["LICENSE-APACHE", "LICENSE-MIT"].map(String::from);
    assert_eq!(rpm, &deb | &BTreeSet::from(licences));
}

#[test]
fn downloads_have_the_name_that_the_archive_gets() {
    if !is_checkout() {
        return;
    }
    assert!(file("pkg/archive").contains("\nname=atomic-write-$version-$target\n"));
    let manifest = file("Cargo.toml");
    assert!(manifest.contains("/download/v{ version }/atomic-write-{ version }-{ target }{ archive-suffix }\""));
    assert!(manifest.contains("bin-dir = \"atomic-write-{ version }-{ target }/{ bin }{ binary-ext }\""));
}

#[test]
fn licences_that_are_accepted_are_those_allowed() {
    if !is_checkout() {
        return;
    }
    let (about, deny) = (file("pkg/about.toml"), file("deny.toml"));
    let accepted = about.lines().find_map(|line| line.strip_prefix("accepted = [")).unwrap();
    let accepted: BTreeSet<_> = accepted.split('"').skip(1).step_by(2).collect();
    let (_, allowed) = deny.split_once("allow = [\n").unwrap();
    let allowed = after(allowed.split("\n]").next().unwrap(), "    \"", &['"']);
    assert_eq!(accepted, allowed);
}
