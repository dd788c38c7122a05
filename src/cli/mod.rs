//! What the user typed, and nothing else: no system call happens here.
//!
//! Completions, help and man page are generated from [`Cli`]. [`Args`] is what remains once the words have been checked
//! against each other.

mod args;
mod check;

pub use args::{Args, Cli, From};
pub use check::parse;
