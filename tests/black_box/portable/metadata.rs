//! The metadata of the finished file: the contract's section on how it looks.

mod instants;
pub mod mode;
pub mod new;
mod owner;
mod requested_owner;
mod symbolic;
mod timestamps;
