//! COMMAND: its end decides, its output is the input, and it runs as if we were not there. Rows 1 and 66 to 72.

mod edit;
mod inherited;
mod output;
mod signals;
mod start;
mod status;
