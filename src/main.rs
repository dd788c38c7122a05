//! The `atomic-write` program. The library documents the contract.

use std::process::ExitCode;

fn main() -> ExitCode {
    atomic_write::run(std::env::args_os())
}
