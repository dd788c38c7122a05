//! Backups by GNU's rules.

pub mod appearing;
mod kinds;
mod naming;
mod readers;
