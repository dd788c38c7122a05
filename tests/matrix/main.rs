//! The call matrix: every system call of every mode, with everything that can happen there.
//!
//! README.md beside this file says how it works, and how to run more or less of it.

// A case that cannot even be set up ends its thread by a panic, which fails the whole.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// Nobody outside reads these.
#![allow(missing_docs, unreachable_pub)]

mod between;
#[path = "../common/mod.rs"]
mod common;
mod fault;
mod judge;
mod look;
mod mode;
mod other;
mod runner;
mod stopped;
#[allow(dead_code)] // The laboratory's; this is a part of it.
#[path = "../power_cut/support.rs"]
mod support;
mod trace;

use std::process::ExitCode;

use common::Scene;
use runner::{Case, Runner};
use support::{Dice, Result};

const SHARE: &str = "ATOMIC_WRITE_MATRIX";
const SEED: &str = "ATOMIC_WRITE_MATRIX_SEED";
/// The full set is at least this.
const LEAST: usize = 35_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            println!("matrix: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<ExitCode> {
    let wishes: Vec<&String> = arguments.iter().filter(|word| !word.starts_with('-')).collect();
    let listed = arguments.iter().any(|word| word == "--list");
    let named = |name: &str| wishes.is_empty() || wishes.iter().any(|wish| name.contains(wish.as_str()));
    if listed {
        for mode in mode::all() {
            println!("{}: test", mode.name);
        }
        return Ok(ExitCode::SUCCESS);
    }
    // The copy of an overwrite in place has to be on a disk.
    let on_disk = mode::on_disk();
    // Another target's test was asked for by name.
    let modes: Vec<_> = mode::all()
        .into_iter()
        .filter(|mode| on_disk || !mode.in_place())
        .filter(|mode| {
            wishes.is_empty()
                || wishes.iter().any(|wish| wish.split('/').next().is_some_and(|first| mode.name.contains(first)))
        })
        .collect();
    if modes.is_empty() {
        println!("matrix: 0 cases");
        return Ok(ExitCode::SUCCESS);
    }
    if common::needs::lacks!(strace) {
        return Ok(ExitCode::SUCCESS);
    }
    // What a new file looks like depends on it.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    // A copy: a long run must not change with the next build.
    let scene = Scene::new();
    let program = scene.path("atomic-write");
    std::fs::copy(common::program(), &program)?;
    if let Err(reason) = runner::can_trace(&program) {
        common::skip(&reason.to_string());
        return Ok(ExitCode::SUCCESS);
    }

    let seed = std::env::var(SEED).ok().map_or(Ok(20_261_125), |text| text.parse())?;
    let mut cases: Vec<Case> = Vec::new();
    let mut broken = false;
    for mode in &modes {
        match runner::cases(mode, &program) {
            Ok(found) => cases.extend(found.into_iter().filter(|case| named(&case.name()))),
            Err(error) => {
                println!("FAILED {error}");
                broken = true;
            }
        }
    }
    let all = cases.len();
    let share = std::env::var(SHARE).unwrap_or_default();
    Dice::new(seed, "matrix").shuffle(&mut cases);
    match (share.as_str(), wishes.is_empty()) {
        ("all", _) => {}
        // What was asked for by the name of a call is run whole.
        (_, false) if wishes.iter().any(|wish| wish.contains('/')) => {}
        ("short", _) => cases.truncate(10_000),
        ("", _) => cases.truncate(1000),
        (other, _) => return Err(format!("{SHARE}={other} is neither short nor all").into()),
    }
    println!("matrix: {} of {all} cases in {} modes, {SEED}={seed}", cases.len(), modes.len());
    let summary = Runner { program, again: format!("{SEED}={seed} cargo test --test matrix --") }.run(cases);
    summary.print();
    if wishes.is_empty() && all < LEAST {
        println!("matrix: the full set has become too small: {all} cases, not {LEAST}");
        return Ok(ExitCode::FAILURE);
    }
    Ok(if broken || summary.failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
