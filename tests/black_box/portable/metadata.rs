//! What the finished file looks like: the contract's section of that name.

mod instants;
pub mod mode;
pub mod new;
mod owner;
