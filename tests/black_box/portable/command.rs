//! COMMAND: its end decides, its output is the input, and it runs as if we were not there.

mod create;
mod edit;
pub mod inherited;
mod output;
mod shell;
pub mod start;
mod status;
mod success;
pub mod written;
