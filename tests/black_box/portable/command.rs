//! COMMAND: its end decides, its output is the input, and it runs as if we were not there.

mod edit;
pub mod inherited;
mod output;
pub mod start;
mod status;
pub mod written;
