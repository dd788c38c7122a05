//! The command line. No system call happens here.
//!
//! Completions, help and man page are generated from [`Cli`]. [`Args`] is the result once the options have been checked
//! against each other.

mod args;
mod check;
mod system;

pub use args::{Args, Cli, From, Lock, Sources};
pub use check::parse;
pub use system::{Lookup, System};
