//! What people read is true: completions and man page are fresh, links and figures right, the README's blocks run, the
//! table of tests names what exists, what it is built from keeps to `deny.toml`, and all that a release is made by agrees.

mod expected;
mod facts;
mod generated;
mod layers;
mod recipes;
mod releases;
mod skipped;
mod style;
mod supply;
mod table;
