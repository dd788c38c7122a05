//! Taking turns: `--lock`, `--lock-timeout`. Rows 58 to 61.

pub mod lost;
mod refused;
