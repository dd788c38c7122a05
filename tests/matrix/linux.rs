//! All of it: what it needs, only Linux has.

#[path = "../common/mod.rs"]
pub(crate) mod common;
pub(crate) mod concurrent;
pub(crate) mod fault;
pub(crate) mod judge;
pub(crate) mod many;
pub(crate) mod other_writer;
pub(crate) mod processes;
pub(crate) mod refusal;
pub(crate) mod runner;
pub(crate) mod scenarios;
pub(crate) mod stopped;
pub(crate) mod trace;

use std::process::ExitCode;

use common::Scene;
pub(crate) use common::simulation::{arguments, batch, error, file_state, parallel, rng, scenario, tree};

use arguments::Arguments;
use error::Result;
use rng::Rng;
use runner::{Case, Runner};

const SHARE: &str = "ATOMIC_WRITE_MATRIX";
const SEED: &str = "ATOMIC_WRITE_MATRIX_SEED";
/// The full set is at least this.
const LEAST: usize = 35_000;

pub(crate) fn main() -> ExitCode {
    match run(&Arguments::parse(std::env::args().skip(1))) {
        Ok(code) => code,
        Err(error) => {
            println!("matrix: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode> {
    if arguments.list {
        for scenario in scenarios::all() {
            println!("{}: test", scenario.name);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let filters = &arguments.filters;
    // The copy of an overwrite in place has to be on a disk.
    let on_disk = scenarios::on_disk();
    // A filter may name a test of another target.
    let scenarios: Vec<_> = scenarios::all()
        .into_iter()
        .filter(|scenario| on_disk || !scenario.in_place())
        .filter(|scenario| {
            let of_scenario =
                |filter: &String| filter.split('/').next().is_some_and(|part| scenario.name.contains(part));
            filters.is_empty() || filters.iter().any(of_scenario)
        })
        .collect();
    if scenarios.is_empty() {
        println!("matrix: 0 cases");
        return Ok(ExitCode::SUCCESS);
    }
    if common::needs::lacks!(strace) {
        return Ok(ExitCode::SUCCESS);
    }
    // The mode of a new file depends on it.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    // A copy: a long run must not change with the next build.
    let scene = Scene::new();
    let program = scene.path("atomic-write");
    std::fs::copy(common::program(), &program)?;
    if let Err(reason) = runner::can_trace(&program) {
        common::skip(&reason.to_string());
        return Ok(ExitCode::SUCCESS);
    }

    let _processes = processes::hide()?;
    let seed = std::env::var(SEED).ok().map_or(Ok(20_261_125), |text| text.parse())?;
    let mut cases: Vec<Case> = Vec::new();
    let mut broken = false;
    for scenario in &scenarios {
        match runner::cases(scenario, &program) {
            Ok(found) => cases.extend(found.into_iter().filter(|case| arguments.selects(&case.name()))),
            Err(error) => {
                println!("FAILED {error}");
                broken = true;
            }
        }
    }
    let all = cases.len();
    let share = std::env::var(SHARE).unwrap_or_default();
    Rng::new(seed, "matrix").shuffle(&mut cases);
    match (share.as_str(), filters.is_empty()) {
        ("all", _) => {}
        // A filter that names a call is run whole.
        (_, false) if filters.iter().any(|filter| filter.contains('/')) => {}
        ("short", _) => cases.truncate(10_000),
        ("", _) => cases.truncate(1000),
        (other, _) => return Err(format!("{SHARE}={other} is neither short nor all").into()),
    }
    println!("matrix: {} of {all} cases in {} scenarios, {SEED}={seed}", cases.len(), scenarios.len());
    let summary = Runner { program, again: format!("{SEED}={seed} cargo test --test matrix --") }.run(cases);
    summary.print();
    if filters.is_empty() && all < LEAST {
        println!("matrix: the full set has become too small: {all} cases, not {LEAST}");
        return Ok(ExitCode::FAILURE);
    }
    Ok(if broken || summary.failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
