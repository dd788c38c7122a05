//! The pictures that the README shows are fresh: `ATOMIC_WRITE_BLESS=1` draws them anew.

use std::process::Command;

use super::generated::{committed, is_fresh};
use crate::common::needs::needs;
use crate::common::{program, stdout};

fn drawn(by: &str, argument: &str) -> String {
    let output = Command::new(committed(by)).arg(argument).current_dir(committed("")).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    stdout(&output)
}

#[test]
fn the_recorded_session_is_one_of_this_program() {
    needs!(bash, python3, own_program);
    is_fresh("docs/session.svg", &drawn("docs/record", program().to_str().unwrap()));
}

#[test]
fn the_plot_shows_the_figures_of_the_last_benchmark() {
    needs!(python3);
    is_fresh("docs/speed.svg", &drawn("docs/plot", "benches/results.md"));
}
