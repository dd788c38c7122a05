//! All of it: what it needs, only Linux has.

#[path = "../common/mod.rs"]
pub(crate) mod common;
pub(crate) mod enter;
pub(crate) mod suite;

use std::fs::File;
use std::process::{Command, ExitCode, ExitStatus};

use common::needs::lacks;
use suite::{Exceptions, Suite};

/// Runs the test program somewhere; what it says goes to the file.
type Run = fn(&mut Command, &File) -> ExitStatus;

/// Where the suite can be run.
pub(crate) struct Environment {
    name: &'static str,
    /// Lists of the tests that have nothing to say there, each under its reason. Environments may share a list.
    exceptions: &'static [&'static str],
    /// What the tests need and cannot have there. Those that ask for it do nothing.
    lacks: Option<&'static str>,
    needs_root: bool,
    tool: Option<&'static str>,
    /// Runs the test program there.
    run: Run,
}

/// Of where statx, copy_file_range and all newer calls are refused.
const OLD_CALLS: &str = include_str!("old-calls.txt");

/// As the tests call it.
const NEITHER: &str = "an exchange of names,unnamed files";

const ENVIRONMENTS: [Environment; 5] = [
    Environment {
        name: "old-kernel",
        exceptions: &[OLD_CALLS, include_str!("old-kernel.txt")],
        lacks: Some(NEITHER),
        needs_root: false,
        tool: None,
        run: enter::old_kernel,
    },
    Environment {
        name: "old-filter",
        exceptions: &[OLD_CALLS, include_str!("old-filter.txt")],
        lacks: None,
        needs_root: false,
        tool: None,
        run: enter::old_filter,
    },
    Environment {
        name: "user-namespace",
        exceptions: &[include_str!("user-namespace.txt")],
        lacks: None,
        needs_root: true,
        tool: Some("unshare"),
        run: enter::user_namespace,
    },
    Environment {
        name: "no-proc",
        exceptions: &[include_str!("no-proc.txt")],
        lacks: None,
        needs_root: true,
        tool: Some("unshare"),
        run: enter::no_proc,
    },
    Environment {
        name: "fuse",
        exceptions: &[include_str!("fuse.txt")],
        lacks: Some(NEITHER),
        needs_root: true,
        tool: Some("bindfs"),
        run: enter::fuse,
    },
];

/// What is run where nothing is asked for: the modules that differ most between systems.
const TASTE: [&str; 2] = ["linux::commit::naming::", "linux::stage::"];

pub(crate) fn main() -> ExitCode {
    let asked = std::env::var("ATOMIC_WRITE_ENVIRONMENTS").unwrap_or_default();
    let unknown = |name: &str| name != "all" && ENVIRONMENTS.iter().all(|environment| environment.name != name);
    if let Some(name) = asked.split(',').find(|name| !name.is_empty() && unknown(name)) {
        eprintln!("ATOMIC_WRITE_ENVIRONMENTS: no environment is called {name}");
        return ExitCode::FAILURE;
    }
    let suite = Suite::build();
    let (mut passed, mut failed) = (0, 0);
    for environment in &ENVIRONMENTS {
        let exceptions = Exceptions::parse(environment.name, environment.exceptions);
        suite.has_all(&exceptions);
        let is_asked = |wanted: &str| asked.split(',').any(|name| name == wanted);
        let whole = is_asked("all") || is_asked(environment.name);
        if !whole && !asked.is_empty() {
            continue;
        }
        if environment.needs_root && lacks!(root) || environment.tool.is_some_and(|tool| lacks!((tool))) {
            continue;
        }
        let tests = suite.without(&exceptions, |test| whole || TASTE.iter().any(|module| test.starts_with(module)));
        if suite.passes(environment, &tests) {
            println!("{}: {} tests, {} exceptions", environment.name, tests.len(), exceptions.tests.len());
            passed += tests.len();
        } else {
            failed += 1;
        }
    }
    println!("{passed} passed, {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
