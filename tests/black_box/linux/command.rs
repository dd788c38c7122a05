//! COMMAND: its end decides, its output is the input, and it runs as if we were not there.

mod edit;
mod failed;
mod inherited;
mod output;
mod shell;
mod signals;
mod start;
mod written;
