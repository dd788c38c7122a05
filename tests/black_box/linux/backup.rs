//! Backups by GNU's rules.

mod appearing;
mod failing;
mod kinds;
mod naming;
mod order;
