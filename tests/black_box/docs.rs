//! What people read is true: completions and man page are fresh, links and figures right, the README's blocks run, and the
//! table of tests names what exists.

mod expected;
mod facts;
mod generated;
mod recipes;
mod table;
