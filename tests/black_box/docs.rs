//! What people read is true: completions and man page are fresh, links and figures right, the blocks of the pages run, the
//! table of tests names what exists, and what it is built from keeps to `deny.toml`.

mod completions;
mod expected;
mod facts;
mod generated;
mod layers;
mod make;
mod pictures;
mod places;
mod recipes;
mod skipped;
mod stand_ins;
mod style;
mod supply;
mod table;
