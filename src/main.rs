//! `atomic-write`: see the library for the contract.

use std::process::ExitCode;

fn main() -> ExitCode {
    atomic_write::run(std::env::args_os())
}
