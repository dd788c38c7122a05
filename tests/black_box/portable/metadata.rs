//! What the finished file looks like: the contract's section of that name, and rows 48 to 56.

mod instants;
pub mod mode;
pub mod new;
mod owner;
