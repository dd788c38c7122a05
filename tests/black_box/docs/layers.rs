//! The files of `src/` import one another in one direction only: whoever reads one needs those below it and no others. What
//! speaks to the system is in `platform` alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Module paths without `crate::`, and the source of each. The crate's root has the empty path.
type Sources = BTreeMap<Vec<String>, String>;
type Imports = BTreeMap<Vec<String>, BTreeSet<Vec<String>>>;

fn path(text: &str) -> Vec<String> {
    text.split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

fn read(directory: &Path, module: &[String], sources: &mut Sources) {
    for entry in fs::read_dir(directory).unwrap() {
        let file = entry.unwrap().path();
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let inner = |name: String| module.iter().cloned().chain([name]).collect::<Vec<_>>();
        if file.is_dir() {
            read(&file, &inner(name), sources);
        } else {
            let module = if matches!(name.as_str(), "lib" | "mod") { module.to_vec() } else { inner(name) };
            sources.insert(module, code(&fs::read_to_string(&file).unwrap()));
        }
    }
}

/// Without comments and unit tests.
fn code(text: &str) -> String {
    // `platform::system` is the module of the system that is built for; Linux stands for all.
    let text = text.split("#[cfg(test)]").next().unwrap_or_default().replace("platform::system::", "platform::linux::");
    let text = text.replace("pub(in crate::platform)", "pub");
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// `a::{b, c::{d, e}}` as `a::b`, `a::c::d` and `a::c::e`.
fn expand(tree: &str, paths: &mut Vec<Vec<String>>) {
    let Some((head, rest)) = tree.split_once('{') else {
        paths.push(path(tree.split(" as ").next().unwrap_or_default()));
        return;
    };
    let inner = rest.rsplit_once('}').map_or(rest, |(inner, _)| inner);
    let (mut depth, mut start) = (0, 0);
    for (at, character) in inner.char_indices().chain([(inner.len(), ',')]) {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                if !inner[start..at].trim().is_empty() {
                    expand(&format!("{head}{}", inner[start..at].trim()), paths);
                }
                start = at + 1;
            }
            _ => {}
        }
    }
}

/// What `use` names, and what is named within the code by a path that begins with `crate` or `super`.
fn named(code: &str) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    let mut rest = String::new();
    for statement in code.split_inclusive(';') {
        match statement.rfind("use ").filter(|&at| statement[..at].ends_with(['\n', ' ']) || at == 0) {
            Some(at) => {
                expand(statement[at + 4..].trim_end_matches(';').trim(), &mut paths);
                rest.push_str(&statement[..at]);
            }
            None => rest.push_str(statement),
        }
    }
    let words = rest.split(|character: char| !(character.is_alphanumeric() || matches!(character, '_' | ':')));
    // Not `pub(crate)`.
    let is_path = |path: &Vec<String>| path.len() > 1 && matches!(path[0].as_str(), "crate" | "super");
    paths.extend(words.map(path).filter(is_path));
    paths
}

/// The module that `path` leads to from `module`, if it is one of ours.
fn resolve(path: &[String], module: &[String], sources: &Sources) -> Option<Vec<String>> {
    let mut base = module.to_vec();
    let mut path = path;
    let mut is_ours = false;
    while let [first, rest @ ..] = path {
        match first.as_str() {
            "crate" => base.clear(),
            "super" => drop(base.pop()),
            "self" => {}
            _ => break,
        }
        (path, is_ours) = (rest, true);
    }
    base.extend(path.iter().cloned());
    (module.len()..=base.len()).rev().chain((0..module.len()).rev()).find_map(|length| {
        let found = base.get(..length)?;
        (sources.contains_key(found) && (is_ours || length > module.len())).then(|| found.to_vec())
    })
}

fn imports(sources: &Sources) -> Imports {
    let of = |(module, code): (&Vec<String>, &String)| {
        let named = named(code);
        let found = named.iter().filter_map(|path| resolve(path, module, sources));
        (module.clone(), found.filter(|found| found != module).collect())
    };
    sources.iter().map(of).collect()
}

/// The modules of which each imports another of them.
fn circles(imports: &Imports) -> Vec<String> {
    let mut left = imports.clone();
    loop {
        let used: BTreeSet<_> = left.values().flatten().cloned().collect();
        let before = left.len();
        let names: BTreeSet<_> = left.keys().cloned().collect();
        // What imports none of them is below the circles, what none of them imports is above.
        left.retain(|module, uses| used.contains(module) && uses.iter().any(|used| names.contains(used)));
        if left.len() == before {
            return left.keys().map(|module| module.join("::")).collect();
        }
    }
}

fn sources() -> Sources {
    let mut sources = Sources::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &[], &mut sources);
    sources
}

/// The layers, from the top. A file may import what is in its own layer or below, and `lib.rs` everything.
const LAYERS: [&[&str]; 5] = [
    &["main", "report", "tests"],
    &["plan", "cli"],
    &["protocol"],
    &["input", "guard"],
    &["platform", "progress", "error", "notices", "quote", "options", "mode", "digest"],
];

fn layer(module: &[String]) -> Option<usize> {
    let top = module.first()?;
    Some(LAYERS.iter().position(|layer| layer.contains(&top.as_str())).unwrap_or_else(|| panic!("{top} has no layer")))
}

#[test]
fn no_file_imports_from_a_layer_above() {
    let sources = sources();
    for (module, uses) in imports(&sources) {
        let Some(own) = layer(&module) else { continue };
        for used in uses {
            assert!(layer(&used).is_some_and(|used| used >= own), "{} imports {}", module.join("::"), used.join("::"));
        }
    }
}

/// Every line of a file, its comments and unit tests among them, and its name.
fn lines_below(directory: &str) -> Vec<(String, String)> {
    fn collect(directory: &Path, lines: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, lines);
            } else {
                let name = path.display().to_string();
                lines.extend(fs::read_to_string(&path).unwrap().lines().map(|line| (name.clone(), line.to_owned())));
            }
        }
    }
    let mut lines = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(directory), &mut lines);
    assert!(!lines.is_empty());
    lines
}

#[test]
fn the_protocol_names_no_system() {
    let words =
        ["rustix", "nix::", "libc::", "std::os", "/proc", "cfg(", "windows", "linux", "Linux", "OFlags", "println!"];
    for (file, line) in lines_below("protocol") {
        let found = words.iter().find(|word| line.contains(**word));
        assert_eq!(found, None, "{file}: {line}");
    }
}

#[test]
fn the_platform_prints_nothing_and_knows_no_arguments() {
    let words = ["println!", "print!", "std::io::std", "clap", "crate::cli", "crate::options", "crate::report"];
    for (file, line) in lines_below("platform") {
        assert_eq!(words.iter().find(|word| line.contains(**word)), None, "{file}: {line}");
    }
}

#[test]
fn no_files_import_one_another_in_a_circle() {
    let imports = imports(&sources());
    assert!(imports.values().map(BTreeSet::len).sum::<usize>() > 100, "hardly an import was found: {imports:?}");
    assert_eq!(circles(&imports), [""; 0], "{imports:#?}");
}

#[test]
fn a_circle_is_found_however_it_is_written() {
    let circle = |second: &str| {
        let sources = [("a", "use crate::b::{self, C};"), ("b", second), ("b::c", "fn f() {}"), ("d", "use crate::a;")];
        let sources = sources.into_iter().map(|(module, code)| (path(module), code.to_owned())).collect();
        circles(&imports(&sources))
    };
    assert_eq!(circle("use std::{io, fs};\nfn f() { c::f() }"), [""; 0]);
    for second in
        ["use crate::a;", "use super::{c, a::X};", "fn f() { crate::a::f() }", "pub(crate) use super::a::f as g;"]
    {
        assert_eq!(circle(second), ["a", "b"], "{second}");
    }
}
