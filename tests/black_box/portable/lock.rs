//! Writers one after another: `--lock`, `--lock-timeout`.

pub mod lost;
mod refused;
