//! Writers one after another: `--lock`, `--lock-timeout`.

mod implied;
pub mod lost;
mod nested;
mod refused;
