//! All of it: what it measures with, only Linux has.

#[path = "../../tests/common/mod.rs"]
pub(crate) mod common;

pub(crate) mod by_name;
pub(crate) mod clock;
pub(crate) mod digest;
pub(crate) mod figure;
pub(crate) mod from;
pub(crate) mod group;
pub(crate) mod machine;
pub(crate) mod memory;
pub(crate) mod plot;
pub(crate) mod programs;
pub(crate) mod race;
pub(crate) mod setup;
pub(crate) mod small;
pub(crate) mod stats;
pub(crate) mod stream;
pub(crate) mod table;
pub(crate) mod unchanged;

use std::path::Path;

use setup::Setup;
use table::Results;

const WRITE: &str = "ATOMIC_WRITE_BENCH_WRITE";
const SUBJECTS: [&str; 9] = ["stream", "small", "many", "from", "by-name", "tree", "if-changed", "checksum", "memory"];

pub(crate) fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if !args.iter().any(|arg| arg == "--bench") {
        // `cargo test --all-targets` starts benches as well.
        println!("measures by `cargo bench` only");
        return;
    }
    let chosen: Vec<&String> = args.iter().filter(|arg| !arg.starts_with("--")).collect();
    if let Some(other) = chosen.iter().find(|word| !SUBJECTS.contains(&word.as_str())) {
        panic!("{other}: the subjects are {}", SUBJECTS.join(", "));
    }
    alone();
    let results = measure(|subject| chosen.is_empty() || chosen.iter().any(|word| *word == subject));
    let text = results.markdown();
    println!("{text}");
    if args.iter().any(|arg| arg == "--write") || std::env::var_os(WRITE).is_some() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches");
        std::fs::write(directory.join("results.md"), text).unwrap();
        std::fs::write(directory.join("results.svg"), plot::svg(&results)).unwrap();
    }
}

/// In a mount namespace of its own, so that no mount is left, however this ends. Only root mounts anything here.
fn alone() {
    use rustix::mount::{MountPropagationFlags, mount_change};
    if common::is_root() && nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNS).is_ok() {
        mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC).unwrap();
    }
}

fn measure(wanted: impl Fn(&str) -> bool) -> Results {
    let setup = Setup::new();
    let mut races = Vec::new();
    let mut figures = Vec::new();
    if wanted("stream") {
        races.push(stream::run(&setup));
    }
    if wanted("small") {
        races.push(small::bare(&setup));
        races.push(small::peers(&setup));
    }
    if wanted("many") {
        races.push(small::many(&setup));
        races.extend(group::small(&setup));
        races.push(group::large(&setup));
        races.extend(group::unchanged(&setup));
    }
    if wanted("from") {
        races.push(from::copied(&setup));
        races.extend(from::shared(&setup));
    }
    if wanted("by-name") {
        races.push(by_name::file(&setup));
    }
    if wanted("tree") {
        races.push(by_name::tree(&setup));
    }
    if wanted("if-changed") {
        races.push(unchanged::race(&setup));
        figures.extend(unchanged::sectors(&setup));
    }
    if wanted("checksum") {
        races.push(digest::race(&setup));
    }
    let memory = if wanted("memory") { memory::run(&setup) } else { None };
    let machine = machine::description(setup.scene.root());
    Results { races, figures, memory, machine, size: setup.size.words() }
}
