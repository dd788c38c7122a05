//! Backups by GNU's rules.

pub mod appearing;
mod kinds;
pub mod naming;
mod order;
mod readers;
