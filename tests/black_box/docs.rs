//! What people read is true: completions and man page are fresh, links and figures right, the README's blocks run, the
//! table of tests names what exists, and what it is built from keeps to `deny.toml`.

mod completions;
mod expected;
mod facts;
mod generated;
mod layers;
mod recipes;
mod skipped;
mod style;
mod supply;
mod table;
