//! COMMAND: its end decides, its output is the input, and it runs as if we were not there. Rows 1, 66 to 72, 76
//! and 77.

mod edit;
mod failed;
mod inherited;
mod output;
mod signals;
mod start;
mod written;
