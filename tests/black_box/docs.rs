//! What people read is true: completions and man page are fresh, links and figures right, the blocks of the pages run, the
//! table of tests names what exists, what it is built from keeps to `deny.toml`, and all that a release is made by agrees.

mod completions;
mod expected;
mod facts;
mod generated;
mod install;
mod layers;
mod make;
mod pictures;
mod places;
mod recipes;
mod releases;
mod skipped;
mod stand_ins;
mod style;
mod supply;
mod table;
