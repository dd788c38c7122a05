//! What changes and what does not: `--if-changed`, `--append`, and the word that tells it. Rows 18 and 64.

mod append;
pub mod different;
mod identical;
mod report;
