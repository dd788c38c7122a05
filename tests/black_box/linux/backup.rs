//! Backups by GNU's rules: rows 23, 62, 63 and 75.

mod appearing;
mod failing;
mod kinds;
mod naming;
mod order;
